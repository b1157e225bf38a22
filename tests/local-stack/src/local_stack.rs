//! ministack, and what the tests ask of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::client::{Client, ENVIRONMENT, KEY, REGION};
use crate::supervised::Supervised;
use crate::{functions, tools};

/// Set by `infra/local_stack.py run`: the emulator everybody shares.
const SHARED_ENDPOINT: &str = "LAPSEWATCH_LOCAL_STACK";

/// A running AWS emulator.
pub struct LocalStack {
    client: Client,
    /// None when it is somebody else's.
    _process: Option<Supervised>,
}

/// The names of the two tables.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Tables {
    /// What is known of each domain.
    pub watchlist: String,
    /// Where the addresses are.
    pub directory: String,
}

/// A deployed stack.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Its name.
    pub stack: String,
    /// Its outputs, by the names in `template.yaml`.
    pub outputs: BTreeMap<String, String>,
}

impl Deployed {
    /// One output.
    ///
    /// # Errors
    /// When the template has no such output.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).map(String::as_str).with_context(|| {
            format!(
                "template.yaml has no output {name}; it has {:?}",
                self.outputs.keys()
            )
        })
    }
}

impl LocalStack {
    /// The emulator this test process shares: the one `LAPSEWATCH_LOCAL_STACK` names, or else one started now that ends with the process.
    ///
    /// Tests keep apart by table prefix and stack name.
    ///
    /// # Errors
    /// When the tools are missing or the emulator does not start.
    pub async fn start() -> Result<Self> {
        static OWN: OnceCell<LocalStack> = OnceCell::const_new();
        let endpoint = match std::env::var(SHARED_ENDPOINT) {
            Ok(endpoint) => endpoint,
            Err(_) => OWN
                .get_or_try_init(Self::start_own)
                .await?
                .client
                .endpoint
                .clone(),
        };
        Ok(Self {
            client: Client::new(endpoint),
            _process: None,
        })
    }

    /// An emulator of one's own, gone when this is dropped.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_own() -> Result<Self> {
        let (process, endpoint) = tokio::task::spawn_blocking(start_process).await??;
        Ok(Self {
            client: Client::new(endpoint),
            _process: Some(process),
        })
    }

    /// Its one base URL, for `AWS_ENDPOINT_URL` or a client's `endpoint_url`.
    pub fn endpoint(&self) -> &str {
        &self.client.endpoint
    }

    /// What a program needs in its environment so that its AWS clients come here: as the account's root.
    pub fn environment(&self) -> Vec<(&str, &str)> {
        let mut environment = ENVIRONMENT.to_vec();
        environment.push(("AWS_ENDPOINT_URL", self.endpoint()));
        environment
    }

    /// A client of its DynamoDB, as the account's root.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.endpoint())
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new(KEY, KEY, None, None, "local-stack"))
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// Creates the two tables under a name that nobody else has.
    ///
    /// # Errors
    /// When the emulator does not make them.
    pub async fn create_own_tables(&self) -> Result<Tables> {
        let folder = tempfile::tempdir()?;
        let random = folder.path().file_name().unwrap_or_default();
        let random = random.to_string_lossy();
        self.create_tables(&format!("own-{}", random.trim_start_matches('.')))
            .await
    }

    /// Creates the two tables, keys and indexes as in `template.yaml`, named `{prefix}-watchlist` and `{prefix}-directory`.
    ///
    /// # Errors
    /// When they exist already, among others.
    pub async fn create_tables(&self, prefix: &str) -> Result<Tables> {
        let mut command = tools::script("create_tables.py")?;
        command.arg(prefix);
        let said = tools::output(self.pointed_here(command)).await?;
        serde_json::from_str(&said).with_context(|| format!("create_tables.py said {said:?}"))
    }

    /// Deploys `template.yaml` by `sam deploy`, with the functions as the host's cargo builds them.
    ///
    /// # Errors
    /// When the functions do not compile or the deployment fails.
    pub async fn deploy(&self, stack: &str, parameters: &[(&str, &str)]) -> Result<Deployed> {
        let built = functions::directory().await?;
        self.deploy_from(&built, stack, parameters).await
    }

    /// As [`Self::deploy`], with function binaries from elsewhere: `lapsewatch-checker` or `CheckerFunction/bootstrap`, say.
    ///
    /// # Errors
    /// When the deployment fails.
    pub async fn deploy_from(
        &self,
        functions: &Path,
        stack: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Deployed> {
        let mut command = tools::script("deploy_local.py")?;
        command
            .arg("--stack")
            .arg(stack)
            .arg("--functions")
            .arg(functions);
        command.args(
            parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        let said = tools::output(self.pointed_here(command)).await?;
        let outputs = serde_json::from_str(&said)
            .with_context(|| format!("deploy_local.py said {said:?}"))?;
        Ok(Deployed {
            stack: stack.to_owned(),
            outputs,
        })
    }

    /// Invokes a function and waits for what it answers.
    ///
    /// # Errors
    /// When the function fails; the text holds what it said.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let response = self
            .client
            .post("lambda", &path, &[], event.to_string())
            .await?;
        let status = response.status();
        let failed = response.headers().contains_key("x-amz-function-error");
        let body = response.text().await?;
        if failed || !status.is_success() {
            bail!("{function} answered {status}: {body}");
        }
        serde_json::from_str(&body)
            .with_context(|| format!("{function} answered no JSON: {body:?}"))
    }

    /// What a function has written to its log group so far.
    ///
    /// # Errors
    /// When there is no such log group.
    pub async fn logs(&self, log_group: &str) -> Result<String> {
        let mut lines = String::new();
        let mut request = json!({ "logGroupName": log_group });
        loop {
            let answer = self.call("Logs_20140328.FilterLogEvents", &request).await?;
            for event in answer["events"].as_array().into_iter().flatten() {
                lines.push_str(event["message"].as_str().unwrap_or_default().trim_end());
                lines.push('\n');
            }
            match &answer["nextToken"] {
                Value::String(next) => request["nextToken"] = json!(next),
                _ => return Ok(lines),
            }
        }
    }

    /// One call in AWS's JSON protocol.
    async fn call(&self, target: &str, request: &Value) -> Result<Value> {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", target),
        ];
        let response = self
            .client
            .post("logs", "/", &headers, request.to_string())
            .await?;
        let status = response.status();
        let body = response.text().await?;
        ensure!(status.is_success(), "{target} answered {status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    fn pointed_here(&self, mut command: Command) -> Command {
        command
            .envs(ENVIRONMENT)
            .env("AWS_ENDPOINT_URL", &self.client.endpoint);
        command
    }
}

fn start_process() -> Result<(Supervised, String)> {
    #[derive(Deserialize)]
    struct Ready {
        endpoint: String,
    }
    let mut process = Supervised::start(
        tools::script("local_stack.py")?
            .arg("serve")
            .stdout(Stdio::piped()),
    )?;
    let stdout = process
        .child()
        .stdout
        .take()
        .context("its standard output is a pipe")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let ready: Ready = serde_json::from_str(&line)
        .with_context(|| format!("the emulator did not start; it said {line:?}"))?;
    Ok((process, ready.endpoint))
}
