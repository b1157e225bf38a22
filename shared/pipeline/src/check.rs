//! Check: a look at each domain of a batch, paid, paced, recorded; or a glance where that is enough.

mod deadline;
mod glance;
mod look;
mod tasks;
mod witnesses;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use backon::ExponentialBuilder;
use jiff::SignedDuration;
use lapsewatch_core::{DomainName, Gcra, Month, Paced, Rules, RunId, Timestamp, Verdict};
use lapsewatch_sources::{DnsSource, LookError, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Checks, Look, Slots, Watchlist, WatchlistError};

pub use self::deadline::Deadline;
use self::look::ToLook;
use self::tasks::{Panicked, Tasks};
use crate::{CheckMessage, Clock};

/// How long after a process was last seen at work on a look another may take it over.
const LOOK_LEASE: SignedDuration = SignedDuration::from_secs(180);
/// How often the leases are extended meanwhile.
const EXTEND_LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The longest one call takes: the service's own cap of 30 s and a little.
const CALL: SignedDuration = SignedDuration::from_secs(32);
/// How far ahead a slot may be where there is no deadline.
const FAR: SignedDuration = SignedDuration::from_secs(60);
/// How often a look is weighed anew when the record has changed meanwhile.
const ATTEMPTS_TO_RECORD: usize = 3;

/// Looks at domains.
#[derive(Debug)]
pub struct Checker<W, S, R, D> {
    /// What is known of each domain.
    pub watchlist: W,
    /// Who is asked, for money; `()` where nobody can be: then it glances, and takes no looks.
    pub source: S,
    /// The registries, the second witness.
    pub registry: R,
    /// The DNS, the third.
    pub dns: D,
    /// How.
    pub settings: CheckSettings,
    /// The host's time.
    pub clock: Clock,
}

impl<W: Clone, S, R: Clone, D: Clone> Checker<W, S, R, D> {
    /// The same checker with somebody else to ask for money.
    pub fn with_source<T>(&self, source: T) -> Checker<W, T, R, D> {
        Checker {
            watchlist: self.watchlist.clone(),
            source,
            registry: self.registry.clone(),
            dns: self.dns.clone(),
            settings: self.settings,
            clock: self.clock,
        }
    }
}

/// By which rules, how fast and for how much.
#[derive(Clone, Copy, Debug)]
pub struct CheckSettings {
    /// From evidence to verdict and the next look.
    pub rules: Rules,
    /// The pace of the whole fleet at Fastly.
    pub pace: Gcra,
    /// The pace of the whole fleet at each registry's server.
    pub registry_pace: Gcra,
    /// Paid calls a month.
    pub monthly_budget: u64,
    /// The delays between attempts at one call.
    pub retries: ExponentialBuilder,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The domain was looked at and the look recorded.
    Looked(Verdict),
    /// It was glanced at, which cost nothing, and not looked at: that was enough, or there was no budget for more.
    Glanced,
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

impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    S: StatusSource + Send + Sync + 'static,
    R: RegistrySource,
    D: DnsSource,
{
    /// Checks the messages of a batch, all at once along the pace, and answers for each in their order.
    pub async fn check(
        self: &Arc<Self>,
        messages: &[CheckMessage],
        deadline: Deadline,
    ) -> Result<Vec<Checked>, CheckError> {
        let mut answers = Vec::with_capacity(messages.len());
        for of_one_run in messages.chunk_by(|one, next| one.run == next.run) {
            let run = &of_one_run[0].run;
            let domains: Vec<_> = of_one_run
                .iter()
                .map(|message| message.domain.clone())
                .collect();
            // It is large; a caller holds it in a future of his own.
            let checking = Box::pin(self.check_domains(run, &domains, deadline));
            answers.extend(checking.await?);
        }
        Ok(answers)
    }

    async fn check_domains(
        self: &Arc<Self>,
        run: &RunId,
        domains: &[DomainName],
        deadline: Deadline,
    ) -> Result<Vec<Checked>, CheckError> {
        let wall = self.clock.wall();
        let begun = self
            .watchlist
            .begin_looks(domains, run, wall, wall + LOOK_LEASE)
            .await?;
        let leased: Vec<_> = begun.iter().filter_map(Self::domain_begun).collect();
        self.keep_leased(&leased, self.check_begun(run, begun, deadline))
            .await
    }

    fn domain_begun(look: &Look) -> Option<DomainName> {
        match look {
            Look::Begun(record) => Some(record.domain.clone()),
            Look::AlreadyChecked | Look::InProgress | Look::NotWatched => None,
        }
    }

    /// Keeps what was begun leased for as long as the work takes: where a pace is held for hours, others must not pay for the same
    /// looks meanwhile.
    async fn keep_leased<T>(&self, domains: &[DomainName], work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            let extend_at = self.clock.wall() + EXTEND_LEASE;
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = self.clock.sleep_until(extend_at) => {}
            }
            let lease_until = self.clock.wall() + LOOK_LEASE;
            // At worst somebody pays once more; the work itself must go on.
            if let Err(error) = self.watchlist.extend_looks(domains, lease_until).await {
                tracing::warn!("leases of looks could not be extended: {error}");
            }
        }
    }

    async fn check_begun(
        self: &Arc<Self>,
        run: &RunId,
        begun: Vec<Look>,
        deadline: Deadline,
    ) -> Result<Vec<Checked>, CheckError> {
        let mut answers: Vec<Checked> = begun.iter().map(Self::without_a_look).collect();
        let begun = self.still_due(run, begun, &mut answers).await?;
        let begun = begun
            .into_iter()
            .enumerate()
            .filter_map(|(index, look)| match look {
                Look::Begun(record) => Some((index, *record)),
                Look::AlreadyChecked | Look::InProgress | Look::NotWatched => None,
            });
        let mut to_look = self
            .glance_first(run, begun.collect(), deadline, &mut answers)
            .await?;
        let month = Month::of(self.clock.now());
        // What is due is sent whatever the budget: with nothing left, a slot would be waited for in vain. A glance costs nothing.
        if run.is_of_what_is_due() && !to_look.is_empty() && self.is_spent(month).await? {
            let unpaid = self
                .glance_instead(run, to_look, deadline, &mut answers)
                .await?;
            self.leave_over_budget(run, &unpaid, &mut answers).await?;
            return Ok(answers);
        }
        let Some(first_slot) = self.reserve(run, &to_look, deadline).await? else {
            return Ok(answers);
        };
        let paid = self
            .watchlist
            .spend(month, count(to_look.len()), self.settings.monthly_budget)
            .await?;
        let unpaid = to_look.split_off(paid as usize);
        self.leave_over_budget(run, &unpaid, &mut answers).await?;
        self.look_at_all(run, to_look, first_slot, deadline, &mut answers)
            .await?;
        Ok(answers)
    }

    async fn is_spent(&self, month: Month) -> Result<bool, WatchlistError> {
        Ok(self.watchlist.spent(month).await? >= self.settings.monthly_budget)
    }

    /// Answers for what there is no budget for, and gives its leases back: it stays due.
    async fn leave_over_budget(
        &self,
        run: &RunId,
        unpaid: &[ToLook],
        answers: &mut [Checked],
    ) -> Result<(), WatchlistError> {
        for one in unpaid {
            answers[one.index] = Checked::OverBudget;
        }
        self.leave(run, unpaid).await
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
        run: &RunId,
        to_look: &[ToLook],
        deadline: Deadline,
    ) -> Result<Option<Timestamp>, WatchlistError> {
        if to_look.is_empty() {
            return Ok(None);
        }
        loop {
            let wall = self.clock.wall();
            let slots = count(to_look.len());
            let latest = deadline.latest(CALL + self.settings.pace.span(slots));
            match (
                self.watchlist
                    .reserve_slots(
                        &Paced::Fastly,
                        &self.settings.pace,
                        slots,
                        wall,
                        latest.unwrap_or(wall + FAR),
                    )
                    .await?,
                latest,
            ) {
                (Slots::From(first), _) => return Ok(Some(first)),
                (Slots::TooLate(_), Some(_)) => {
                    self.leave(run, to_look).await?;
                    return Ok(None);
                }
                // Without a deadline there is time.
                (Slots::TooLate(first), None) => {
                    self.clock.sleep_until(first.min(wall + FAR)).await;
                }
            }
        }
    }

    async fn look_at_all(
        self: &Arc<Self>,
        run: &RunId,
        to_look: Vec<ToLook>,
        first_slot: Timestamp,
        deadline: Deadline,
        answers: &mut [Checked],
    ) -> Result<(), CheckError> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut looks = Tasks::new();
        let mut unlooked: HashMap<_, _> =
            to_look.iter().map(|one| (one.index, one.left())).collect();
        let slots = self.settings.pace.slots(first_slot, count(to_look.len()));
        for (to_look, slot) in to_look.into_iter().zip(slots) {
            let (checker, run, stop) = (Arc::clone(self), run.clone(), Arc::clone(&stop));
            let (index, domain) = (to_look.index, to_look.record.domain.clone());
            looks.spawn(index, domain, async move {
                checker.look(&run, to_look, slot, deadline, &stop).await
            });
        }
        let mut failure = None;
        let mut unfinished = Vec::new();
        let mut checks = Checks::default();
        while let Some((index, _, outcome)) = looks.next().await {
            let outcome = outcome
                .unwrap_or_else(|Panicked| Ok(Checked::Failed("the look panicked".to_owned())));
            match outcome {
                Ok(checked) => {
                    match &checked {
                        Checked::Looked(verdict) => {
                            checks.checked += 1;
                            checks.unknown += u64::from(*verdict == Verdict::Unknown);
                        }
                        Checked::Glanced | Checked::AlreadyChecked | Checked::NotWatched => {}
                        Checked::InProgress
                        | Checked::OverBudget
                        | Checked::HandedBack
                        | Checked::Failed(_) => {
                            unfinished.extend(unlooked.remove(&index));
                        }
                    }
                    answers[index] = checked;
                }
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    unfinished.extend(unlooked.remove(&index));
                    failure.get_or_insert(error);
                }
            }
        }
        self.give_back(run, unfinished).await?;
        if checks != Checks::default() {
            self.watchlist
                .count_checks(run, checks, self.clock.now())
                .await?;
        }
        failure.map_or(Ok(()), Err)
    }
}

/// A batch is far smaller than `u32::MAX`.
fn count(looks: usize) -> u32 {
    u32::try_from(looks).unwrap_or(u32::MAX)
}
