//! What is about to be un-verified: candidates, and plans that wait for a person.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    Applied, Event, EventKind, Lease, Left, Limit, Outcome, Pending, PlanId, Record, Timestamp,
    Transition,
};

/// How old the newest look may be that a plan rests upon: a confirmed loss is looked at daily, and two looks may fail.
pub const MAX_EVIDENCE_AGE: SignedDuration = SignedDuration::from_hours(72);

/// The same for what has waited for a person: meanwhile its owner may have restored it, and the day's look comes first.
pub const MAX_AGE_AFTER_WAITING: SignedDuration = SignedDuration::from_hours(20);

/// A domain whose addresses are to be un-verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its record, with the pending un-verification that `pending` repeats.
    pub record: Record,
    /// What waits, and why.
    pub pending: Pending,
}

/// Why a pending un-verification is not carried out now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing waits any more.
    NotPending,
    /// The newest look spoke against the loss.
    Doubted {
        /// When it was taken.
        observed_at: Timestamp,
    },
    /// The newest look that shows the loss is too old to act upon.
    Stale {
        /// When it was taken.
        observed_at: Timestamp,
    },
}

/// Whether a record's pending un-verification can be carried out now: its evidence must not be older than `max_age`, and no later look
/// may speak against it.
pub fn plan_candidate(
    record: Record,
    max_age: SignedDuration,
    now: Timestamp,
) -> Result<Candidate, Refusal> {
    let pending = record.pending.clone().ok_or(Refusal::NotPending)?;
    if let Some(observed_at) = pending.doubted_at {
        return Err(Refusal::Doubted { observed_at });
    }
    let candidate = Candidate { record, pending };
    let observed_at = candidate.shown_at();
    if now.duration_since(observed_at) > max_age {
        return Err(Refusal::Stale { observed_at });
    }
    Ok(candidate)
}

impl Candidate {
    /// When the newest look was taken that shows the loss.
    pub fn shown_at(&self) -> Timestamp {
        let newest = self.pending.evidence.last();
        newest.map_or(self.pending.since, |look| look.observed_at)
    }

    /// The plan takes the un-verification up, so that a second attempt goes on under the same name.
    pub fn taken_up(&self, plan: &PlanId, now: Timestamp) -> Transition {
        let pending = Pending {
            plan: Some(plan.clone()),
            ..self.pending.clone()
        };
        let kind = EventKind::Planned { plan: plan.clone() };
        self.record
            .changed(now, kind, |record| record.pending = Some(pending))
    }

    /// The directory has carried it out.
    pub fn applied(&self, plan: &PlanId, outcome: &Outcome, now: Timestamp) -> Transition {
        let applied = Applied {
            plan: plan.clone(),
            verified_before: self.pending.verified_before,
        };
        let kind = EventKind::Unverified {
            plan: plan.clone(),
            loss: self.pending.verdict,
            addresses: outcome.addresses,
            left: outcome.left.clone(),
            evidence: self.pending.evidence.clone(),
        };
        self.record.changed(now, kind, |record| {
            record.pending = None;
            if let Some(lapse) = &mut record.lapse {
                lapse.applied = Some(applied);
            }
        })
    }
}

impl Record {
    /// A person has undone a plan: the loss, if it is one, has to be confirmed anew by two looks, and one that is over is forgotten.
    pub fn restored(
        &self,
        plan: &PlanId,
        addresses: u64,
        left: Vec<Left>,
        now: Timestamp,
    ) -> Transition {
        let kind = EventKind::Restored {
            plan: plan.clone(),
            addresses,
            left,
        };
        self.changed(now, kind, |record| {
            record.lapse = None;
            record.pending = None;
            record.deleted_at = None;
            record.next_check_at = now;
        })
    }

    fn changed(
        &self,
        now: Timestamp,
        kind: EventKind,
        change: impl FnOnce(&mut Self),
    ) -> Transition {
        let mut record = self.clone();
        record.revision += 1;
        change(&mut record);
        let event = Event {
            domain: record.domain.clone(),
            at: now,
            revision: record.revision,
            run: None,
            kind,
        };
        Transition {
            record,
            event: Some(event),
            lease: Lease::Stays,
        }
    }
}

/// A plan that the breaker has held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldPlan {
    /// Its name.
    pub id: PlanId,
    /// When it was held.
    pub held_at: Timestamp,
    /// How many domains wait in it.
    pub domains: u64,
    /// The limits it exceeds.
    pub exceeded: Vec<Limit>,
    /// Whether a person has released it.
    #[serde(flatten)]
    pub state: PlanState,
}

/// Where a held plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PlanState {
    /// It waits for a person.
    Held,
    /// A person has let it through.
    Released {
        /// When.
        released_at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answered, at, day, domain};
    use crate::{Evidence, RdapFacts, RdapFailure, RdapFinding, RdapStatus, Rules, observe};

    #[test]
    fn what_the_newest_look_spoke_against_is_not_carried_out_and_keeps_its_plan_until_it_may_be() {
        let look = |rdap, time| Evidence {
            rdap: Some(rdap),
            ..answered("active", at(time))
        };
        let redemption = |time| {
            let facts = RdapFacts {
                statuses: vec![RdapStatus::RedemptionPeriod],
                ..RdapFacts::default()
            };
            look(RdapFinding::Registered(facts), time)
        };
        let throttled = RdapFinding::NoAnswer {
            reason: RdapFailure::Throttled,
        };
        let observed = |record: &Record, look| {
            let looked = observe(&Rules::default(), record, look, None);
            looked.unwrap().record
        };
        let candidate =
            |record: &Record, time| plan_candidate(record.clone(), MAX_EVIDENCE_AGE, at(time));
        let new = Record::new(domain("example.org"), None, at(-1));
        let once = observed(&new, redemption(0));
        assert_eq!(candidate(&once, 1), Err(Refusal::NotPending));
        let twice = observed(&once, redemption(day()));
        let plan = PlanId::from_stored("plan-1");
        let taken_up = candidate(&twice, day()).unwrap().taken_up(&plan, at(day()));
        let doubted = observed(&taken_up.record, look(throttled, day() + 1));
        let observed_at = at(day() + 1);
        assert_eq!(
            candidate(&doubted, day() + 2),
            Err(Refusal::Doubted { observed_at })
        );
        let shown_again = observed(&doubted, redemption(2 * day()));
        let goes_on = candidate(&shown_again, 2 * day()).unwrap();
        assert_eq!(goes_on.pending.plan, Some(plan));
    }
}
