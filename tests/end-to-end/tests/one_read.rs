//! The moment of use on AWS: an answer from a fresh record is one read of DynamoDB, and nothing else.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use lapsewatch_core::{
    Evidence, FastlyFinding, RdapFinding, Rules, Scope, StatusSet, Timestamp, WatchedDomain,
    observe,
};
use lapsewatch_pipeline::{Clock, FromRecord, MAX_AGE, Question, answer_from_record};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use local_stack::LocalStack;

/// Writes down what is sent to DynamoDB, by the name of the operation.
#[derive(Clone, Debug, Default)]
struct Sent(Arc<Mutex<Vec<String>>>);

impl Intercept for Sent {
    fn name(&self) -> &'static str {
        "sent"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target");
        self.0
            .lock()
            .unwrap()
            .push(target.unwrap_or_default().to_owned());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_a_fresh_record_is_one_read_and_nothing_else() {
    let stack = LocalStack::start().await.unwrap();
    let table = stack.create_own_tables().await.unwrap().watchlist;
    let watchlist = DynamoDbWatchlist::new(stack.dynamodb(), &table);
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let watched = WatchedDomain {
        domain: "example.org".parse().unwrap(),
        earliest_verified_at: None,
    };
    watchlist
        .watch(std::slice::from_ref(&watched), None, now)
        .await
        .unwrap();
    let record = watchlist.get(&watched.domain).await.unwrap().unwrap();
    let finding = FastlyFinding::Answered {
        status: StatusSet::parse("active"),
        scope: Scope::Precise,
    };
    let evidence = Evidence {
        rdap: Some(RdapFinding::NotSupported),
        ..Evidence::of_fastly(now, finding)
    };
    let look = observe(&Rules::default(), &record, evidence, None);
    watchlist.record(&look.unwrap()).await.unwrap();

    let sent = Sent::default();
    let config = stack
        .dynamodb()
        .config()
        .to_builder()
        .interceptor(sent.clone());
    let counted = aws_sdk_dynamodb::Client::from_conf(config.build());
    let question = Question {
        domain: watched.domain,
        verified_at: None,
        max_age: MAX_AGE,
    };
    let clock = Clock::new(Timestamp::now, None);
    let watchlist = DynamoDbWatchlist::new(counted, &table);
    let answered = answer_from_record(&watchlist, &question, clock).await;
    let FromRecord::Answered(answered) = answered.unwrap() else {
        panic!("the record is fresh")
    };
    assert!(!answered.looked_up);
    assert_eq!(*sent.0.lock().unwrap(), ["DynamoDB_20120810.GetItem"]);
}
