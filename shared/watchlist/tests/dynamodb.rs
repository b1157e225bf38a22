//! The contract, on DynamoDB as the AWS emulator has it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod contract;

use lapsewatch_core::{RunId, Timestamp, WatchedDomain};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use local_stack::LocalStack;

async fn fresh() -> (DynamoDbWatchlist, LocalStack) {
    let stack = LocalStack::start().await.unwrap();
    let table = stack.create_own_tables().await.unwrap().watchlist;
    let watchlist = DynamoDbWatchlist::new(stack.dynamodb(), table);
    (watchlist, stack)
}

contract!(fresh);

/// All 2,000 have one time, for which the index has no order: a place in it must still be a place.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_at_one_time_is_listed_once_each() {
    let (watchlist, _stack) = fresh().await;
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let mut watched: Vec<_> = (0..2000)
        .map(|n| WatchedDomain {
            domain: format!("number{n}.org").parse().unwrap(),
            earliest_verified_at: None,
        })
        .collect();
    watchlist.watch(&watched, None, now).await.unwrap();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = watchlist
            .unchecked(&RunId::from_stored("one"), Some(now), after.as_ref())
            .await
            .unwrap();
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    listed.sort();
    watched.sort_by(|one, other| one.domain.cmp(&other.domain));
    let watched: Vec<_> = watched.into_iter().map(|one| one.domain).collect();
    assert_eq!(listed, watched);
}
