//! The watchlist in a DynamoDB table: each method is one conditional write, or as many as there are domains.

mod change;
mod domains;
mod due;
mod item;
mod limits;
mod runs;
mod trail;

use aws_sdk_dynamodb::Client;
use lapsewatch_core::{
    Cursor, DomainName, Event, Gcra, HeldPlan, Month, Paced, Page, PlanId, Record, Run, RunId,
    Tally, Timestamp, Transition, WatchedDomain,
};

use self::item::{Item, Key};
use crate::{Checks, Forgotten, Look, RunStart, Slots, Watchlist, WatchlistError, Written};

/// Requests under way at once, for one call of a method.
const AT_ONCE: usize = 16;
/// Entries on one page.
const PAGE: i32 = 1000;

/// The watchlist in a DynamoDB table. A clone is another handle on it.
#[derive(Clone, Debug)]
pub struct DynamoDbWatchlist {
    client: Client,
    table: String,
}

impl DynamoDbWatchlist {
    /// The watchlist in a table with the string keys `pk` and `sk` and the indexes `due` and `pending`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// An item as it is now.
    async fn item(&self, key: &Key, doing: &'static str) -> Result<Option<Item>, WatchlistError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .set_key(Some(key.attributes()))
            .send()
            .await
            .map_err(|error| failed(doing)(error.into_service_error()))?;
        Ok(found.item)
    }
}

/// DynamoDB, or the way to it, failed.
fn failed<E>(doing: &'static str) -> impl FnOnce(E) -> WatchlistError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| WatchlistError::Store {
        doing,
        source: Box::new(error),
    }
}

impl Watchlist for DynamoDbWatchlist {
    async fn watch(
        &self,
        domains: &[WatchedDomain],
        run: Option<&RunId>,
        now: Timestamp,
    ) -> Result<(), WatchlistError> {
        domains::watch(self, domains, run, now).await
    }

    async fn forget_unstamped(
        &self,
        run: &RunId,
        after: Option<&Cursor>,
    ) -> Result<Forgotten, WatchlistError> {
        due::forget_unstamped(self, run, after).await
    }

    async fn get(&self, domain: &DomainName) -> Result<Option<Record>, WatchlistError> {
        domains::get(self, domain).await
    }

    async fn unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
        after: Option<&Cursor>,
    ) -> Result<Page<DomainName>, WatchlistError> {
        due::unchecked(self, run, due_by, after).await
    }

    async fn count_unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
    ) -> Result<u64, WatchlistError> {
        due::count_unchecked(self, run, due_by).await
    }

    async fn begin_looks(
        &self,
        domains: &[DomainName],
        run: &RunId,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Look>, WatchlistError> {
        domains::begin_looks(self, domains, run, wall, lease_until).await
    }

    async fn extend_looks(
        &self,
        domains: &[DomainName],
        lease_until: Timestamp,
    ) -> Result<(), WatchlistError> {
        domains::extend_looks(self, domains, lease_until).await
    }

    async fn abandon_looks(&self, domains: &[DomainName]) -> Result<(), WatchlistError> {
        domains::abandon_looks(self, domains).await
    }

    async fn record(&self, transition: &Transition) -> Result<Written, WatchlistError> {
        domains::write(self, transition).await
    }

    async fn append_event(&self, event: &Event) -> Result<(), WatchlistError> {
        trail::append(self, event).await
    }

    async fn events(
        &self,
        domain: &DomainName,
        after: Option<&Cursor>,
    ) -> Result<Page<Event>, WatchlistError> {
        trail::events(self, domain, after).await
    }

    async fn pending(&self, after: Option<&Cursor>) -> Result<Page<Record>, WatchlistError> {
        trail::pending(self, after).await
    }

    async fn plan_members(
        &self,
        plan: &PlanId,
        after: Option<&Cursor>,
    ) -> Result<Page<DomainName>, WatchlistError> {
        trail::plan_members(self, plan, after).await
    }

    async fn save_plan(&self, plan: &HeldPlan) -> Result<(), WatchlistError> {
        trail::save_plan(self, plan).await
    }

    async fn plan(&self, plan: &PlanId) -> Result<Option<HeldPlan>, WatchlistError> {
        trail::plan(self, plan).await
    }

    async fn reserve_slots(
        &self,
        paced: &Paced,
        pace: &Gcra,
        slots: u32,
        wall: Timestamp,
        latest: Timestamp,
    ) -> Result<Slots, WatchlistError> {
        limits::reserve_slots(self, paced, pace, slots, wall, latest).await
    }

    async fn hold_pace(&self, paced: &Paced, until: Timestamp) -> Result<(), WatchlistError> {
        limits::hold_pace(self, paced, until).await
    }

    async fn spend(&self, month: Month, calls: u32, limit: u64) -> Result<u32, WatchlistError> {
        limits::spend(self, month, calls, limit).await
    }

    async fn spent(&self, month: Month) -> Result<u64, WatchlistError> {
        limits::spent(self, month).await
    }

    async fn start_run(
        &self,
        run: &Run,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> Result<RunStart, WatchlistError> {
        runs::start(self, run, wall, lease_until).await
    }

    async fn save_run(&self, run: &Run, lease_until: Timestamp) -> Result<(), WatchlistError> {
        runs::save(self, run, lease_until).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<Run>, WatchlistError> {
        runs::get(self, run).await
    }

    async fn count_checks(
        &self,
        run: &RunId,
        checks: Checks,
        now: Timestamp,
    ) -> Result<(), WatchlistError> {
        runs::count_checks(self, run, checks).await?;
        limits::add_to_tally(self, checks, 0, now).await
    }

    async fn count_unverified(&self, domains: u64, now: Timestamp) -> Result<(), WatchlistError> {
        limits::add_to_tally(self, Checks::default(), domains, now).await
    }

    async fn tally(&self, now: Timestamp) -> Result<Tally, WatchlistError> {
        limits::tally(self, now).await
    }
}
