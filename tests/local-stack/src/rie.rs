//! One function binary behind AWS's Runtime Interface Emulator.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::supervised::Supervised;
use crate::tools;

const READY_WITHIN: Duration = Duration::from_secs(20);

/// A function as Lambda would run it: true deadlines, time-outs enforced, crashes reported and survived.
pub struct Rie {
    address: SocketAddr,
    http: reqwest::Client,
    log: Arc<Mutex<String>>,
    _process: Supervised,
}

/// What came back from one invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The emulator's HTTP status. It is 200 for a failed function too: look at the body's `errorType`.
    pub status: u16,
    /// The function's answer, or Lambda's error object; a JSON string when it is no JSON (a time-out is a sentence).
    pub body: Value,
}

impl Rie {
    /// Starts the emulator around a `bootstrap` with an environment and Lambda's time-out. The function starts at the first invocation.
    ///
    /// # Errors
    /// When the tools are missing or the emulator does not start.
    pub async fn start(
        bootstrap: &Path,
        environment: &[(&str, &str)],
        timeout_seconds: u32,
    ) -> Result<Self> {
        ensure!(
            bootstrap.is_file(),
            "there is no function binary at {}",
            bootstrap.display()
        );
        let [address, runtime_api] = free_addresses()?;
        let mut command = tools::script("supervise.py")?;
        command
            .arg(emulator()?)
            .args(["--runtime-interface-emulator-address", &address.to_string()])
            .args(["--runtime-api-address", &runtime_api.to_string()])
            .arg(bootstrap)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", timeout_seconds.to_string())
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = Supervised::start(&mut command)?;
        let log = Arc::new(Mutex::new(String::new()));
        let child = process.child();
        collect(child.stdout.take(), &log);
        collect(child.stderr.take(), &log);
        let rie = Self {
            address,
            http: reqwest::Client::new(),
            log,
            _process: process,
        };
        rie.wait_until_ready().await?;
        Ok(rie)
    }

    /// Invokes the function once and waits for its end.
    ///
    /// # Errors
    /// When the emulator itself does not answer.
    pub async fn invoke(&self, event: &Value) -> Result<Invocation> {
        self.invoke_raw(event.to_string()).await
    }

    /// As [`Self::invoke`], with a body that need not be JSON.
    ///
    /// # Errors
    /// As [`Self::invoke`].
    pub async fn invoke_raw(&self, body: impl Into<reqwest::Body>) -> Result<Invocation> {
        let url = format!(
            "http://{}/2015-03-31/functions/function/invocations",
            self.address
        );
        let response = self.http.post(url).body(body).send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Invocation { status, body })
    }

    /// What the function and the emulator have written so far.
    pub fn log(&self) -> String {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The same once it holds a text, or as it is when nobody writes that: what a function writes arrives a little after its
    /// answer.
    pub async fn log_with(&self, text: &str) -> String {
        let deadline = Instant::now() + READY_WITHIN;
        while !self.log().contains(text) && Instant::now() < deadline {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        self.log()
    }

    async fn wait_until_ready(&self) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            if Instant::now() > deadline {
                bail!(
                    "the Runtime Interface Emulator did not start:\n{}",
                    self.log()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// The emulator's binary lies in the SAM CLI's package.
fn emulator() -> Result<PathBuf> {
    let libraries = tools::tool("sam")?.with_file_name("../lib");
    std::fs::read_dir(&libraries)
        .with_context(|| format!("cannot read {}", libraries.display()))?
        .filter_map(|entry| {
            Some(
                entry
                    .ok()?
                    .path()
                    .join("site-packages/samcli/local/rapid/aws-lambda-rie-x86_64"),
            )
        })
        .find(|path| path.exists())
        .context("the SAM CLI's package has no aws-lambda-rie-x86_64: run `make tools`")
}

/// Two ports nobody listens on.
fn free_addresses() -> Result<[SocketAddr; 2]> {
    let [one, other] = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    Ok([one.local_addr()?, other.local_addr()?])
}

/// Copies a stream into the log, line by line, until it ends.
fn collect(stream: Option<impl Read + Send + 'static>, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in stream
            .into_iter()
            .flat_map(|stream| BufReader::new(stream).lines().map_while(Result::ok))
        {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push_str(&line);
            log.push('\n');
        }
    });
}
