//! Checking, over a real store and sources that misbehave.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use lapsewatch_core::{
    DomainName, FastlyFinding, Gcra, Month, Rules, RunId, Scope, StatusSet, Timestamp, Verdict,
    WatchedDomain,
};
use lapsewatch_pipeline::{CheckMessage, CheckSettings, Checked, Checker, Clock};
use lapsewatch_sources::{LookError, StatusSource};
use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;
use tempfile::TempDir;

/// A source with a fault in it.
struct Panicking;

impl StatusSource for Panicking {
    async fn status(&self, domain: &DomainName) -> Result<FastlyFinding, LookError> {
        assert_ne!(domain.as_str(), "poison.org", "a fault of ours");
        Ok(FastlyFinding::Answered {
            status: StatusSet::parse("active"),
            scope: Scope::Precise,
        })
    }
}

/// A checker over a fresh store that watches these domains.
async fn checker(domains: &[DomainName]) -> (Arc<Checker<SqliteWatchlist, Panicking>>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("lapsewatch.db")).unwrap();
    let watchlist = SqliteWatchlist::open(&store).unwrap();
    let watched: Vec<_> = domains
        .iter()
        .map(|domain| WatchedDomain {
            domain: domain.clone(),
            earliest_verified_at: None,
        })
        .collect();
    watchlist
        .watch(&watched, None, Timestamp::now())
        .await
        .unwrap();
    let checker = Checker {
        watchlist,
        source: Panicking,
        settings: CheckSettings {
            rules: Rules::default(),
            pace: Gcra::new(1000.0, 1),
            monthly_budget: 100,
        },
        clock: Clock::new(Timestamp::now, None),
    };
    (Arc::new(checker), folder)
}

fn names<const N: usize>(names: [&str; N]) -> Vec<DomainName> {
    names.map(|name| name.parse().unwrap()).into()
}

fn messages(run: &str, domains: &[DomainName]) -> Vec<CheckMessage> {
    let message = |domain: &DomainName| CheckMessage::new(RunId::from_stored(run), domain.clone());
    domains.iter().map(message).collect()
}

#[tokio::test]
async fn a_panic_in_one_message_fails_that_message_only_and_it_can_be_tried_again() {
    let domains = names(["one.org", "poison.org", "two.org"]);
    let (checker, _folder) = checker(&domains).await;
    let messages = messages("sweep-1", &domains);
    let answers = checker.check(&messages, None).await.unwrap();
    let failed = || Checked::Failed("the look panicked".to_owned());
    let looked = || Checked::Looked(Verdict::Held);
    assert_eq!(answers, [looked(), failed(), looked()]);
    let again = checker.check(&messages, None).await.unwrap();
    let done = || Checked::AlreadyChecked;
    assert_eq!(
        again,
        [done(), failed(), done()],
        "its lease was given back"
    );
}

#[tokio::test]
async fn a_run_over_what_is_due_does_not_pay_for_what_another_run_has_looked_at_meanwhile() {
    let domains = names(["one.org", "two.org"]);
    let (checker, _folder) = checker(&domains).await;
    let check = async |run: &str, domains: &[DomainName]| {
        let messages = messages(run, domains);
        checker.check(&messages, None).await.unwrap()
    };
    let looked = || Checked::Looked(Verdict::Held);
    assert_eq!(check("sweep-1", &domains[..1]).await, [looked()]);
    assert_eq!(
        check("due-1", &domains).await,
        [Checked::AlreadyChecked, looked()]
    );
    let month = Month::of(Timestamp::now());
    assert_eq!(checker.watchlist.spent(month).await.unwrap(), 2);
    assert_eq!(
        check("sweep-2", &domains[..1]).await,
        [looked()],
        "a sweep looks at every domain, and nobody holds its lease"
    );
}
