//! The checker behind the Runtime Interface Emulator, which keeps time as Lambda does.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
use documents::assert_is;
use fastly_stand_in::{Behaviour, Script, StandIn};
use jiff::Timestamp;
use lapsewatch_core::{DomainName, WatchedDomain};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use local_stack::{LocalStack, Rie, functions};
use rdap_stand_in::{Reply, registered};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

struct House {
    stack: LocalStack,
    fastly: StandIn,
    table: String,
    secrets: aws_sdk_secretsmanager::Client,
}

impl House {
    async fn new(script: Script, domains: &[DomainName]) -> Self {
        let stack = LocalStack::start().await.unwrap();
        let table = stack.create_own_tables().await.unwrap().watchlist;
        let watched: Vec<_> = domains
            .iter()
            .map(|domain| WatchedDomain {
                domain: domain.clone(),
                earliest_verified_at: None,
            })
            .collect();
        DynamoDbWatchlist::new(stack.dynamodb(), &table)
            .watch(&watched, None, Timestamp::now())
            .await
            .unwrap();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(stack.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        let secrets = aws_sdk_secretsmanager::Client::from_conf(config);
        secrets.create_secret().name(&table).send().await.unwrap();
        let house = Self {
            stack,
            fastly: StandIn::start(script).unwrap(),
            table,
            secrets,
        };
        house.put_key("first-key").await;
        house
    }

    async fn put_key(&self, key: &str) {
        let put = self.secrets.put_secret_value().secret_id(&self.table);
        put.secret_string(key).send().await.unwrap();
    }

    async fn function(&self, rate: &str, timeout_seconds: u32) -> Rie {
        self.function_asking("none", rate, timeout_seconds).await
    }

    /// The function, where a bootstrap file names the registries.
    async fn function_asking(&self, registries: &str, rate: &str, timeout_seconds: u32) -> Rie {
        let url = self.fastly.url();
        let mut environment = self.stack.environment();
        environment.extend([
            ("WATCHLIST_TABLE", self.table.as_str()),
            ("FASTLY_SECRET_ID", self.table.as_str()),
            ("LAPSEWATCH_FASTLY_URL", url.as_str()),
            ("FASTLY_RATE", rate),
            ("LAPSEWATCH_RDAP_BOOTSTRAP", registries),
            ("LAPSEWATCH_DNS", "none"),
            ("METRICS_SERVICE", "rie"),
        ]);
        let bootstrap = functions::binary("lapsewatch-checker").await.unwrap();
        Rie::start(&bootstrap, &environment, timeout_seconds)
            .await
            .unwrap()
    }
}

fn numbered(count: usize) -> Vec<DomainName> {
    (0..count)
        .map(|n| format!("number{n}.org").parse().unwrap())
        .collect()
}

fn record(id: &str, body: &str) -> Value {
    json!({"messageId": id, "receiptHandle": "r", "eventSource": "aws:sqs", "body": body})
}

fn check(id: &str, domain: &str) -> Value {
    record(
        id,
        &json!({"v": 1, "run": "sweep-1", "domain": domain}).to_string(),
    )
}

fn handed_back(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_domain_is_looked_at_on_demand_and_an_event_it_does_not_know_is_told_so() {
    let house = House::new(Script::answering("inactive"), &numbered(1)).await;
    let rie = house.function("1000", 120).await;
    for event in [
        json!({}),
        json!({"domains": ["number0.org"]}),
        json!([1]),
        json!({"domain": "co.uk"}),
    ] {
        let refused = rie.invoke(&event).await.unwrap().body;
        assert!(refused["errorMessage"].is_string(), "{refused}");
    }
    let refused = rie.invoke(&json!({})).await.unwrap().body;
    let said = refused["errorMessage"].as_str().unwrap();
    assert!(said.contains(r#"{"domain":"…"}"#), "{said}");
    let ask = async |event: Value| rie.invoke(&event).await.unwrap().body;
    let denied = ask(json!({"domain": "number0.org"})).await;
    assert_eq!(
        (&denied["answer"], &denied["looked_up"]),
        (&json!("deny"), &json!(true))
    );
    assert_eq!(denied["record"]["domain"], "number0.org");
    let again = ask(json!({"domain": "NUMBER0.org.", "within_ms": 5000})).await;
    assert_eq!(
        (&again["answer"], &again["looked_up"]),
        (&json!("deny"), &json!(false))
    );
    let unwatched =
        ask(json!({"domain": "absent.org", "verified_at": "2026-01-01T00:00:00Z"})).await;
    assert_eq!(unwatched["looked_up"], true, "{unwatched}");
    let domain = "absent.org".parse().unwrap();
    let watchlist = DynamoDbWatchlist::new(house.stack.dynamodb(), &house.table);
    assert!(
        watchlist.get(&domain).await.unwrap().is_some(),
        "watched from then on"
    );
    assert_eq!(house.fastly.total(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_is_handed_back_and_the_others_are_done() {
    let house = House::new(Script::default(), &numbered(2)).await;
    let rie = house.function("1000", 120).await;
    let event = json!({"Records": [
        check("one", "number0.org"),
        record("poison", "no message"),
        record("newer", r#"{"v":2}"#),
        check("gone", "absent.org"),
        record("other run", r#"{"v":1,"run":"due-1","domain":"number1.org"}"#),
        check("two", "number1.org"),
    ]});
    let answer = rie.invoke(&event).await.unwrap().body;
    let mut back = handed_back(&answer);
    // Two runs want one domain at once: the second finds it leased or looks again, by who came first.
    back.retain(|id| *id != "two" && *id != "other run");
    assert_eq!(back, ["poison", "newer"]);
    let log = rie.log_with(r#""CloudWatchMetrics""#).await;
    assert!(!log.contains("no message"), "a raw body in the log");
    assert!(log.contains(r#""CloudWatchMetrics""#), "{log}");

    let nameless = json!({"Records": [{"body": "{}"}]});
    let answer = rie.invoke(&nameless).await.unwrap().body;
    assert!(
        answer["errorMessage"]
            .as_str()
            .unwrap()
            .contains("has no id"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_messages_what_does_not_fit_the_time_is_handed_back_before_it_is_over() {
    const ALL: usize = 10_000;
    let house = House::new(Script::default(), &numbered(ALL)).await;
    let rie = house.function("20", 45).await;
    let records: Vec<_> = (0..ALL)
        .map(|n| check(&n.to_string(), &format!("number{n}.org")))
        .collect();
    let answer = rie.invoke(&json!({"Records": records})).await.unwrap().body;
    let back = handed_back(&answer).len();
    let looked = usize::try_from(house.fastly.total()).unwrap();
    assert!(looked > 0, "{looked}");
    assert_eq!(looked + back, ALL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_hangs_is_handed_back_before_the_time_is_over() {
    let script = Script::default().on("number1.org", [Behaviour::Hang]);
    let house = House::new(script, &numbered(2)).await;
    let rie = house.function("1000", 39).await;
    let event = json!({"Records": [check("quick", "number0.org"), check("hangs", "number1.org")]});
    let answer = rie.invoke(&event).await.unwrap().body;
    assert_eq!(handed_back(&answer), ["hangs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_moment_of_use_a_fastly_that_hangs_is_not_waited_for_past_the_callers_time() {
    // Whoever waits for a call to Fastly to time out, or for the function's own limit, waits for longer.
    const PATIENCE: Duration = Duration::from_secs(20);
    let behaviours = [Behaviour::answer("active"), Behaviour::Hang];
    let script = Script::default().on("number0.org", behaviours);
    let house = House::new(script, &numbered(1)).await;
    let rie = house.function("1000", 60).await;
    let ask = async |question: Value| {
        assert_is("question", &question);
        let answer = rie.invoke(&question).await.unwrap().body;
        assert_is("check", &answer);
        answer
    };
    let known = ask(json!({"domain": "number0.org"})).await;
    assert_eq!(known["answer"], "allow", "{known}");
    let begun = Instant::now();
    let question = json!({"domain": "number0.org", "max_age_seconds": 0, "within_ms": 1000});
    let answer = ask(question).await;
    assert!(begun.elapsed() < PATIENCE, "the source was waited for");
    assert_eq!(answer["answer"], "ask_for_more", "{answer}");
    assert_eq!(answer["verdict"], "unknown");
    assert_eq!(answer["reasons"], json!(["stale"]));
    assert_eq!(answer["looked_up"], false);
    for part in ["verdict", "evidence"] {
        assert_eq!(answer["record"][part], known["record"][part], "{part}");
    }
    assert_eq!(house.fastly.calls("number0.org"), 2, "it was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_at_risk_is_told_of_in_the_log() {
    let script = Script::answering("undelegated inactive");
    let house = House::new(script, &numbered(1)).await;
    let rie = house.function("1000", 39).await;
    let event = json!({"Records": [check("lost", "number0.org")]});
    rie.invoke(&event).await.unwrap();
    let log = rie.log_with("domain at risk").await;
    let told = |line: &&str| line.contains(r#""message":"domain at risk""#);
    let line: Value = serde_json::from_str(log.lines().find(told).unwrap()).unwrap();
    assert_eq!(
        (&line["level"], &line["domain"]),
        (&json!("WARN"), &json!("number0.org"))
    );
    assert_eq!(line["risk"], "loss_seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_it_is_said_and_a_glance_at_the_registry_answers_where_a_batch_is_an_error() {
    let house = House::new(Script::default(), &[]).await;
    let registry = rdap_stand_in::StandIn::start().unwrap();
    let held = registered("held.dev", &[("registration", "2010-01-01T00:00:00Z")]);
    registry.says("held.dev", Reply::object(&held));
    let bootstrap = NamedTempFile::new().unwrap();
    std::fs::write(bootstrap.path(), registry.bootstrap(&["dev"])).unwrap();
    let bootstrap = bootstrap.path().to_str().unwrap();
    let with_key = house.function_asking(bootstrap, "1000", 60).await;
    let question = json!({"domain": "held.dev"});
    let answer = with_key.invoke(&question).await.unwrap().body;
    assert_eq!(answer["answer"], "allow", "{answer}");

    house.put_key(" ").await;
    let rie = house.function_asking(bootstrap, "1000", 60).await;
    answers_without_a_key(&rie, "is empty: put Fastly's token there").await;

    let deleting = house.secrets.delete_secret().secret_id(&house.table);
    let deleting = deleting.force_delete_without_recovery(true).send();
    deleting.await.unwrap();
    let rie = house.function_asking(bootstrap, "1000", 60).await;
    answers_without_a_key(&rie, "cannot read Fastly's token from the secret").await;
    assert_eq!(house.fastly.total(), 1, "nobody pays");
}

/// At the moment of use the registry answers, and the complaint is in the log; a batch fails with it.
async fn answers_without_a_key(rie: &Rie, complaint: &str) {
    let ask = async |question: Value| {
        let answer = rie.invoke(&question).await.unwrap().body;
        assert_is("check", &answer);
        answer
    };
    let held = ask(json!({"domain": "held.dev", "max_age_seconds": 0})).await;
    assert_eq!(held["answer"], "allow", "{held}");
    assert_eq!(held["looked_up"], true, "by the registry");
    // It is in no registry, and nobody has ever looked at it.
    let unheard_of = ask(json!({"domain": "new.dev"})).await;
    assert_eq!(unheard_of["answer"], "ask_for_more", "{unheard_of}");
    let log = rie.log_with(complaint).await;
    let said = log.lines().find(|line| line.contains(complaint));
    assert!(said.unwrap().contains("ERROR"), "{said:?}");
    assert!(!log.contains("KeyRejected"), "nobody rejected it: {log}");

    let batch = json!({"Records": [check("one", "held.dev")]});
    let failed = rie.invoke(&batch).await.unwrap().body;
    let said = failed["errorMessage"].as_str().unwrap();
    assert!(said.contains(complaint), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_moment_of_use_a_key_of_no_use_is_reported_and_allows_nobody() {
    let script = Script {
        key: Some("another-key".to_owned()),
        ..Script::default()
    };
    let house = House::new(script, &numbered(2)).await;
    let rie = house.function("1000", 39).await;
    for domain in ["number0.org", "number1.org"] {
        let question = json!({ "domain": domain, "within_ms": 20_000 });
        let answer = rie.invoke(&question).await.unwrap().body;
        assert_eq!(answer["answer"], "ask_for_more", "{answer}");
    }
    let rejected = r#""KeyRejected":1.0"#;
    assert!(rie.log_with(rejected).await.contains(rejected));
    assert!(house.fastly.total() <= 2, "for a while nobody asks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_replaced_is_fetched_anew_and_one_that_is_of_no_use_ends_the_batch() {
    let house = House::new(Script::default(), &numbered(3)).await;
    let rie = house.function("1000", 120).await;
    let batch = |n: usize| json!({"Records": [check("one", &format!("number{n}.org"))]});
    let answer = rie.invoke(&batch(0)).await.unwrap().body;
    assert!(handed_back(&answer).is_empty());

    let accepts = |key: &str| Script {
        key: Some(key.to_owned()),
        ..Script::default()
    };
    house.fastly.set_script(accepts("second-key"));
    house.put_key("second-key").await;
    let answer = rie.invoke(&batch(1)).await.unwrap().body;
    assert!(handed_back(&answer).is_empty(), "{answer}");

    house.fastly.set_script(accepts("third-key"));
    let answer = rie.invoke(&batch(2)).await.unwrap().body;
    let said = answer["errorMessage"].as_str().unwrap();
    assert!(
        said.contains("Fastly rejected the key (HTTP 401)"),
        "{said}"
    );
    assert!(said.contains(&house.table), "it names the secret: {said}");
    let rejected = r#""KeyRejected":1.0"#;
    assert!(rie.log_with(rejected).await.contains(rejected));
    assert!(!rie.log().contains("second-key"));
}
