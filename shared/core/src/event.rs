//! The audit trail: what happened to a domain, when, and on what evidence. Append-only.

use serde::{Deserialize, Serialize};

use crate::{Confirmation, DomainName, Evidence, Left, PlanId, Risk, RunId, Timestamp, Verdict};

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The domain it is about.
    pub domain: DomainName,
    /// When it happened.
    pub at: Timestamp,
    /// Which change of the record it belongs to: with the time, its name.
    pub revision: u64,
    /// The run it happened in, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// A look said something else than the one before, with the same verdict.
    Observed {
        /// The look.
        evidence: Evidence,
    },
    /// A look changed the verdict.
    VerdictChanged {
        /// The verdict before; `None` if this was the first look.
        from: Option<Verdict>,
        /// The verdict now.
        to: Verdict,
        /// The look.
        evidence: Evidence,
    },
    /// A look confirmed a loss: the addresses at the domain wait to be un-verified.
    Confirmed {
        /// The loss.
        loss: Verdict,
        /// What confirmed it.
        confirmation: Confirmation,
        /// The looks that prove it, oldest first.
        evidence: Vec<Evidence>,
    },
    /// The domain may be lost, and its owner can still do something about it: time to write to him.
    DomainAtRisk {
        /// The weightiest sign.
        risk: Risk,
        /// When its term ends or has ended, if the registry tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// A plan took the un-verification up.
    Planned {
        /// The plan.
        plan: PlanId,
    },
    /// Addresses were un-verified.
    Unverified {
        /// By which plan.
        plan: PlanId,
        /// For which loss.
        loss: Verdict,
        /// How many.
        addresses: u64,
        /// Which were left alone, and why.
        left: Vec<Left>,
        /// The looks that prove the loss, oldest first.
        evidence: Vec<Evidence>,
    },
    /// Addresses that a plan had un-verified were verified again.
    Restored {
        /// The plan that was undone.
        plan: PlanId,
        /// How many.
        addresses: u64,
        /// Which were left alone, and why.
        left: Vec<Left>,
    },
}
