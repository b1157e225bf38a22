#![doc = include_str!("../README.md")]

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::future::Future;

use lapsewatch_core::{
    Cursor, DomainName, Event, Gcra, HeldPlan, Month, Paced, Page, PlanId, Record, Run, RunId,
    Tally, Timestamp, Transition, WatchedDomain,
};

/// What is known of each domain, and the audit trail.
///
/// Every write carries the condition that makes it right: late, doubled and reordered ones lose quietly. Nothing is locked.
/// `wall` is the real clock's time, for what keeps processes out of each other's way (leases, the pace); `now` is the
/// host's time, for what is said of domains.
pub trait Watchlist: Send + Sync + 'static {
    /// Takes domains onto the watchlist, due at once. A run that goes through the directory stamps each (`synced_run`), since what
    /// it has not stamped has left, and sets the `earliest_verified_at` of those already there anew; two entries for one domain
    /// in one run keep the earlier time. Without a run, what is already there stays as it is: only the directory knows when the
    /// earliest of all addresses was verified.
    fn watch(
        &self,
        domains: &[WatchedDomain],
        run: Option<&RunId>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// Takes the next page of domains that `run` has not stamped off the watchlist, their events excepted; answers how
    /// many went and where to go on.
    fn forget_unstamped(
        &self,
        run: &RunId,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Forgotten, WatchlistError>> + Send;

    /// The record of a domain.
    fn get(
        &self,
        domain: &DomainName,
    ) -> impl Future<Output = Result<Option<Record>, WatchlistError>> + Send;

    /// The next page of domains that `run` has not checked and that are due by `due_by` (all, if `None`), in the order of
    /// [`Record::due_order`]: the riskiest first. Those with a loss under way are listed a while before they are due; the
    /// checker leaves them alone then. At most 1,000 a page.
    fn unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page<DomainName>, WatchlistError>> + Send;

    /// How many domains `unchecked` would list from the beginning.
    fn count_unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
    ) -> impl Future<Output = Result<u64, WatchlistError>> + Send;

    /// Begins a look at each domain, so that no other process pays for it too: leases it to the caller until
    /// `lease_until` unless it has been checked by this run, is leased by somebody whose lease has not passed at `wall`, or
    /// is not on the list. In the order asked.
    fn begin_looks(
        &self,
        domains: &[DomainName],
        run: &RunId,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<Vec<Look>, WatchlistError>> + Send;

    /// Extends the leases of looks that are not recorded or given back yet.
    fn extend_looks(
        &self,
        domains: &[DomainName],
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// Gives leases back without a look.
    fn abandon_looks(
        &self,
        domains: &[DomainName],
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// Writes a changed record and its event, both or neither, over the revision before it; ends the lease, or leaves it. A record
    /// that takes up a plan (`pending.plan` set) becomes a member of that plan in the same write. Does not touch
    /// `earliest_verified_at`, `watched_since` and the run's stamp: those are the dispatcher's.
    fn record(
        &self,
        transition: &Transition,
    ) -> impl Future<Output = Result<Written, WatchlistError>> + Send;

    /// Adds an event for a domain that is no longer on the watchlist. The same event twice is one.
    fn append_event(
        &self,
        event: &Event,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// The next page of a domain's events, oldest first.
    fn events(
        &self,
        domain: &DomainName,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page<Event>, WatchlistError>> + Send;

    /// The next page of records with a pending un-verification, the longest waiting first.
    fn pending(
        &self,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page<Record>, WatchlistError>> + Send;

    /// The next page of the domains that a plan has taken up.
    fn plan_members(
        &self,
        plan: &PlanId,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page<DomainName>, WatchlistError>> + Send;

    /// Stores a held plan, or its new state.
    fn save_plan(&self, plan: &HeldPlan)
    -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// A held plan by its name.
    fn plan(
        &self,
        plan: &PlanId,
    ) -> impl Future<Output = Result<Option<HeldPlan>, WatchlistError>> + Send;

    /// Reserves slots on the shared pace of a source, in one conditional write. None are taken if the first would come
    /// after `latest`.
    fn reserve_slots(
        &self,
        paced: &Paced,
        pace: &Gcra,
        slots: u32,
        wall: Timestamp,
        latest: Timestamp,
    ) -> impl Future<Output = Result<Slots, WatchlistError>> + Send;

    /// Moves the shared pace of a source on: no slot before `until`. Never moves it back.
    fn hold_pace(
        &self,
        paced: &Paced,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// Takes up to `calls` calls out of a month's budget of `limit` and answers how many were left to take. Never more than
    /// `limit` are taken in all, by however many processes.
    fn spend(
        &self,
        month: Month,
        calls: u32,
        limit: u64,
    ) -> impl Future<Output = Result<u32, WatchlistError>> + Send;

    /// The calls taken out of a month's budget.
    fn spent(&self, month: Month) -> impl Future<Output = Result<u64, WatchlistError>> + Send;

    /// Starts a run, or takes up one of that name which is not finished and whose lease has passed at `wall`; leases it
    /// until `lease_until`.
    fn start_run(
        &self,
        run: &Run,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<RunStart, WatchlistError>> + Send;

    /// Saves how far the dispatcher has come (`stage`, `finished_at`, and the counters `synced`, `forgotten`, `sent`,
    /// `waiting`), and extends its lease.
    fn save_run(
        &self,
        run: &Run,
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// A run by its name, with all counters.
    fn run(&self, run: &RunId) -> impl Future<Output = Result<Option<Run>, WatchlistError>> + Send;

    /// Adds to a run's counters `checked` and `unknown` and to the tally of the day of `now` (UTC).
    fn count_checks(
        &self,
        run: &RunId,
        checks: Checks,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// Adds domains un-verified to the tally of the day of `now`.
    fn count_unverified(
        &self,
        domains: u64,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), WatchlistError>> + Send;

    /// The tally of the day of `now` and the day before, together.
    fn tally(&self, now: Timestamp) -> impl Future<Output = Result<Tally, WatchlistError>> + Send;
}

/// What a page of forgetting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Domains taken off.
    pub domains: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// Whether a look may be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It may: this is what is known.
    Begun(Box<Record>),
    /// This run has checked the domain: it costs no second call.
    AlreadyChecked,
    /// Another process is looking.
    InProgress,
    /// The domain is not on the watchlist.
    NotWatched,
}

/// Whether a write took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It did.
    Written,
    /// The record has changed since it was read, or is gone.
    Superseded,
}

/// Slots on the shared pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// Reserved: the first is at this time, the others follow by the pace's interval.
    From(Timestamp),
    /// None reserved: the first would come only at this time.
    TooLate(Timestamp),
}

/// Whether a run may be worked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunStart {
    /// It is new.
    Started,
    /// It was left unfinished: go on from here.
    Resumed(Run),
    /// Another process works at it.
    Busy,
    /// It is finished.
    Finished(Run),
}

/// Looks to add to the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    /// Domains looked at.
    pub checked: u64,
    /// Looks that ended `Unknown`.
    pub unknown: u64,
}

/// Why the watchlist could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WatchlistError {
    /// The store failed.
    #[error("the watchlist could not {doing}")]
    Store {
        /// What we were doing, as in "record a look".
        doing: &'static str,
        /// The store's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is stored could not be read.
    #[error(
        "the watchlist holds {what} that this version cannot read; was it written by a newer one?"
    )]
    Unreadable {
        /// What, as in "a record".
        what: &'static str,
        /// What was wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
