//! The contract, on SQLite.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod contract;

use jiff::SignedDuration;
use lapsewatch_core::{DomainName, RunId, Timestamp, WatchedDomain};
use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;
use lapsewatch_watchlist::{Look, Watchlist as _};
use tempfile::TempDir;

#[expect(
    clippy::unused_async,
    reason = "the contract awaits it: other adapters have to be waited for"
)]
async fn fresh() -> (SqliteWatchlist, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("watchlist.db")).unwrap();
    (SqliteWatchlist::open(&store).unwrap(), folder)
}

contract!(fresh);

#[tokio::test]
async fn a_process_that_knows_itself_alone_ends_the_leases_of_one_that_was_killed() {
    let (watchlist, _keep) = fresh().await;
    let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
    let asked: Vec<DomainName> = vec!["example.org".parse().unwrap()];
    let watched = WatchedDomain {
        domain: asked[0].clone(),
        earliest_verified_at: None,
    };
    watchlist.watch(&[watched], None, now).await.unwrap();
    let run = RunId::from_stored("one");
    let begin = async || {
        let lease_until = now + SignedDuration::from_hours(1);
        let begun = watchlist.begin_looks(&asked, &run, now, lease_until).await;
        begun.unwrap().remove(0)
    };
    assert!(matches!(begin().await, Look::Begun(_)));
    assert_eq!(begin().await, Look::InProgress);
    watchlist.end_all_leases().await.unwrap();
    assert!(matches!(begin().await, Look::Begun(_)));
}
