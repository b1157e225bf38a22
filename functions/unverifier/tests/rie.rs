//! The unverifier behind the Runtime Interface Emulator, which keeps time as Lambda does.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use jiff::{SignedDuration, Timestamp};
use lapsewatch_core::{Evidence, FastlyFinding, Rules, Scope, StatusSet, WatchedDomain, observe};
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_directory::import::Entries;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use lapsewatch_watchlist::{Watchlist as _, Written};
use local_stack::{LocalStack, Rie, Tables, functions};
use serde_json::json;

struct House {
    stack: LocalStack,
    tables: Tables,
}

impl House {
    /// One address, at a domain that two looks a day apart have shown to be anybody's.
    async fn new() -> Self {
        let stack = LocalStack::start().await.unwrap();
        let tables = stack.create_own_tables().await.unwrap();
        let directory = DynamoDbDirectory::new(stack.dynamodb(), &tables.directory);
        let csv = "email,verified_at\nsomeone@gone.org,\n";
        for entry in Entries::open(csv.as_bytes(), Timestamp::now()).unwrap() {
            directory
                .record(&entry.unwrap().unwrap(), Timestamp::now())
                .await
                .unwrap();
        }
        let watchlist = DynamoDbWatchlist::new(stack.dynamodb(), &tables.watchlist);
        let domain: lapsewatch_core::DomainName = "gone.org".parse().unwrap();
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let watched = WatchedDomain {
            domain: domain.clone(),
            earliest_verified_at: None,
        };
        watchlist.watch(&[watched], None, now).await.unwrap();
        for ago in [25, 0] {
            let record = watchlist.get(&domain).await.unwrap().unwrap();
            let finding = FastlyFinding::Answered {
                status: StatusSet::parse("inactive"),
                scope: Scope::Precise,
            };
            let evidence = Evidence::of_fastly(now - SignedDuration::from_hours(ago), finding);
            let look = observe(&Rules::default(), &record, evidence, None).unwrap();
            assert_eq!(watchlist.record(&look).await.unwrap(), Written::Written);
        }
        Self { stack, tables }
    }

    async fn function(&self, timeout_seconds: u32) -> Rie {
        let mut environment = self.stack.environment();
        environment.extend([
            ("WATCHLIST_TABLE", self.tables.watchlist.as_str()),
            ("DIRECTORY_TABLE", self.tables.directory.as_str()),
            ("METRICS_SERVICE", "rie"),
        ]);
        let bootstrap = functions::binary("lapsewatch-unverifier").await.unwrap();
        Rie::start(&bootstrap, &environment, timeout_seconds)
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_applied_once_and_undone() {
    let house = House::new().await;
    let rie = house.function(300).await;
    let shown = rie.invoke(&json!({"mode": "plan"})).await.unwrap().body;
    assert_eq!(shown["unverified"][0]["domain"], "gone.org", "{shown}");
    let applied = rie.invoke(&json!({"mode": "apply"})).await.unwrap().body;
    assert_eq!(applied["unverified"][0]["addresses"], 1, "{applied}");
    let again = rie.invoke(&json!({"mode": "apply"})).await.unwrap().body;
    assert_eq!(again["unverified"], json!([]), "{again}");
    let plan = &applied["unverified"][0]["plan"];
    let restored = rie
        .invoke(&json!({"mode": "restore", "plan": plan}))
        .await
        .unwrap()
        .body;
    assert_eq!(restored["restored"][0]["addresses"], 1, "{restored}");
    let unverified = r#""Unverified":1.0"#;
    assert!(rie.log_with(unverified).await.contains(unverified));
    assert!(!rie.log().contains('@'));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_time_for_is_left_for_the_next_plan() {
    let house = House::new().await;
    // The time limit leaves no time for even one domain.
    let hurried = house.function(6).await;
    let answer = hurried
        .invoke(&json!({"mode": "apply"}))
        .await
        .unwrap()
        .body;
    assert_eq!(
        answer["left_alone"],
        json!([{"domain": "gone.org", "reason": "out_of_time"}]),
        "{answer}"
    );
    assert_eq!(answer["unverified"], json!([]));
    let rie = house.function(300).await;
    let answer = rie.invoke(&json!({"mode": "apply"})).await.unwrap().body;
    assert_eq!(answer["unverified"][0]["domain"], "gone.org", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_does_not_understand_is_refused_and_the_next_event_is_served() {
    let house = House::new().await;
    let rie = house.function(300).await;
    for event in [
        json!({}),
        json!({"mode": "unverify"}),
        json!({"mode": "apply", "force": true}),
        json!({"mode": "release", "plan": "plan-of-nobody"}),
        json!({"mode": "restore", "plan": "plan-of-nobody"}),
    ] {
        let refused = rie.invoke(&event).await.unwrap().body;
        assert!(refused["errorMessage"].is_string(), "{event}: {refused}");
    }
    let shown = rie.invoke(&json!({"mode": "plan"})).await.unwrap().body;
    assert_eq!(shown["unverified"].as_array().unwrap().len(), 1);
}
