//! What is known of each domain, in memory: the promises of the watchlist that the pipeline relies upon, for one process. Of
//! the audit trail it keeps the warnings.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapsewatch_core::{
    Cursor, DomainName, Event, EventKind, Gcra, HeldPlan, Lease, Month, Paced, Page, PlanId,
    Record, Run, RunId, Tally, Timestamp, Transition, WatchedDomain,
};
use lapsewatch_watchlist::{
    Checks, Forgotten, Look, RunStart, Slots, Watchlist as Promises, WatchlistError, Written,
};

use super::sources::number;

/// Domains on one page.
const PAGE: usize = 1000;

/// A watchlist of a part of the domains. A clone is the same one.
#[derive(Clone, Debug)]
pub(super) struct Watchlist {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    first: u32,
    entries: Vec<Option<Entry>>,
    /// When each is due, in milliseconds, and its number.
    due: BTreeSet<(i64, u32)>,
    /// Since when each waits to be un-verified.
    pending: BTreeSet<(i64, u32)>,
    plans: HashMap<PlanId, HeldPlan>,
    members: HashMap<PlanId, Vec<DomainName>>,
    runs: HashMap<RunId, Run>,
    paces: HashMap<Paced, Timestamp>,
    spent: HashMap<String, u64>,
    tallies: HashMap<i64, Tally>,
    warnings: Vec<(u32, Timestamp)>,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    leased_until: Option<Timestamp>,
    synced_by: Option<RunId>,
}

impl Watchlist {
    pub(super) fn new(domains: Range<u32>) -> Self {
        let state = State {
            first: domains.start,
            entries: domains.map(|_| None).collect(),
            due: BTreeSet::new(),
            pending: BTreeSet::new(),
            plans: HashMap::new(),
            members: HashMap::new(),
            runs: HashMap::new(),
            paces: HashMap::new(),
            spent: HashMap::new(),
            tallies: HashMap::new(),
            warnings: Vec::new(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Which domains were warned of, and when.
    pub(super) fn warnings(&self) -> Vec<(u32, Timestamp)> {
        self.lock().warnings.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A domain's place in the list, and its number.
    fn place(&self, domain: &DomainName) -> Option<(usize, u32)> {
        let number = number(domain)?;
        let place = number.checked_sub(self.first)? as usize;
        (place < self.entries.len()).then_some((place, number))
    }

    fn entry(&mut self, domain: &DomainName) -> Option<&mut Entry> {
        let (place, _) = self.place(domain)?;
        self.entries[place].as_mut()
    }

    fn forget(&mut self, place: usize) {
        if let Some(entry) = self.entries[place].take() {
            let number = self.first + u32::try_from(place).unwrap_or(0);
            self.due
                .remove(&(entry.record.due_order().as_millisecond(), number));
            if let Some(pending) = entry.record.pending {
                self.pending
                    .remove(&(pending.since.as_millisecond(), number));
            }
        }
    }

    fn unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
        after: (i64, u32),
    ) -> Vec<(i64, u32)> {
        let last = due_by.map_or(i64::MAX, Timestamp::as_millisecond);
        let due = self
            .due
            .range((after.0, after.1.saturating_add(1))..=(last, u32::MAX));
        due.copied()
            .filter(|(_, number)| {
                let entry = self.entries[(number - self.first) as usize].as_ref();
                entry.is_some_and(|entry| entry.record.checked_run.as_ref() != Some(run))
            })
            .take(PAGE)
            .collect()
    }

    fn tally(&mut self, now: Timestamp) -> &mut Tally {
        self.tallies.entry(day(now)).or_default()
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(24 * 3600)
}

fn place_of(cursor: Option<&Cursor>) -> (i64, u32) {
    cursor
        .and_then(|cursor| cursor.0.split_once(' '))
        .and_then(|(time, number)| Some((time.parse().ok()?, number.parse().ok()?)))
        .unwrap_or((i64::MIN, 0))
}

impl Promises for Watchlist {
    async fn watch(
        &self,
        domains: &[WatchedDomain],
        run: Option<&RunId>,
        now: Timestamp,
    ) -> Result<(), WatchlistError> {
        let mut state = self.lock();
        for watched in domains {
            let Some((place, number)) = state.place(&watched.domain) else {
                continue;
            };
            let earliest = watched.earliest_verified_at;
            if let Some(entry) = &mut state.entries[place] {
                if let Some(run) = run {
                    entry.record.earliest_verified_at = earliest;
                    entry.synced_by = Some(run.clone());
                }
                continue;
            }
            let record = Record::new(watched.domain.clone(), earliest, now);
            state
                .due
                .insert((record.due_order().as_millisecond(), number));
            state.entries[place] = Some(Entry {
                record,
                leased_until: None,
                synced_by: run.cloned(),
            });
        }
        Ok(())
    }

    async fn forget_unstamped(
        &self,
        run: &RunId,
        _after: Option<&Cursor>,
    ) -> Result<Forgotten, WatchlistError> {
        let mut state = self.lock();
        let is_unstamped = |entry: &Option<Entry>| {
            entry
                .as_ref()
                .is_some_and(|entry| entry.synced_by.as_ref() != Some(run))
        };
        let places: Vec<_> = (0..state.entries.len())
            .filter(|place| is_unstamped(&state.entries[*place]))
            .collect();
        for place in &places {
            state.forget(*place);
        }
        Ok(Forgotten {
            domains: places.len() as u64,
            next: None,
        })
    }

    async fn get(&self, domain: &DomainName) -> Result<Option<Record>, WatchlistError> {
        Ok(self.lock().entry(domain).map(|entry| entry.record.clone()))
    }

    async fn unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
        after: Option<&Cursor>,
    ) -> Result<Page<DomainName>, WatchlistError> {
        let state = self.lock();
        let found = state.unchecked(run, due_by, place_of(after));
        let next = found.last().filter(|_| found.len() == PAGE);
        let next = next.map(|(time, number)| Cursor(format!("{time} {number}")));
        let name = |number: &u32| {
            let entry = state.entries[(number - state.first) as usize].as_ref();
            entry.map(|entry| entry.record.domain.clone())
        };
        Ok(Page {
            items: found
                .iter()
                .filter_map(|(_, number)| name(number))
                .collect(),
            next,
        })
    }

    async fn count_unchecked(
        &self,
        run: &RunId,
        due_by: Option<Timestamp>,
    ) -> Result<u64, WatchlistError> {
        let state = self.lock();
        let (mut count, mut after) = (0, (i64::MIN, 0));
        loop {
            let page = state.unchecked(run, due_by, after);
            count += page.len() as u64;
            match page.last() {
                Some(last) if page.len() == PAGE => after = *last,
                Some(_) | None => return Ok(count),
            }
        }
    }

    async fn begin_looks(
        &self,
        domains: &[DomainName],
        run: &RunId,
        wall: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Look>, WatchlistError> {
        let mut state = self.lock();
        let begin = |domain: &DomainName| match state.entry(domain) {
            None => Look::NotWatched,
            Some(entry) if entry.record.checked_run.as_ref() == Some(run) => Look::AlreadyChecked,
            Some(entry) if entry.leased_until.is_some_and(|until| until > wall) => Look::InProgress,
            Some(entry) => {
                entry.leased_until = Some(lease_until);
                Look::Begun(Box::new(entry.record.clone()))
            }
        };
        Ok(domains.iter().map(begin).collect())
    }

    async fn extend_looks(
        &self,
        domains: &[DomainName],
        lease_until: Timestamp,
    ) -> Result<(), WatchlistError> {
        let mut state = self.lock();
        for domain in domains {
            if let Some(entry) = state.entry(domain)
                && let Some(until) = &mut entry.leased_until
            {
                *until = lease_until;
            }
        }
        Ok(())
    }

    async fn abandon_looks(&self, domains: &[DomainName]) -> Result<(), WatchlistError> {
        let mut state = self.lock();
        for domain in domains {
            if let Some(entry) = state.entry(domain) {
                entry.leased_until = None;
            }
        }
        Ok(())
    }

    async fn record(&self, transition: &Transition) -> Result<Written, WatchlistError> {
        let mut state = self.lock();
        let new = &transition.record;
        let Some((place, number)) = state.place(&new.domain) else {
            return Ok(Written::Superseded);
        };
        let Some(entry) = &mut state.entries[place] else {
            return Ok(Written::Superseded);
        };
        if entry.record.revision + 1 != new.revision {
            return Ok(Written::Superseded);
        }
        let before = std::mem::replace(&mut entry.record, new.clone());
        entry.record.earliest_verified_at = before.earliest_verified_at;
        entry.record.watched_since = before.watched_since;
        match transition.lease {
            Lease::Ends => entry.leased_until = None,
            Lease::Stays => {}
        }
        state
            .due
            .remove(&(before.due_order().as_millisecond(), number));
        state.due.insert((new.due_order().as_millisecond(), number));
        if let Some(pending) = &before.pending {
            state
                .pending
                .remove(&(pending.since.as_millisecond(), number));
        }
        if let Some(pending) = &new.pending {
            state
                .pending
                .insert((pending.since.as_millisecond(), number));
            if let Some(plan) = &pending.plan {
                let members = state.members.entry(plan.clone()).or_default();
                members.push(new.domain.clone());
            }
        }
        if let Some(event) = &transition.event
            && let EventKind::DomainAtRisk { .. } = event.kind
        {
            state.warnings.push((number, event.at));
        }
        Ok(Written::Written)
    }

    async fn append_event(&self, _event: &Event) -> Result<(), WatchlistError> {
        Ok(())
    }

    async fn events(
        &self,
        _domain: &DomainName,
        _after: Option<&Cursor>,
    ) -> Result<Page<Event>, WatchlistError> {
        Ok(Page {
            items: Vec::new(),
            next: None,
        })
    }

    async fn pending(&self, after: Option<&Cursor>) -> Result<Page<Record>, WatchlistError> {
        let state = self.lock();
        let (since, number) = place_of(after);
        let after = (since, number.saturating_add(u32::from(since != i64::MIN)));
        let found: Vec<_> = state.pending.range(after..).take(PAGE).copied().collect();
        let next = found.last().filter(|_| found.len() == PAGE);
        let next = next.map(|(since, number)| Cursor(format!("{since} {number}")));
        let record = |number: &u32| {
            let entry = state.entries[(number - state.first) as usize].as_ref();
            entry.map(|entry| entry.record.clone())
        };
        Ok(Page {
            items: found
                .iter()
                .filter_map(|(_, number)| record(number))
                .collect(),
            next,
        })
    }

    async fn plan_members(
        &self,
        plan: &PlanId,
        _after: Option<&Cursor>,
    ) -> Result<Page<DomainName>, WatchlistError> {
        Ok(Page {
            items: self.lock().members.get(plan).cloned().unwrap_or_default(),
            next: None,
        })
    }

    async fn save_plan(&self, plan: &HeldPlan) -> Result<(), WatchlistError> {
        self.lock().plans.insert(plan.id.clone(), plan.clone());
        Ok(())
    }

    async fn plan(&self, plan: &PlanId) -> Result<Option<HeldPlan>, WatchlistError> {
        Ok(self.lock().plans.get(plan).cloned())
    }

    async fn reserve_slots(
        &self,
        paced: &Paced,
        pace: &Gcra,
        slots: u32,
        wall: Timestamp,
        latest: Timestamp,
    ) -> Result<Slots, WatchlistError> {
        let mut state = self.lock();
        let (first, arrival) = pace.reserve(state.paces.get(paced).copied(), slots, wall);
        if first > latest {
            return Ok(Slots::TooLate(first));
        }
        state.paces.insert(paced.clone(), arrival);
        Ok(Slots::From(first))
    }

    async fn hold_pace(&self, paced: &Paced, until: Timestamp) -> Result<(), WatchlistError> {
        let mut state = self.lock();
        let held = state.paces.entry(paced.clone()).or_insert(until);
        *held = until.max(*held);
        Ok(())
    }

    async fn spend(&self, month: Month, calls: u32, limit: u64) -> Result<u32, WatchlistError> {
        let mut state = self.lock();
        let spent = state.spent.entry(month.to_string()).or_default();
        let granted = u32::try_from(limit.saturating_sub(*spent))
            .unwrap_or(u32::MAX)
            .min(calls);
        *spent += u64::from(granted);
        Ok(granted)
    }

    async fn spent(&self, month: Month) -> Result<u64, WatchlistError> {
        Ok(self
            .lock()
            .spent
            .get(&month.to_string())
            .copied()
            .unwrap_or(0))
    }

    async fn start_run(
        &self,
        run: &Run,
        _wall: Timestamp,
        _lease_until: Timestamp,
    ) -> Result<RunStart, WatchlistError> {
        self.lock().runs.insert(run.id.clone(), run.clone());
        Ok(RunStart::Started)
    }

    /// A run that is finished is not asked about again.
    async fn save_run(&self, run: &Run, _lease_until: Timestamp) -> Result<(), WatchlistError> {
        let mut state = self.lock();
        if run.finished_at.is_some() {
            state.runs.remove(&run.id);
        } else {
            state.runs.insert(run.id.clone(), run.clone());
        }
        Ok(())
    }

    async fn run(&self, run: &RunId) -> Result<Option<Run>, WatchlistError> {
        Ok(self.lock().runs.get(run).cloned())
    }

    async fn count_checks(
        &self,
        _run: &RunId,
        checks: Checks,
        now: Timestamp,
    ) -> Result<(), WatchlistError> {
        let mut state = self.lock();
        let tally = state.tally(now);
        tally.checked += checks.checked;
        tally.unknown += checks.unknown;
        Ok(())
    }

    async fn count_unverified(&self, domains: u64, now: Timestamp) -> Result<(), WatchlistError> {
        self.lock().tally(now).unverified += domains;
        Ok(())
    }

    async fn tally(&self, now: Timestamp) -> Result<Tally, WatchlistError> {
        let state = self.lock();
        let of = |day: i64| state.tallies.get(&day).copied().unwrap_or_default();
        let (today, yesterday) = (of(day(now)), of(day(now) - 1));
        Ok(Tally {
            checked: today.checked + yesterday.checked,
            unknown: today.unknown + yesterday.unknown,
            unverified: today.unverified + yesterday.unverified,
        })
    }
}
