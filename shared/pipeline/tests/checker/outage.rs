//! Every source down for a week: what becomes of what was known, and of the backlog afterwards.

use std::sync::Arc;

use jiff::SignedDuration;
use lapsewatch_core::{Mode, Month, RdapFailure, RdapFinding, Run, RunId, Timestamp, Verdict};
use lapsewatch_directory::sqlite::SqliteDirectory;
use lapsewatch_pipeline::{CheckMessage, Deadline, Dispatcher, Queue, QueueError};
use lapsewatch_watchlist::Watchlist as _;

use crate::support::{House, PlayedChecker, day, name};

/// Each message is checked as it is sent.
struct Straight(Arc<PlayedChecker>);

impl Queue for Straight {
    const DURABLE: bool = false;

    async fn send(&self, messages: Vec<CheckMessage>) -> Result<(), QueueError> {
        self.0.check(&messages, Deadline::Open).await.unwrap();
        Ok(())
    }

    async fn drained(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

impl House {
    /// A run over what is due, as the daily schedule starts it, with a budget for the month.
    async fn due(&self, now: Timestamp, monthly_budget: u64) {
        let checker = self.checker(now);
        let dispatcher = Dispatcher {
            watchlist: self.watchlist.clone(),
            directory: SqliteDirectory::open(&self.store).unwrap(),
            queue: Straight(Arc::clone(&checker)),
            monthly_budget,
            clock: checker.clock,
        };
        let run = Run::new(RunId::new(Mode::Due, now), Mode::Due, now);
        dispatcher.dispatch(run, None).await.unwrap();
    }
}

#[tokio::test]
async fn a_week_without_sources_unverifies_nobody_forgets_nothing_and_is_made_up_for_the_riskiest_first()
 {
    let healthy: Vec<String> = (0..20).map(|n| format!("healthy{n}.org")).collect();
    let losing = ["losing0.org", "losing1.org"];
    let all: Vec<&str> = healthy.iter().map(String::as_str).chain(losing).collect();
    let mut house = House::watching(&all).await;
    house.budget = 1000;
    for domain in losing {
        house.sources.fastly(domain, "active expiring");
    }
    let silent = || RdapFinding::NoAnswer {
        reason: RdapFailure::TimedOut,
    };
    for domain in losing {
        house.sources.registry(domain, silent());
    }
    house.due(day(1), 1000).await;
    assert!(
        house
            .watchlist
            .pending(None)
            .await
            .unwrap()
            .items
            .is_empty()
    );

    house.sources.down(true);
    for days in 2..9 {
        house.due(day(days), 1000).await;
        assert!(
            house
                .watchlist
                .pending(None)
                .await
                .unwrap()
                .items
                .is_empty(),
            "day {days}"
        );
    }
    for domain in &all {
        let record = house.watchlist.get(&name(domain)).await.unwrap().unwrap();
        let is_losing = losing.contains(domain);
        assert_eq!(
            record.lapse.is_some(),
            is_losing,
            "{domain}: what was suspected is kept"
        );
        let known = if is_losing {
            Verdict::Unknown
        } else {
            Verdict::Held
        };
        assert_eq!(record.verdict, Some(known), "{domain}");
    }

    house.sources.down(false);
    house.sources.forget_who_was_asked();
    let later = day(9) + SignedDuration::from_hours(24 * 30);
    let spent = house.watchlist.spent(Month::of(later)).await.unwrap();
    house.budget = spent + 5;
    house.due(later, spent + 5).await;
    let asked = house.sources.asked_about();
    assert_eq!(asked.len(), 5, "the budget is kept: {asked:?}");
    // The looks of one batch go out side by side; which ones are paid for goes by the order.
    for domain in losing {
        assert!(
            asked.iter().any(|one| one == domain),
            "the riskiest first: {asked:?}"
        );
    }
    for domain in losing {
        let record = house.watchlist.get(&name(domain)).await.unwrap().unwrap();
        assert_eq!(record.verdict, Some(Verdict::Lapsing));
    }
    house.budget = spent + 1000;
    house
        .due(later + SignedDuration::from_hours(24), spent + 1000)
        .await;
    let mut asked = house.sources.asked_about();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all.len(), "nobody was forgotten");
}
