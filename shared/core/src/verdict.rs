//! What the evidence about a domain amounts to.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The verdict on a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Registered, no sign of expiry.
    Held,
    /// Past expiry; its owner can still restore it.
    Lapsing,
    /// Deleted: anyone can register it.
    Lapsed,
    /// Registered again after an address at it was verified.
    Resurrected {
        /// When the present owner registered it.
        registered_at: Timestamp,
    },
    /// The sources did not answer, or contradict each other.
    Unknown,
}

impl Verdict {
    /// The loss that the verdict states, if it states one.
    pub fn loss(self) -> Option<LossKind> {
        match self {
            Self::Lapsing => Some(LossKind::Lapsing),
            Self::Lapsed => Some(LossKind::Lapsed),
            Self::Held | Self::Resurrected { .. } | Self::Unknown => None,
        }
    }

    /// The verdict's name, as in `lapsed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Lapsing => "lapsing",
            Self::Lapsed => "lapsed",
            Self::Resurrected { .. } => "resurrected",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a loss has gone. Ordered: a domain lapses before it has lapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// In redemption or pending delete.
    Lapsing,
    /// Deleted.
    Lapsed,
}

impl From<LossKind> for Verdict {
    fn from(kind: LossKind) -> Self {
        match kind {
            LossKind::Lapsing => Self::Lapsing,
            LossKind::Lapsed => Self::Lapsed,
        }
    }
}
