//! The dispatcher behind the Runtime Interface Emulator, which keeps time as Lambda does.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_sqs::types::QueueAttributeName;
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_directory::import::Entries;
use local_stack::{LocalStack, Rie, Tables, functions};
use serde_json::{Value, json};

struct House {
    stack: LocalStack,
    tables: Tables,
    sqs: aws_sdk_sqs::Client,
    check_queue: String,
    continuation_queue: String,
}

impl House {
    async fn new(domains: usize) -> Self {
        let stack = LocalStack::start().await.unwrap();
        let tables = stack.create_own_tables().await.unwrap();
        let mut csv = "email,verified_at\n".to_owned();
        csv.extend((0..domains).map(|n| format!("someone@number{n}.org,\n")));
        let directory = DynamoDbDirectory::new(stack.dynamodb(), &tables.directory);
        for entry in Entries::open(csv.as_bytes(), jiff::Timestamp::now()).unwrap() {
            directory
                .record(&entry.unwrap().unwrap(), jiff::Timestamp::now())
                .await
                .unwrap();
        }
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(stack.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        let sqs = aws_sdk_sqs::Client::from_conf(config);
        let queue = async |kind: &str| {
            let name = format!("{}-{kind}", tables.watchlist);
            let made = sqs.create_queue().queue_name(name).send().await.unwrap();
            made.queue_url.unwrap()
        };
        let (check_queue, continuation_queue) = (queue("check").await, queue("continuation").await);
        Self {
            stack,
            tables,
            sqs,
            check_queue,
            continuation_queue,
        }
    }

    async fn function(&self, timeout_seconds: u32) -> Rie {
        let mut environment = self.stack.environment();
        environment.extend([
            ("WATCHLIST_TABLE", self.tables.watchlist.as_str()),
            ("DIRECTORY_TABLE", self.tables.directory.as_str()),
            ("CHECK_QUEUE_URL", self.check_queue.as_str()),
            ("CONTINUATION_QUEUE_URL", self.continuation_queue.as_str()),
            ("METRICS_SERVICE", "rie"),
        ]);
        let bootstrap = functions::binary("lapsewatch-dispatcher").await.unwrap();
        Rie::start(&bootstrap, &environment, timeout_seconds)
            .await
            .unwrap()
    }

    /// How many messages wait, and how many are not to be seen yet.
    async fn waiting(&self, queue: &str) -> (usize, usize) {
        use QueueAttributeName::{ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed};
        let told = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap();
        let count = |name| told[&name].parse().unwrap();
        (
            count(ApproximateNumberOfMessages),
            count(ApproximateNumberOfMessagesDelayed),
        )
    }
}

fn continuation(run: &Value) -> Value {
    let body = json!({"v": 1, "run": run, "again": 0}).to_string();
    json!({"Records": [{"messageId": "continuation", "body": body}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_sends_each_domain_once_however_often_its_event_comes() {
    let house = House::new(25).await;
    let rie = house.function(900).await;
    let event = json!({"mode": "sweep", "scheduled_time": "2026-12-01T03:00:00Z"});
    let first = rie.invoke(&event).await.unwrap().body;
    assert_eq!(first["run"], "sweep-2026-12-01T03:00:00Z", "{first}");
    assert_eq!(first["outcome"], "finished");
    assert_eq!(first["counters"]["sent"], 25);
    let second = rie.invoke(&event).await.unwrap().body;
    assert_eq!(second["outcome"], "already_finished");
    let third = rie.invoke(&continuation(&first["run"])).await.unwrap().body;
    assert_eq!(third, json!({"batchItemFailures": []}));
    assert_eq!(house.waiting(&house.check_queue).await, (25, 0));
    assert_eq!(house.waiting(&house.continuation_queue).await, (0, 0));
    let remaining = r#""SweepDaysRemaining""#;
    assert!(rie.log_with(remaining).await.contains(remaining));
    let begun = rie.log().matches(r#""SweepStarted":1.0"#).count();
    assert_eq!(begun, 1, "one sweep was begun");
    assert!(!rie.log().contains('@'));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_longer_than_an_invocation_sends_itself_on() {
    let house = House::new(5).await;
    // The time limit leaves no time for even one page.
    let rie = house.function(18).await;
    let event = json!({"mode": "sweep", "scheduled_time": "2026-12-01T03:00:00Z"});
    let begun = rie.invoke(&event).await.unwrap().body;
    assert_eq!(begun["outcome"], "to_be_continued", "{begun}");
    assert_eq!(house.waiting(&house.continuation_queue).await, (0, 1));
    let too_soon = rie.invoke(&continuation(&begun["run"])).await.unwrap().body;
    assert_eq!(too_soon, json!({"batchItemFailures": []}));
    assert_eq!(
        house.waiting(&house.continuation_queue).await,
        (0, 2),
        "the run is leased still: it is looked after again"
    );
    assert_eq!(house.waiting(&house.check_queue).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn named_domains_are_sent_and_what_it_does_not_understand_is_refused() {
    let house = House::new(0).await;
    let rie = house.function(900).await;
    for event in [
        json!({}),
        json!({"mode": "all"}),
        json!([]),
        json!({"mode": "domains", "domains": ["com"]}),
    ] {
        let refused = rie.invoke(&event).await.unwrap().body;
        assert!(refused["errorMessage"].is_string(), "{refused}");
    }
    let sent = rie
        .invoke(&json!({"mode": "domains", "domains": ["example.org", "BÜCHER.de"]}))
        .await
        .unwrap()
        .body;
    assert_eq!(sent["sent"], 2, "{sent}");
    assert_eq!(house.waiting(&house.check_queue).await, (2, 0));
    let poison = json!({"Records": [{"messageId": "a", "body": "?"}, {"messageId": "b", "body": r#"{"v":1,"run":"none"}"#}]});
    let answer = rie.invoke(&poison).await.unwrap().body;
    assert_eq!(
        answer,
        json!({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]})
    );
}
