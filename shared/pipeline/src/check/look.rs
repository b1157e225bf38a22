//! One look: Fastly asked, the witnesses whose answer matters, and all of it written down.

use std::sync::atomic::{AtomicBool, Ordering};

use backon::BackoffBuilder;
use lapsewatch_core::{
    DomainName, Event, EventKind, Evidence, FastlyFinding, Month, Paced, Record, RunId, Timestamp,
    Transition, Verdict, observe, warning,
};
use lapsewatch_sources::{DnsSource, LookError, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Slots, Watchlist, WatchlistError, Written};

use super::witnesses::Witnesses;
use super::{ATTEMPTS_TO_RECORD, CALL, CheckError, Checked, Checker, Deadline, FAR};

/// A look that is to be taken.
pub(super) struct ToLook {
    /// Its place among the answers of the batch.
    pub(super) index: usize,
    /// What is known of the domain.
    pub(super) record: Record,
    /// The glance that calls for the look, if one does.
    pub(super) glimpse: Option<Glimpse>,
}

/// What a glance has heard that a look is worth.
#[derive(Clone)]
pub(super) struct Glimpse {
    /// When it began to ask.
    pub(super) observed_at: Timestamp,
    /// What was said: who has been asked is not asked again.
    pub(super) witnesses: Witnesses,
    /// To be written down if there is no look after all.
    pub(super) unlooked: Transition,
}

/// A domain that is not looked at after all, with what is then to be written down.
pub(super) struct Left {
    pub(super) domain: DomainName,
    pub(super) unlooked: Option<Transition>,
}

impl ToLook {
    pub(super) fn left(&self) -> Left {
        Left {
            domain: self.record.domain.clone(),
            unlooked: self.glimpse.as_ref().map(|one| one.unlooked.clone()),
        }
    }
}

/// How asking Fastly ended.
enum Asked {
    Answered(FastlyFinding),
    OutOfTime,
    OutOfBudget,
}

impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    S: StatusSource + Send + Sync + 'static,
    R: RegistrySource,
    D: DnsSource,
{
    /// One look, from its slot to its record.
    pub(super) async fn look(
        &self,
        run: &RunId,
        to_look: ToLook,
        slot: Timestamp,
        deadline: Deadline,
        stop: &AtomicBool,
    ) -> Result<Checked, CheckError> {
        self.wait_for(slot, deadline).await?;
        if stop.load(Ordering::Relaxed) {
            return Ok(Checked::HandedBack);
        }
        let ToLook {
            record, glimpse, ..
        } = to_look;
        // Of the time before the questions: an answer is never younger than it says, and covers no address verified since.
        let (observed_at, witnesses) = glimpse.map_or_else(
            || (self.clock.now(), Witnesses::default()),
            |glimpse| (glimpse.observed_at, glimpse.witnesses),
        );
        match self.ask(&record, deadline).await? {
            Asked::Answered(fastly) => {
                let witnesses = self
                    .beside(run, &record, &fastly, witnesses, deadline)
                    .await?;
                let evidence = Evidence {
                    observed_at,
                    fastly,
                    rdap: witnesses.rdap,
                    dns: witnesses.dns,
                };
                self.record(run, record, evidence).await
            }
            Asked::OutOfTime => Ok(Checked::HandedBack),
            Asked::OutOfBudget => Ok(Checked::OverBudget),
        }
    }

    /// Waits for a slot. One that has passed, because this process was held up, is forfeited for a new one: a delay must
    /// not become a burst. Twice at the most: on a machine that is always late, a look must still be taken.
    async fn wait_for(
        &self,
        mut slot: Timestamp,
        deadline: Deadline,
    ) -> Result<(), WatchlistError> {
        for _ in 0..2 {
            self.clock.sleep_until(slot).await;
            let wall = self.clock.wall();
            if wall <= self.settings.pace.last_use(slot) {
                return Ok(());
            }
            let latest = deadline.latest(CALL).unwrap_or(wall + FAR);
            match self
                .watchlist
                .reserve_slots(&Paced::Fastly, &self.settings.pace, 1, wall, latest)
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
    /// paid and paced here. A wish to be left alone holds the pace of the whole fleet. Where the last look ended without its
    /// answer there is one attempt: through a long outage, further ones would be paid for in vain.
    async fn ask(&self, record: &Record, deadline: Deadline) -> Result<Asked, CheckError> {
        let domain = &record.domain;
        let retries = self.settings.retries;
        let was_silent = match record.evidence.as_ref().map(|look| &look.fastly) {
            Some(FastlyFinding::NoAnswer { .. }) => record.unknown_streak > 0,
            Some(FastlyFinding::Answered { .. }) | None => false,
        };
        let mut delays = if was_silent {
            retries.with_max_times(0).build()
        } else {
            retries.build()
        };
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
                self.watchlist
                    .hold_pace(&Paced::Fastly, wall + after)
                    .await?;
            }
            let Some(delay) = delays.next() else {
                return Ok(Asked::Answered(FastlyFinding::NoAnswer { reason }));
            };
            let again_at = wall + delay.max(retry_after.unwrap_or_default());
            let latest = deadline.latest(CALL);
            if latest.is_some_and(|latest| again_at > latest) {
                return Ok(Asked::OutOfTime);
            }
            self.clock.sleep_until(again_at).await;
            let latest = latest.unwrap_or(again_at + FAR);
            match self
                .watchlist
                .reserve_slots(
                    &Paced::Fastly,
                    &self.settings.pace,
                    1,
                    self.clock.wall(),
                    latest,
                )
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
        evidence: Evidence,
    ) -> Result<Checked, CheckError> {
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
                    self.warn(&transition.record, Some(run)).await?;
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

impl<W: Watchlist, S, R, D> Checker<W, S, R, D> {
    /// Writes the warning down that a record calls for. If the record has changed meanwhile, the next look warns.
    pub(super) async fn warn(
        &self,
        record: &Record,
        run: Option<&RunId>,
    ) -> Result<(), WatchlistError> {
        let Some(transition) = warning(record, run, self.clock.now()) else {
            return Ok(());
        };
        let is_written = match self.watchlist.record(&transition).await? {
            Written::Written => true,
            Written::Superseded => false,
        };
        if let Some(Event {
            kind: EventKind::DomainAtRisk { risk, .. },
            ..
        }) = transition.event.filter(|_| is_written)
        {
            let (domain, risk) = (record.domain.as_str(), risk.name());
            tracing::warn!(domain, risk, "domain at risk");
        }
        Ok(())
    }
}
