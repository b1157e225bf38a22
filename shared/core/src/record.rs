//! What is known of one domain.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    Background, DnsFinding, DomainName, Evidence, LossKind, PlanId, RunId, Timestamp, Verdict,
};

/// Longer than any backlog: who is losing a domain does not wait behind a year's.
const AHEAD_OF_OTHERS: SignedDuration = SignedDuration::from_hours(365 * 24);

/// The state of one watched domain: what the last look said, and what is under way because of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The domain.
    pub domain: DomainName,
    /// Counts the changes of this record; a change is written only over the revision that it was made from.
    pub revision: u64,
    /// When the domain came onto the watchlist.
    pub watched_since: Timestamp,
    /// When the earliest address at it that is still verified was verified, if the directory knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest_verified_at: Option<Timestamp>,
    /// The verdict; `None` before the first look.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Since when the verdict has been this one.
    pub since: Timestamp,
    /// The last look; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The loss under way, from the first look that showed it to the one that showed the domain held again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapse: Option<Lapse>,
    /// When the domain was last seen deleted, for certain, before it was registered again at a date that nobody tells: whoever
    /// verified an address before may not have it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// What is remembered beside the last look.
    #[serde(default)]
    pub background: Background,
    /// How many looks in a row ended `Unknown`.
    #[serde(default)]
    pub unknown_streak: u32,
    /// When to look again.
    pub next_check_at: Timestamp,
    /// The run that looked last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_run: Option<RunId>,
    /// The un-verification that waits to be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

impl Record {
    /// The record of a domain that has not been looked at: due at once.
    pub fn new(
        domain: DomainName,
        earliest_verified_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            domain,
            revision: 0,
            watched_since: now,
            earliest_verified_at,
            verdict: None,
            since: now,
            evidence: None,
            lapse: None,
            deleted_at: None,
            background: Background::default(),
            unknown_streak: 0,
            next_check_at: now,
            checked_run: None,
            pending: None,
        }
    }

    /// Since when somebody has relied on the domain: an address that nobody can date has been there since it was watched.
    pub fn relied_upon_since(&self) -> Timestamp {
        self.earliest_verified_at.unwrap_or(self.watched_since)
    }

    /// Whether a look shows a loss under way, or a glance the sign of one.
    fn is_suspected(&self) -> bool {
        self.lapse.is_some() || self.background.unsettled_since.is_some()
    }

    /// Whether the zone above did not have the name at the last look, or at one that proves the loss under way.
    pub(crate) fn was_out_of_the_zone(&self) -> bool {
        let first = self.lapse.as_ref().map(|lapse| &lapse.first);
        let proofs = self.pending.iter().flat_map(|pending| &pending.evidence);
        first
            .into_iter()
            .chain(proofs)
            .chain(&self.evidence)
            .any(|look| look.dns == Some(DnsFinding::NoSuchDomain))
    }

    /// Whether it looked suspended: the zone had dropped it; or a glance shows a sign that is not settled, of which the zone may be
    /// the witness.
    pub(crate) fn looked_suspended(&self) -> bool {
        let is_unsettled = self.lapse.is_none() && self.background.unsettled_since.is_some();
        is_unsettled || self.was_out_of_the_zone()
    }

    /// When anybody was last asked about the domain.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.background.asked_at.max(self.checked_at())
    }

    /// Where the domain stands in the order of what is due: with a loss under way, or the sign of one, before all others, however
    /// long those have been waiting. Never after `next_check_at`, so that nothing that is due is missed.
    pub fn due_order(&self) -> Timestamp {
        if self.is_suspected() {
            self.next_check_at - AHEAD_OF_OTHERS
        } else {
            self.next_check_at
        }
    }

    /// When the domain was last looked at.
    pub fn checked_at(&self) -> Option<Timestamp> {
        self.evidence.as_ref().map(|evidence| evidence.observed_at)
    }
}

/// A loss under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lapse {
    /// How far it has gone.
    #[serde(flatten)]
    pub kind: LossKind,
    /// The look that showed it first.
    pub first: Evidence,
    /// What confirms it; `None` while it is a suspicion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The un-verification that was applied for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
}

/// What makes a suspicion certain enough to act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// Two independent sources agree.
    TwoSources,
    /// The same was seen twice, far enough apart.
    TwoLooks,
}

/// An un-verification that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// By which plan.
    pub plan: PlanId,
    /// Addresses verified before this time were un-verified.
    pub verified_before: Timestamp,
}

/// An un-verification that waits to be applied, with all that justifies it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Why: a loss.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Since when it waits.
    pub since: Timestamp,
    /// Addresses verified before this time are covered: the time of the look that last showed the loss, or of the
    /// registration by which others have the domain now.
    pub verified_before: Timestamp,
    /// What confirmed it.
    pub confirmation: Confirmation,
    /// The looks that prove it, oldest first.
    pub evidence: Vec<Evidence>,
    /// When a look spoke against the loss, later than those that prove it: it waits until one shows the loss again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubted_at: Option<Timestamp>,
    /// The plan that has taken it up; a second attempt goes on under the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
}
