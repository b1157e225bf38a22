//! What the pipeline and the account store say to each other. No e-mail address is part of it.

use serde::{Deserialize, Serialize};

use crate::{DomainName, Evidence, PlanId, Timestamp, Verdict};

/// A domain that stands behind at least one verified address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedDomain {
    /// The domain.
    pub domain: DomainName,
    /// When the earliest of the addresses that are verified was verified, if known.
    pub earliest_verified_at: Option<Timestamp>,
}

/// Un-verify the addresses at a domain that the evidence covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifyOrder {
    /// The plan it belongs to. The same order twice changes nothing the second time and reports the same count.
    pub plan: PlanId,
    /// The domain.
    pub domain: DomainName,
    /// Why.
    pub verdict: Verdict,
    /// Only addresses verified before this time. Of those verified at a time nobody knows, see
    /// [`covers_undated`](Self::covers_undated).
    pub verified_before: Timestamp,
    /// The looks that prove it, oldest first.
    pub evidence: Vec<Evidence>,
    /// When the order is given.
    pub at: Timestamp,
}

impl UnverifyOrder {
    /// Whether addresses verified at a time nobody knows are covered, whenever they came: who loses a domain loses it for all
    /// of them. A domain that was registered again has an owner, and only those addresses are not his that were there before:
    /// of one without a date it has to be known that it was in the directory by then.
    pub fn covers_undated(&self) -> bool {
        match self.verdict {
            Verdict::Lapsing | Verdict::Lapsed => true,
            Verdict::Held | Verdict::Resurrected { .. } | Verdict::Unknown => false,
        }
    }
}

/// Verify again what a plan un-verified at a domain and nobody has touched since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreOrder {
    /// The plan to undo.
    pub plan: PlanId,
    /// The domain.
    pub domain: DomainName,
    /// When the order is given.
    pub at: Timestamp,
}

/// What an order did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Addresses changed by this plan, whether by this call or an earlier one.
    pub addresses: u64,
    /// Addresses that were left alone, by reason.
    pub left: Vec<Left>,
}

/// Addresses that an order left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Why.
    pub reason: LeftReason,
    /// How many.
    pub addresses: u64,
}

/// Why an order left an address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftReason {
    /// It was verified at or after the time that the evidence covers.
    VerifiedSince,
    /// Nobody knows when it was verified, nor that it was there before the domain was registered again.
    Undated,
    /// It was not verified to begin with.
    NotVerified,
    /// It has been verified, un-verified or otherwise changed since the plan (restore only).
    ChangedSince,
}
