//! Check: one look at each domain of a batch, paid, paced, recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backon::BackoffBuilder;
use jiff::SignedDuration;
use lapsewatch_core::{
    DomainName, Evidence, FastlyFinding, Gcra, Month, Record, Rules, RunId, Timestamp, Verdict,
    observe,
};
use lapsewatch_sources::{LookError, StatusSource, retry_policy};
use lapsewatch_watchlist::{Checks, Look, Slots, Watchlist, WatchlistError, Written};
use tokio::task::JoinSet;

use crate::{CheckMessage, Clock};

/// How long one look may take, retries and all, before another process may take it over.
const LOOK_LEASE: SignedDuration = SignedDuration::from_secs(180);
/// The longest one call takes: the service's own cap of 30 s and a little.
const CALL: SignedDuration = SignedDuration::from_secs(32);
/// How far ahead a slot may be where there is no deadline.
const FAR: SignedDuration = SignedDuration::from_secs(60);
/// How often a look is weighed anew when the record has changed meanwhile.
const ATTEMPTS_TO_RECORD: usize = 3;

/// Looks at domains.
#[derive(Debug)]
pub struct Checker<W, S> {
    /// What is known of each domain.
    pub watchlist: W,
    /// Who is asked.
    pub source: S,
    /// How.
    pub settings: CheckSettings,
    /// The host's time.
    pub clock: Clock,
}

/// By which rules, how fast and for how much.
#[derive(Clone, Copy, Debug)]
pub struct CheckSettings {
    /// From evidence to verdict and the next look.
    pub rules: Rules,
    /// The pace of the whole fleet.
    pub pace: Gcra,
    /// Paid calls a month.
    pub monthly_budget: u64,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The domain was looked at and the look recorded.
    Looked(Verdict),
    /// This run had checked it, or a later look was already recorded.
    AlreadyChecked,
    /// It is not on the watchlist: it left the directory after the message was sent.
    NotWatched,
    /// Another process is looking at it.
    InProgress,
    /// This month's budget is spent: it stays due.
    OverBudget,
    /// The deadline came first: not begun, to be sent again.
    HandedBack,
    /// It failed, and only it.
    Failed(String),
}

/// Why a whole batch failed.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The watchlist failed.
    #[error(transparent)]
    Watchlist(#[from] WatchlistError),
    /// Fastly rejected the key: nothing more can be asked.
    #[error(transparent)]
    KeyRejected(LookError),
}

impl<W: Watchlist, S: StatusSource + Send + Sync + 'static> Checker<W, S> {
    /// Checks the messages of a batch, all at once along the pace, and answers for each in their order. `deadline` is
    /// real time: what cannot be done by then is handed back.
    pub async fn check(
        self: &Arc<Self>,
        messages: &[CheckMessage],
        deadline: Option<Timestamp>,
    ) -> Result<Vec<Checked>, CheckError> {
        let mut answers = Vec::with_capacity(messages.len());
        for of_one_run in messages.chunk_by(|one, next| one.run == next.run) {
            let run = &of_one_run[0].run;
            let domains: Vec<_> = of_one_run
                .iter()
                .map(|message| message.domain.clone())
                .collect();
            answers.extend(self.check_domains(run, &domains, deadline).await?);
        }
        Ok(answers)
    }

    async fn check_domains(
        self: &Arc<Self>,
        run: &RunId,
        domains: &[DomainName],
        deadline: Option<Timestamp>,
    ) -> Result<Vec<Checked>, CheckError> {
        let wall = self.clock.wall();
        let begun = self
            .watchlist
            .begin_looks(domains, run, wall, wall + LOOK_LEASE)
            .await?;
        let mut answers: Vec<Checked> = begun.iter().map(Self::without_a_look).collect();
        let begun = self.still_due(run, begun, &mut answers).await?;
        let mut to_look: Vec<(usize, Record)> = begun
            .into_iter()
            .enumerate()
            .filter_map(|(index, look)| match look {
                Look::Begun(record) => Some((index, *record)),
                Look::AlreadyChecked | Look::InProgress | Look::NotWatched => None,
            })
            .collect();
        let Some(first_slot) = self.reserve(&to_look, deadline).await? else {
            return Ok(answers);
        };
        let month = Month::of(self.clock.now());
        let paid = self
            .watchlist
            .spend(month, count(to_look.len()), self.settings.monthly_budget)
            .await?;
        for (index, record) in to_look.split_off(paid as usize) {
            answers[index] = Checked::OverBudget;
            self.watchlist
                .abandon_looks(std::slice::from_ref(&record.domain))
                .await?;
        }
        self.look_at_all(run, to_look, first_slot, deadline, &mut answers)
            .await?;
        Ok(answers)
    }

    /// A run over what is due does not pay for what another run has looked at meanwhile.
    async fn still_due(
        &self,
        run: &RunId,
        begun: Vec<Look>,
        answers: &mut [Checked],
    ) -> Result<Vec<Look>, WatchlistError> {
        if !run.is_of_what_is_due() {
            return Ok(begun);
        }
        let now = self.clock.now();
        let mut still_due = Vec::with_capacity(begun.len());
        for (look, answer) in begun.into_iter().zip(answers) {
            match look {
                Look::Begun(record) if record.next_check_at > now => {
                    self.watchlist
                        .abandon_looks(std::slice::from_ref(&record.domain))
                        .await?;
                    *answer = Checked::AlreadyChecked;
                    still_due.push(Look::AlreadyChecked);
                }
                look @ (Look::Begun(_)
                | Look::AlreadyChecked
                | Look::InProgress
                | Look::NotWatched) => still_due.push(look),
            }
        }
        Ok(still_due)
    }

    /// The answer for a message that is not, or not yet, looked at.
    fn without_a_look(look: &Look) -> Checked {
        match look {
            Look::Begun(_) => Checked::HandedBack,
            Look::AlreadyChecked => Checked::AlreadyChecked,
            Look::InProgress => Checked::InProgress,
            Look::NotWatched => Checked::NotWatched,
        }
    }

    /// The first of as many slots as there are looks to take; `None` if there is nothing to look at or the slots would
    /// come too late.
    async fn reserve(
        &self,
        to_look: &[(usize, Record)],
        deadline: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, WatchlistError> {
        if to_look.is_empty() {
            return Ok(None);
        }
        loop {
            let wall = self.clock.wall();
            let slots = count(to_look.len());
            let latest = deadline.map_or(wall + FAR, |deadline| {
                deadline - CALL - self.settings.pace.span(slots)
            });
            match (
                self.watchlist
                    .reserve_slots(&self.settings.pace, slots, wall, latest)
                    .await?,
                deadline,
            ) {
                (Slots::From(first), _) => return Ok(Some(first)),
                (Slots::TooLate(_), Some(_)) => {
                    let domains: Vec<_> = to_look
                        .iter()
                        .map(|(_, record)| record.domain.clone())
                        .collect();
                    self.watchlist.abandon_looks(&domains).await?;
                    return Ok(None);
                }
                // Without a deadline there is time: the lease is long enough for a wait in small steps.
                (Slots::TooLate(first), None) => {
                    self.clock.sleep_until(first.min(wall + FAR)).await;
                }
            }
        }
    }

    async fn look_at_all(
        self: &Arc<Self>,
        run: &RunId,
        to_look: Vec<(usize, Record)>,
        first_slot: Timestamp,
        deadline: Option<Timestamp>,
        answers: &mut [Checked],
    ) -> Result<(), CheckError> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        let mut of_task = std::collections::HashMap::new();
        let slots = self.settings.pace.slots(first_slot, count(to_look.len()));
        for ((index, record), slot) in to_look.into_iter().zip(slots) {
            let (checker, run, stop) = (Arc::clone(self), run.clone(), Arc::clone(&stop));
            let domain = record.domain.clone();
            let task =
                tasks.spawn(async move { checker.look(&run, record, slot, deadline, &stop).await });
            of_task.insert(task.id(), (index, domain));
        }
        let mut failure = None;
        let mut unfinished = Vec::new();
        let mut checks = Checks::default();
        while let Some(joined) = tasks.join_next_with_id().await {
            let (id, outcome) = match joined {
                Ok((id, outcome)) => (id, outcome),
                // A panic is this message's failure and nobody else's.
                Err(panic) => (
                    panic.id(),
                    Ok(Checked::Failed("the look panicked".to_owned())),
                ),
            };
            let Some((index, domain)) = of_task.remove(&id) else {
                continue;
            };
            match outcome {
                Ok(checked) => {
                    match &checked {
                        Checked::Looked(verdict) => {
                            checks.checked += 1;
                            checks.unknown += u64::from(*verdict == Verdict::Unknown);
                        }
                        Checked::AlreadyChecked | Checked::NotWatched => {}
                        Checked::InProgress
                        | Checked::OverBudget
                        | Checked::HandedBack
                        | Checked::Failed(_) => {
                            unfinished.push(domain);
                        }
                    }
                    answers[index] = checked;
                }
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    unfinished.push(domain);
                    failure.get_or_insert(error);
                }
            }
        }
        if !unfinished.is_empty() {
            self.watchlist.abandon_looks(&unfinished).await?;
        }
        if checks != Checks::default() {
            self.watchlist
                .count_checks(run, checks, self.clock.now())
                .await?;
        }
        failure.map_or(Ok(()), Err)
    }

    /// One look, from its slot to its record.
    async fn look(
        &self,
        run: &RunId,
        record: Record,
        slot: Timestamp,
        deadline: Option<Timestamp>,
        stop: &AtomicBool,
    ) -> Result<Checked, CheckError> {
        self.wait_for(slot, deadline).await?;
        if stop.load(Ordering::Relaxed) {
            return Ok(Checked::HandedBack);
        }
        match self.ask(&record.domain, deadline).await? {
            Asked::Answered(finding) => self.record(run, record, finding).await,
            Asked::OutOfTime => Ok(Checked::HandedBack),
            Asked::OutOfBudget => Ok(Checked::OverBudget),
        }
    }

    /// Waits for a slot. One that has passed, because this process was held up, is forfeited for a new one: a delay must
    /// not become a burst. Twice at the most: on a machine that is always late, a look must still be taken.
    async fn wait_for(
        &self,
        mut slot: Timestamp,
        deadline: Option<Timestamp>,
    ) -> Result<(), WatchlistError> {
        for _ in 0..2 {
            self.clock.sleep_until(slot).await;
            let wall = self.clock.wall();
            if wall <= self.settings.pace.last_use(slot) {
                return Ok(());
            }
            let latest = deadline.map_or(wall + FAR, |deadline| deadline - CALL);
            match self
                .watchlist
                .reserve_slots(&self.settings.pace, 1, wall, latest)
                .await?
            {
                Slots::From(first) => slot = first,
                // So far behind, or so near the end, that waiting on would lose the look: it is taken late.
                Slots::TooLate(_) => return Ok(()),
            }
        }
        self.clock.sleep_until(slot).await;
        Ok(())
    }

    /// Asks until there is an answer, a last attempt, or no time. The first attempt is paid and paced; each further one is
    /// paid and paced here. A wish to be left alone holds the pace of the whole fleet.
    async fn ask(
        &self,
        domain: &DomainName,
        deadline: Option<Timestamp>,
    ) -> Result<Asked, CheckError> {
        let mut delays = retry_policy().build();
        loop {
            let error = match self.source.status(domain).await {
                Ok(finding) => return Ok(Asked::Answered(finding)),
                Err(error) => error,
            };
            let (reason, retry_after) = match &error {
                LookError::KeyRejected { .. } => return Err(CheckError::KeyRejected(error)),
                LookError::Retryable {
                    reason,
                    retry_after,
                } => (reason.clone(), *retry_after),
            };
            let wall = self.clock.wall();
            if let Some(after) = retry_after {
                self.watchlist.hold_pace(wall + after).await?;
            }
            let Some(delay) = delays.next() else {
                return Ok(Asked::Answered(FastlyFinding::NoAnswer { reason }));
            };
            let again_at = wall + delay.max(retry_after.unwrap_or_default());
            if deadline.is_some_and(|deadline| again_at + CALL > deadline) {
                return Ok(Asked::OutOfTime);
            }
            self.clock.sleep_until(again_at).await;
            let latest = deadline.map_or(again_at + FAR, |deadline| deadline - CALL);
            match self
                .watchlist
                .reserve_slots(&self.settings.pace, 1, self.clock.wall(), latest)
                .await?
            {
                Slots::From(slot) => self.clock.sleep_until(slot).await,
                Slots::TooLate(_) => return Ok(Asked::OutOfTime),
            }
            let month = Month::of(self.clock.now());
            if self
                .watchlist
                .spend(month, 1, self.settings.monthly_budget)
                .await?
                == 0
            {
                return Ok(Asked::OutOfBudget);
            }
        }
    }

    /// Writes a look down. If the record has changed since it was read, the look is weighed anew against what it is now.
    async fn record(
        &self,
        run: &RunId,
        mut record: Record,
        finding: FastlyFinding,
    ) -> Result<Checked, CheckError> {
        let evidence = Evidence::of_fastly(self.clock.now(), finding);
        for _ in 0..ATTEMPTS_TO_RECORD {
            let Some(transition) =
                observe(&self.settings.rules, &record, evidence.clone(), Some(run))
            else {
                self.watchlist
                    .abandon_looks(std::slice::from_ref(&record.domain))
                    .await?;
                return Ok(Checked::AlreadyChecked);
            };
            match self.watchlist.record(&transition).await? {
                Written::Written => {
                    let verdict = transition.record.verdict.unwrap_or(Verdict::Unknown);
                    return Ok(Checked::Looked(verdict));
                }
                Written::Superseded => match self.watchlist.get(&record.domain).await? {
                    Some(changed) => record = changed,
                    None => return Ok(Checked::NotWatched),
                },
            }
        }
        Ok(Checked::HandedBack)
    }
}

/// How asking ended.
enum Asked {
    Answered(FastlyFinding),
    OutOfTime,
    OutOfBudget,
}

/// A batch is far smaller than `u32::MAX`.
fn count(looks: usize) -> u32 {
    u32::try_from(looks).unwrap_or(u32::MAX)
}
