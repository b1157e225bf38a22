//! Every source down for a week: what becomes of what was known, and of the backlog afterwards.

use std::sync::Arc;
use std::time::Duration;

use lapsewatch_core::{
    DomainName, Gcra, Mode, Month, RdapFailure, RdapFinding, Record, Run, RunId, Verdict,
};
use lapsewatch_directory::sqlite::SqliteDirectory;
use lapsewatch_pipeline::{CheckMessage, Deadline, Dispatcher, Queue, QueueError};
use lapsewatch_watchlist::Watchlist as _;

use crate::support::{House, PlayedChecker, day, messages, name, now, wait_until};

/// Calls a second.
const RATE: u32 = 5;
/// Messages a batch, as the functions have it.
const BATCH: usize = 10;

/// Each batch is checked as it is sent.
struct Straight(Arc<PlayedChecker>);

impl Queue for Straight {
    const DURABLE: bool = false;

    async fn send(&self, messages: Vec<CheckMessage>) -> Result<(), QueueError> {
        for batch in messages.chunks(BATCH) {
            self.0.check(batch, Deadline::Open).await.unwrap();
        }
        Ok(())
    }

    async fn drained(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

impl House {
    /// A run over what is due, as the daily schedule starts it on a day.
    async fn due(&self, checker: &Arc<PlayedChecker>, on: i64) {
        wait_until(day(on)).await;
        let dispatcher = Dispatcher {
            watchlist: self.watchlist.clone(),
            directory: SqliteDirectory::open(&self.store).unwrap(),
            queue: Straight(Arc::clone(checker)),
            monthly_budget: checker.settings.monthly_budget,
            clock: checker.clock,
        };
        let run = Run::new(RunId::new(Mode::Due, now()), Mode::Due, now());
        dispatcher.dispatch(run, None).await.unwrap();
    }

    /// The looks of a sweep.
    async fn sweep(&self, checker: &Arc<PlayedChecker>, domains: &[&str]) {
        let all = messages(&self.run("sweep"), domains);
        Straight(Arc::clone(checker)).send(all).await.unwrap();
    }

    async fn record(&self, domain: &str) -> Record {
        let record = self.watchlist.get(&name(domain)).await.unwrap();
        record.unwrap()
    }

    async fn pending(&self) -> Vec<DomainName> {
        let page = self.watchlist.pending(None).await.unwrap();
        page.items.into_iter().map(|record| record.domain).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_week_without_sources_unverifies_nobody_forgets_nothing_and_is_made_up_for_in_order() {
    let healthy: Vec<String> = (0..60).map(|n| format!("healthy{n}.org")).collect();
    let losing = ["losing0.org", "losing1.org"];
    let all: Vec<&str> = healthy.iter().map(String::as_str).chain(losing).collect();
    let mut house = House::watching(&all).await;
    house.budget = 10_000;
    house.pace = Gcra::new(f64::from(RATE), 1);
    let checker = house.checker_from(day(0));
    house.sweep(&checker, &all).await;
    for on in 1..29 {
        house.due(&checker, on).await;
    }
    assert_eq!(house.sources.asked("fastly"), 62, "glances cost nothing");
    for domain in losing {
        house.sources.fastly(domain, "active expiring");
        let silent = RdapFinding::NoAnswer {
            reason: RdapFailure::TimedOut,
        };
        house.sources.registry(domain, silent);
    }
    wait_until(day(29)).await;
    house.sweep(&checker, &losing).await;

    house.sources.down(true);
    for on in 30..37 {
        house.due(&checker, on).await;
        if on == 31 {
            house.sweep(&checker, &all).await;
        }
        assert!(house.pending().await.is_empty(), "day {on}");
    }
    for domain in &all {
        let record = house.record(domain).await;
        assert_eq!(record.verdict, Some(Verdict::Unknown), "{domain}");
        let is_suspected = record.lapse.is_some();
        assert_eq!(is_suspected, losing.contains(domain), "{domain}: kept");
    }

    house.sources.down(false);
    house.sources.forget_who_was_asked();
    // Who was silent so often is not asked daily: by now the whole backlog is due.
    let spent = house.watchlist.spent(Month::of(day(41))).await.unwrap();
    house.budget = spent + 5;
    let poor = house.checker_by(checker.clock);
    house.due(&poor, 41).await;
    let asked = house.sources.asked_about();
    assert_eq!(asked.len(), 5, "the budget is kept: {asked:?}");
    // The looks of one batch go out side by side; which ones are paid for goes by the order.
    for domain in losing {
        assert!(
            asked.iter().any(|one| one == domain),
            "the riskiest first: {asked:?}"
        );
    }
    for on in 42..44 {
        house.due(&checker, on).await;
    }
    for domain in &healthy {
        assert_eq!(house.record(domain).await.verdict, Some(Verdict::Held));
    }
    assert_eq!(house.pending().await, losing.map(name), "confirmed at last");

    let calls = house.sources.called_at();
    for seconds in [1, 10, 60] {
        let window = Duration::from_secs(seconds);
        let within = |from: usize| {
            let end = calls[from] + window;
            calls[from..].iter().take_while(|at| **at < end).count() as u64
        };
        let most = (0..calls.len()).map(within).max().unwrap();
        // The burst of one, on the window's edge.
        let allowed = u64::from(RATE) * seconds + 1;
        assert!(most <= allowed, "{most} calls in {seconds} s");
    }
}
