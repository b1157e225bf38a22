//! The AWS host: the template deployed into the emulator, with the compiled functions.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::{StreamExt, TryStreamExt, stream};
use lapsewatch_core::{RunId, Timestamp};
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_directory::import::{Entries, Entry};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use local_stack::{Deployed, LocalStack};
use serde_json::{Value, json};

use crate::addresses::{self, Unverified};

/// How long a run may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(150);

/// A deployed stack.
pub struct Cloud {
    stack: LocalStack,
    deployed: Deployed,
    fastly: String,
    registries: String,
}

impl Cloud {
    /// Deploys the template. Asks the Fastly at `fastly`, and the registries that a bootstrap file names; its clock stands at
    /// `now`.
    pub async fn deploy(name: &str, fastly: String, registries: String, now: &str) -> Result<Self> {
        let stack = LocalStack::start().await?;
        let deployed = stack
            .deploy(name, &parameters(&fastly, &registries, now))
            .await?;
        Ok(Self {
            stack,
            deployed,
            fastly,
            registries,
        })
    }

    /// Deploys anew with the clock at another time.
    pub async fn let_time_pass(&mut self, now: &str) -> Result<()> {
        let name = self.deployed.stack.clone();
        let parameters = parameters(&self.fastly, &self.registries, now);
        self.deployed = self.stack.deploy(&name, &parameters).await?;
        Ok(())
    }

    /// Writes addresses into the directory's table, as a registry would.
    pub async fn import(&self, addresses: &[String]) -> Result<()> {
        let csv = addresses::csv(addresses);
        let entries: Vec<Entry> = Entries::open(csv.as_bytes(), Timestamp::now())?
            .filter_map(|line| line.ok()?.ok())
            .collect();
        let table = self.deployed.output("DirectoryTable")?;
        let directory = DynamoDbDirectory::new(self.stack.dynamodb(), table);
        let writes: Vec<_> = entries
            .iter()
            .map(|entry| directory.record(entry, Timestamp::now()))
            .collect();
        stream::iter(writes)
            .buffer_unordered(16)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    /// Puts a sweep in at the dispatcher, as the schedule does, and waits until all that it sent has been looked at. Answers
    /// what the dispatcher answered.
    pub async fn sweep(&self, scheduled_time: &str) -> Result<Value> {
        let answer = self.dispatch(scheduled_time).await?;
        let run = answer["run"].as_str().context("the run's name")?;
        let run = RunId::from_stored(run);
        let watchlist = DynamoDbWatchlist::new(
            self.stack.dynamodb(),
            self.deployed.output("WatchlistTable")?,
        );
        let started = Instant::now();
        loop {
            let counters = watchlist.run(&run).await?.context("the run")?.counters;
            if counters.checked == counters.sent {
                return Ok(answer);
            }
            if started.elapsed() > PATIENCE {
                let log = self
                    .stack
                    .logs(self.deployed.output("CheckerLogGroup")?)
                    .await;
                bail!("{counters:?} after {PATIENCE:?}; the checker's log: {log:?}");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Invokes the dispatcher with the schedule's event.
    pub async fn dispatch(&self, scheduled_time: &str) -> Result<Value> {
        let event = json!({"mode": "sweep", "scheduled_time": scheduled_time});
        self.invoke("Dispatcher", &event).await
    }

    /// Invokes the unverifier as the schedule does.
    pub async fn apply(&self) -> Result<Value> {
        self.invoke("Unverifier", &json!({"mode": "apply"})).await
    }

    /// Invokes a function.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let name = self.deployed.output(&format!("{function}Function"))?;
        self.stack.invoke(name, event).await
    }

    /// Puts a message into the check queue that is none of ours. From then on a message is given up after two receptions a
    /// second apart: the template's are ten, twelve minutes apart.
    pub async fn poison_the_queue(&self) -> Result<()> {
        let url = self.deployed.output("CheckQueueUrl")?;
        let sqs = self.sqs();
        let attributes = sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await?;
        let policy = attributes
            .attributes
            .and_then(|mut all| all.remove(&QueueAttributeName::RedrivePolicy))
            .context("the queue's redrive policy")?;
        let mut policy: Value = serde_json::from_str(&policy)?;
        policy["maxReceiveCount"] = json!(2);
        sqs.set_queue_attributes()
            .queue_url(url)
            .attributes(QueueAttributeName::VisibilityTimeout, "1")
            .attributes(QueueAttributeName::RedrivePolicy, policy.to_string())
            .send()
            .await?;
        let send = sqs.send_message().queue_url(url);
        send.message_body("no message of ours").send().await?;
        Ok(())
    }

    /// Waits until so many messages are in the check queue's dead-letter queue.
    pub async fn dead_letters(&self, count: usize) -> Result<()> {
        let url = self.deployed.output("CheckDeadLettersUrl")?;
        let started = Instant::now();
        loop {
            let attributes = self
                .sqs()
                .get_queue_attributes()
                .queue_url(url)
                .attribute_names(QueueAttributeName::All)
                .send()
                .await?
                .attributes
                .unwrap_or_default();
            let waiting = &QueueAttributeName::ApproximateNumberOfMessages;
            if attributes.get(waiting) == Some(&count.to_string()) {
                return Ok(());
            }
            ensure!(
                started.elapsed() < PATIENCE,
                "{attributes:?} after {PATIENCE:?}"
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn sqs(&self) -> aws_sdk_sqs::Client {
        use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.stack.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "end-to-end"))
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    /// Runs the operator's command on the stack's tables as of `now`; answers its document.
    pub async fn command(&self, now: &str, arguments: &[&str]) -> Result<Value> {
        let tables = ["WatchlistTable", "DirectoryTable"].map(|name| self.deployed.output(name));
        let [watchlist, directory] = tables;
        let output = Command::new(local_stack::functions::binary("lapsewatch").await?)
            .env_clear()
            .envs(self.stack.environment())
            .env("LAPSEWATCH_NOW", now)
            .arg("--store")
            .arg(format!("dynamodb:{},{}", watchlist?, directory?))
            .args(arguments)
            .arg("--json")
            .output()?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// What a function has written to its log group.
    pub async fn log(&self, function: &str) -> Result<String> {
        let group = self.deployed.output(&format!("{function}LogGroup"))?;
        self.stack.logs(group).await
    }

    /// The addresses that are not verified any more, of those behind which a domain stands.
    pub async fn unverified(&self) -> Result<Unverified> {
        let mut unverified = Unverified::new();
        let mut start = None;
        loop {
            let page = self
                .stack
                .dynamodb()
                .scan()
                .table_name(self.deployed.output("DirectoryTable")?)
                .set_exclusive_start_key(start)
                .send()
                .await?;
            for item in page.items() {
                let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
                let is_verified = item.get("verified").and_then(|value| value.as_bool().ok());
                let watched = text("pk").is_some_and(|pk| pk.starts_with("domain#"));
                let email = text("sk").and_then(|sk| sk.strip_prefix("address#"));
                if let (true, Some(false), Some(email)) = (watched, is_verified, email) {
                    unverified.insert(email.to_owned());
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(unverified);
            }
        }
    }
}

fn parameters<'a>(fastly: &'a str, registries: &'a str, now: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("FastlyUrl", fastly),
        ("RehearsalNow", now),
        ("FastlyRate", "100000"),
        ("RdapBootstrap", registries),
        ("Dns", "none"),
    ]
}
