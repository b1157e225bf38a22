//! Apply: what is confirmed and pending is un-verified, as far as the breaker lets it. No address is un-verified anywhere
//! else.

use jiff::SignedDuration;
use lapsewatch_core::{
    Breaker, Candidate, Confirmation, DomainName, Evidence, HeldPlan, Left, Limit,
    MAX_AGE_AFTER_WAITING, PlanId, PlanState, Refusal, Timestamp, UnverifyOrder, Verdict,
    plan_candidate,
};
use lapsewatch_directory::{Directory, DirectoryError};
use lapsewatch_watchlist::{Watchlist, WatchlistError, Written};

use crate::Clock;

/// Carries plans out.
#[derive(Debug)]
pub struct Applier<W, D> {
    /// What is known of each domain.
    pub watchlist: W,
    /// Where the addresses live.
    pub directory: D,
    /// When a plan is too large to go through without a person.
    pub breaker: Breaker,
    /// How old the newest look may be that a plan rests upon.
    pub max_evidence_age: SignedDuration,
    /// The host's time.
    pub clock: Clock,
    /// When to take no further domain up, in real time; the next plan goes on.
    pub deadline: Option<Timestamp>,
}

/// What a plan does, or would do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// Domains at which addresses are un-verified.
    pub unverified: Vec<Planned>,
    /// Domains that wait for a person.
    pub waiting: Vec<Waiting>,
    /// The limits that the new plan exceeds.
    pub exceeded: Vec<Limit>,
    /// Domains left alone for now, and why.
    pub left_alone: Vec<(DomainName, Decision)>,
}

/// One domain of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The plan; `None` where nothing is written yet.
    pub plan: Option<PlanId>,
    /// The domain.
    pub domain: DomainName,
    /// Why.
    pub verdict: Verdict,
    /// How many addresses.
    pub addresses: u64,
    /// Which are left alone.
    pub left: Vec<Left>,
    /// What makes it certain.
    pub confirmation: Confirmation,
    /// The looks that prove it, oldest first.
    pub evidence: Vec<Evidence>,
}

/// A domain that waits for a person to release its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The plan; `None` where nothing is written yet.
    pub plan: Option<PlanId>,
    /// The domain.
    pub domain: DomainName,
    /// Why it would be un-verified.
    pub verdict: Verdict,
}

/// Why a pending domain is left alone for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The newest look spoke against the loss; one that shows it again comes first.
    Doubted {
        /// When it was taken.
        observed_at: Timestamp,
    },
    /// The newest evidence is too old; a fresh look comes first.
    Stale {
        /// When it was taken.
        observed_at: Timestamp,
    },
    /// The record changed while the plan was carried out; the next plan sees it as it is then.
    Changed,
    /// There was no time left; the next plan goes on with it.
    OutOfTime,
}

/// Why a plan could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The watchlist failed.
    #[error(transparent)]
    Watchlist(#[from] WatchlistError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// No such plan.
    #[error("there is no held plan {plan}; `lapsewatch apply` names the plan that it holds")]
    NoSuchPlan {
        /// The name asked for.
        plan: PlanId,
    },
    /// No domain belongs to a plan of that name.
    #[error(
        "there is no plan {plan}; `lapsewatch show DOMAIN` names the plan that un-verified a domain's addresses"
    )]
    NothingToRestore {
        /// The name asked for.
        plan: PlanId,
    },
}

/// The pending domains, sorted by what may happen to them.
struct Sorted {
    /// Ruled on before, in a plan that is released or was interrupted: they go on.
    ruled: Vec<Candidate>,
    /// Waiting in a held plan.
    held: Vec<Candidate>,
    /// New: the breaker has not ruled on them.
    new: Vec<Candidate>,
    left_alone: Vec<(DomainName, Decision)>,
}

impl<W: Watchlist, D: Directory> Applier<W, D> {
    /// Exactly what `apply` would do now; writes nothing.
    pub async fn plan(&self) -> Result<Applied, ApplyError> {
        let sorted = self.sorted().await?;
        let ruling = self
            .breaker
            .rule(sorted.new, self.watchlist.tally(self.clock.now()).await?);
        let mut report = Applied {
            exceeded: ruling.exceeded,
            left_alone: sorted.left_alone,
            ..Applied::default()
        };
        for candidate in sorted.ruled.iter().chain(&ruling.through) {
            let plan = candidate.pending.plan.clone();
            let order = self.order(
                candidate,
                &plan
                    .clone()
                    .unwrap_or_else(|| PlanId::new(self.clock.now())),
            );
            let outcome = self.directory.preview(&order).await?;
            report.unverified.push(planned(candidate, plan, outcome));
        }
        report.waiting = sorted
            .held
            .iter()
            .chain(&ruling.waiting)
            .map(waiting)
            .collect();
        Ok(report)
    }

    /// Un-verifies what is pending, as far as the breaker lets it; holds the rest under the name of a plan.
    pub async fn apply(&self) -> Result<Applied, ApplyError> {
        let sorted = self.sorted().await?;
        let now = self.clock.now();
        let plan = PlanId::new(now);
        let ruling = self
            .breaker
            .rule(sorted.new, self.watchlist.tally(now).await?);
        let mut report = Applied {
            left_alone: sorted.left_alone,
            ..Applied::default()
        };
        for candidate in sorted.ruled.into_iter().chain(ruling.through) {
            self.carry_out(candidate, &plan, &mut report).await?;
        }
        report.waiting = sorted.held.iter().map(waiting).collect();
        if !ruling.waiting.is_empty() {
            self.hold(plan, ruling.waiting, ruling.exceeded, &mut report)
                .await?;
        }
        self.count(&report).await?;
        Ok(report)
    }

    /// A person lets a held plan through: carries it out, whatever the breaker said. Released twice, it goes on where it
    /// was.
    pub async fn release(&self, plan: &PlanId) -> Result<Applied, ApplyError> {
        let now = self.clock.now();
        let held = self.watchlist.plan(plan).await?;
        let held = held.ok_or_else(|| ApplyError::NoSuchPlan { plan: plan.clone() })?;
        match held.state {
            PlanState::Held => {
                let state = PlanState::Released { released_at: now };
                self.watchlist
                    .save_plan(&HeldPlan { state, ..held })
                    .await?;
            }
            PlanState::Released { .. } => {}
        }
        let sorted = self.sorted().await?;
        let mut report = Applied {
            left_alone: sorted.left_alone,
            ..Applied::default()
        };
        for candidate in sorted.ruled {
            if candidate.pending.plan.as_ref() == Some(plan) {
                self.carry_out(candidate, plan, &mut report).await?;
            }
        }
        self.count(&report).await?;
        Ok(report)
    }

    async fn sorted(&self) -> Result<Sorted, ApplyError> {
        let mut sorted = Sorted {
            ruled: vec![],
            held: vec![],
            new: vec![],
            left_alone: vec![],
        };
        let mut after = None;
        loop {
            let page = self.watchlist.pending(after.as_ref()).await?;
            for record in page.items {
                let domain = record.domain.clone();
                match plan_candidate(record, self.max_evidence_age, self.clock.now()) {
                    Ok(candidate) => match self.ruled(&candidate).await? {
                        None => sorted.new.push(candidate),
                        Some(PlanState::Held) => sorted.held.push(candidate),
                        Some(PlanState::Released { .. }) => {
                            let observed_at = candidate.shown_at();
                            let age = self.clock.now().duration_since(observed_at);
                            if age > MAX_AGE_AFTER_WAITING {
                                let stale = Decision::Stale { observed_at };
                                sorted.left_alone.push((domain, stale));
                            } else {
                                sorted.ruled.push(candidate);
                            }
                        }
                    },
                    Err(Refusal::Doubted { observed_at }) => {
                        sorted
                            .left_alone
                            .push((domain, Decision::Doubted { observed_at }));
                    }
                    Err(Refusal::Stale { observed_at }) => {
                        sorted
                            .left_alone
                            .push((domain, Decision::Stale { observed_at }));
                    }
                    Err(Refusal::NotPending) => {}
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(sorted);
            }
        }
    }

    /// Where the plan stands that has taken a candidate up; a plan that was never held counts as released.
    async fn ruled(&self, candidate: &Candidate) -> Result<Option<PlanState>, ApplyError> {
        let Some(plan) = &candidate.pending.plan else {
            return Ok(None);
        };
        let released_at = candidate.pending.since;
        let state = self.watchlist.plan(plan).await?.map(|held| held.state);
        Ok(Some(state.unwrap_or(PlanState::Released { released_at })))
    }

    /// Takes a candidate up, un-verifies, marks it applied. Whatever instruction it dies at, the next plan goes on under
    /// the same name and counts nothing twice.
    async fn carry_out(
        &self,
        candidate: Candidate,
        plan: &PlanId,
        report: &mut Applied,
    ) -> Result<(), ApplyError> {
        let now = self.clock.now();
        if self
            .deadline
            .is_some_and(|deadline| self.clock.wall() >= deadline)
        {
            report
                .left_alone
                .push((candidate.record.domain, Decision::OutOfTime));
            return Ok(());
        }
        let (plan, candidate) = match candidate.pending.plan.clone() {
            Some(plan) if self.is_unchanged(&candidate).await? => (plan, candidate),
            Some(_) => {
                report
                    .left_alone
                    .push((candidate.record.domain, Decision::Changed));
                return Ok(());
            }
            None => match self.take_up(candidate, plan).await? {
                Ok(candidate) => (plan.clone(), candidate),
                Err(domain) => {
                    report.left_alone.push((domain, Decision::Changed));
                    return Ok(());
                }
            },
        };
        let outcome = self
            .directory
            .unverify(&self.order(&candidate, &plan))
            .await?;
        match self
            .watchlist
            .record(&candidate.applied(&plan, &outcome, now))
            .await?
        {
            Written::Written => report
                .unverified
                .push(planned(&candidate, Some(plan), outcome)),
            Written::Superseded => {
                report
                    .left_alone
                    .push((candidate.record.domain, Decision::Changed));
            }
        }
        Ok(())
    }

    /// Whether a candidate that was taken up before is still as it was when the plan was sorted: a look may have cleared it since.
    async fn is_unchanged(&self, candidate: &Candidate) -> Result<bool, ApplyError> {
        let now = self.watchlist.get(&candidate.record.domain).await?;
        Ok(now.is_some_and(|record| record.revision == candidate.record.revision))
    }

    /// The candidate as the plan's, or its domain if the record has changed meanwhile.
    async fn take_up(
        &self,
        candidate: Candidate,
        plan: &PlanId,
    ) -> Result<Result<Candidate, DomainName>, ApplyError> {
        let transition = candidate.taken_up(plan, self.clock.now());
        Ok(
            match (
                self.watchlist.record(&transition).await?,
                transition.record.pending.clone(),
            ) {
                (Written::Written, Some(pending)) => Ok(Candidate {
                    record: transition.record,
                    pending,
                }),
                (Written::Written, None) | (Written::Superseded, _) => Err(candidate.record.domain),
            },
        )
    }

    async fn hold(
        &self,
        plan: PlanId,
        candidates: Vec<Candidate>,
        exceeded: Vec<Limit>,
        report: &mut Applied,
    ) -> Result<(), ApplyError> {
        // The plan is named after the one that went through, so that restoring one does not touch the other.
        let id = PlanId::from_stored(format!("{plan}-held"));
        let held = HeldPlan {
            id: id.clone(),
            held_at: self.clock.now(),
            domains: candidates.len() as u64,
            exceeded: exceeded.clone(),
            state: PlanState::Held,
        };
        // First the plan, then its members: a candidate of a plan that is not stored would count as released.
        self.watchlist.save_plan(&held).await?;
        for candidate in candidates {
            match self.take_up(candidate, &id).await? {
                Ok(candidate) => report.waiting.push(waiting(&candidate)),
                Err(domain) => report.left_alone.push((domain, Decision::Changed)),
            }
        }
        report.exceeded = exceeded;
        Ok(())
    }

    async fn count(&self, report: &Applied) -> Result<(), ApplyError> {
        if !report.unverified.is_empty() {
            self.watchlist
                .count_unverified(report.unverified.len() as u64, self.clock.now())
                .await?;
        }
        Ok(())
    }

    fn order(&self, candidate: &Candidate, plan: &PlanId) -> UnverifyOrder {
        UnverifyOrder {
            plan: plan.clone(),
            domain: candidate.record.domain.clone(),
            verdict: candidate.pending.verdict,
            verified_before: candidate.pending.verified_before,
            evidence: candidate.pending.evidence.clone(),
            at: self.clock.now(),
        }
    }
}

fn planned(
    candidate: &Candidate,
    plan: Option<PlanId>,
    outcome: lapsewatch_core::Outcome,
) -> Planned {
    Planned {
        plan,
        domain: candidate.record.domain.clone(),
        verdict: candidate.pending.verdict,
        addresses: outcome.addresses,
        left: outcome.left,
        confirmation: candidate.pending.confirmation,
        evidence: candidate.pending.evidence.clone(),
    }
}

fn waiting(candidate: &Candidate) -> Waiting {
    Waiting {
        plan: candidate.pending.plan.clone(),
        domain: candidate.record.domain.clone(),
        verdict: candidate.pending.verdict,
    }
}
