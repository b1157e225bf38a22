//! The watchlist in an SQLite file: each method is one transaction.

mod domains;
mod limits;
mod runs;
mod schema;

use lapsewatch_core::{
    Cursor, DomainName, Event, Gcra, HeldPlan, Mode, Month, Paced, Page, PlanId, Record, Run,
    RunId, Tally, Timestamp, Transition, WatchedDomain,
};
use lapsewatch_sqlite::{Store, StoreError};
use rusqlite::{Connection, TransactionBehavior};

use crate::{Checks, Forgotten, Look, RunStart, Slots, Watchlist, WatchlistError, Written};

/// The watchlist in an opened store. A clone is another handle on it.
#[derive(Clone, Debug)]
pub struct SqliteWatchlist {
    store: Store,
}

impl SqliteWatchlist {
    /// The watchlist in a store, its tables made or brought up to date.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        store.migrate("watchlist", schema::MIGRATIONS)?;
        Ok(Self {
            store: store.clone(),
        })
    }

    /// The latest run of a mode that was not finished: an interrupted one to go on with, or one that another process works
    /// at.
    pub async fn unfinished_run(&self, mode: Mode) -> Result<Option<Run>, WatchlistError> {
        self.read("look for an unfinished run", move |c| {
            runs::unfinished(c, mode)
        })
        .await
    }

    /// The next page of the warnings given from a time on, oldest first.
    pub async fn warnings(
        &self,
        since: Timestamp,
        after: Option<&Cursor>,
    ) -> Result<Page<Event>, WatchlistError> {
        let after = after.cloned();
        self.read("list warnings", move |c| {
            domains::warnings(c, since, after.as_ref())
        })
        .await
    }

    /// Ends every lease: for a process that knows itself alone on the store, after a crash.
    pub async fn end_all_leases(&self) -> Result<(), WatchlistError> {
        self.write("end leases", |c| {
            c.execute_batch(
                "UPDATE domains SET leased_until = NULL WHERE leased_until IS NOT NULL;
                 UPDATE runs SET leased_until = NULL WHERE leased_until IS NOT NULL;",
            )
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WatchlistError> {
        self.store
            .with(|connection| work(connection))
            .await
            .map_err(|error| failed(doing, error))
    }

    /// Immediate: a transaction that reads first and writes later could find that another process has written meanwhile.
    async fn write<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WatchlistError> {
        let done = self.store.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        done.await.map_err(|error| failed(doing, error))
    }
}

fn failed(doing: &'static str, error: StoreError) -> WatchlistError {
    match error {
        StoreError::Failed {
            source: source @ rusqlite::Error::FromSqlConversionFailure(..),
        } => WatchlistError::Unreadable {
            what: "an entry",
            source: Box::new(source),
        },
        error => WatchlistError::Store {
            doing,
            source: Box::new(error),
        },
    }
}

impl Watchlist for SqliteWatchlist {
    async fn watch(
        &self,
        domains: &[WatchedDomain],
        run: Option<&RunId>,
        now: Timestamp,
    ) -> Result<(), WatchlistError> {
        let (domains, run) = (domains.to_vec(), run.cloned());
        self.write("take domains on", move |c| {
            domains::watch(c, &domains, run.as_ref(), now)
        })
        .await
    }

    async fn forget_unstamped(
        &self,
        run: &RunId,
        after: Option<&Cursor>,
    ) -> Result<Forgotten, WatchlistError> {
        let (run, after) = (run.clone(), after.cloned());
        self.write("take domains off", move |c| {
            domains::forget_unstamped(c, &run, after.as_ref())
        })
        .await
    }

    async fn get(&self, domain: &DomainName) -> Result<Option<Record>, WatchlistError> {
        let domain = domain.clone();
        self.read("read a record", move |c| domains::get(c, &domain))
            .await
    }

    async fn unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
        after: Option<&Cursor>,
    ) -> Result<Page<DomainName>, WatchlistError> {
        let (run, after) = (run.clone(), after.cloned());
        self.read("list what is due", move |c| {
            domains::unchecked(c, &run, due_by, after.as_ref())
        })
        .await
    }

    async fn count_unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
    ) -> Result<u64, WatchlistError> {
        let run = run.clone();
        self.read("count what is due", move |c| {
            domains::count_unchecked(c, &run, due_by)
        })
        .await
    }

    async fn begin_looks(
        &self,
        domains: &[DomainName],
        run: &RunId,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Look>, WatchlistError> {
        let (domains, run) = (domains.to_vec(), run.clone());
        self.write("begin looks", move |c| {
            domains
                .iter()
                .map(|domain| domains::begin_look(c, domain, &run, wall, lease_until))
                .collect()
        })
        .await
    }

    async fn extend_looks(
        &self,
        domains: &[DomainName],
        lease_until: Timestamp,
    ) -> Result<(), WatchlistError> {
        let domains = domains.to_vec();
        self.write("extend leases", move |c| {
            domains
                .iter()
                .try_for_each(|domain| domains::extend_lease(c, domain, lease_until))
        })
        .await
    }

    async fn abandon_looks(&self, domains: &[DomainName]) -> Result<(), WatchlistError> {
        let domains = domains.to_vec();
        self.write("give looks back", move |c| {
            domains
                .iter()
                .try_for_each(|domain| domains::end_lease(c, domain))
        })
        .await
    }

    async fn record(&self, transition: &Transition) -> Result<Written, WatchlistError> {
        let transition = transition.clone();
        self.write("record a change", move |c| domains::write(c, &transition))
            .await
    }

    async fn append_event(&self, event: &Event) -> Result<(), WatchlistError> {
        let event = event.clone();
        self.write("add an event", move |c| domains::append(c, &event))
            .await
    }

    async fn events(
        &self,
        domain: &DomainName,
        after: Option<&Cursor>,
    ) -> Result<Page<Event>, WatchlistError> {
        let (domain, after) = (domain.clone(), after.cloned());
        self.read("read events", move |c| {
            domains::events(c, &domain, after.as_ref())
        })
        .await
    }

    async fn pending(&self, after: Option<&Cursor>) -> Result<Page<Record>, WatchlistError> {
        let after = after.cloned();
        self.read("list what is pending", move |c| {
            domains::pending(c, after.as_ref())
        })
        .await
    }

    async fn plan_members(
        &self,
        plan: &PlanId,
        after: Option<&Cursor>,
    ) -> Result<Page<DomainName>, WatchlistError> {
        let (plan, after) = (plan.clone(), after.cloned());
        self.read("list a plan", move |c| {
            domains::plan_members(c, &plan, after.as_ref())
        })
        .await
    }

    async fn save_plan(&self, plan: &HeldPlan) -> Result<(), WatchlistError> {
        let plan = plan.clone();
        self.write("save a plan", move |c| runs::save_plan(c, &plan))
            .await
    }

    async fn plan(&self, plan: &PlanId) -> Result<Option<HeldPlan>, WatchlistError> {
        let plan = plan.clone();
        self.read("read a plan", move |c| runs::plan(c, &plan))
            .await
    }

    async fn reserve_slots(
        &self,
        paced: &Paced,
        pace: &Gcra,
        slots: u32,
        wall: Timestamp,
        latest: Timestamp,
    ) -> Result<Slots, WatchlistError> {
        let (paced, pace) = (paced.clone(), *pace);
        self.write("reserve calls", move |c| {
            limits::reserve_slots(c, &paced, &pace, slots, wall, latest)
        })
        .await
    }

    async fn hold_pace(&self, paced: &Paced, until: Timestamp) -> Result<(), WatchlistError> {
        let paced = paced.clone();
        self.write("hold the pace", move |c| {
            limits::store_arrival(c, &paced, until)
        })
        .await
    }

    async fn spend(&self, month: Month, calls: u32, limit: u64) -> Result<u32, WatchlistError> {
        self.write("spend the budget", move |c| {
            limits::spend(c, month, calls, limit)
        })
        .await
    }

    async fn spent(&self, month: Month) -> Result<u64, WatchlistError> {
        self.read("read the budget", move |c| limits::spent(c, month))
            .await
    }

    async fn start_run(
        &self,
        run: &Run,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> Result<RunStart, WatchlistError> {
        let run = run.clone();
        self.write("start a run", move |c| {
            runs::start_run(c, &run, wall, lease_until)
        })
        .await
    }

    async fn save_run(&self, run: &Run, lease_until: Timestamp) -> Result<(), WatchlistError> {
        let run = run.clone();
        self.write("save a run", move |c| runs::save_run(c, &run, lease_until))
            .await
    }

    async fn run(&self, run: &RunId) -> Result<Option<Run>, WatchlistError> {
        let run = run.clone();
        self.read("read a run", move |c| runs::get(c, &run)).await
    }

    async fn count_checks(
        &self,
        run: &RunId,
        checks: Checks,
        now: Timestamp,
    ) -> Result<(), WatchlistError> {
        let run = run.clone();
        self.write("count checks", move |c| {
            runs::count_checks(c, &run, checks)?;
            limits::add_to_tally(c, checks, 0, now)
        })
        .await
    }

    async fn count_unverified(&self, domains: u64, now: Timestamp) -> Result<(), WatchlistError> {
        self.write("count un-verifications", move |c| {
            limits::add_to_tally(c, Checks::default(), domains, now)
        })
        .await
    }

    async fn tally(&self, now: Timestamp) -> Result<Tally, WatchlistError> {
        self.read("read the tally", move |c| limits::tally(c, now))
            .await
    }
}
