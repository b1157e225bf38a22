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
            Self::Resurrected { registered_at } => Some(LossKind::Resurrected { registered_at }),
            Self::Held | Self::Unknown => None,
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

/// How far a loss has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LossKind {
    /// In redemption or pending delete.
    Lapsing,
    /// Deleted.
    Lapsed,
    /// Registered again.
    Resurrected {
        /// When.
        registered_at: Timestamp,
    },
}

impl LossKind {
    /// Whether a loss that has gone so far can go on to `next`: a domain lapses before it has lapsed, and what has been
    /// registered again is another loss with every other date.
    pub(crate) fn can_go_on_to(self, next: Self) -> bool {
        match (self, next) {
            (Self::Lapsing, Self::Lapsing | Self::Lapsed) | (Self::Lapsed, Self::Lapsed) => true,
            (Self::Resurrected { .. }, Self::Resurrected { .. }) => self == next,
            (Self::Lapsed | Self::Resurrected { .. }, Self::Lapsing)
            | (Self::Resurrected { .. }, Self::Lapsed)
            | (Self::Lapsing | Self::Lapsed, Self::Resurrected { .. }) => false,
        }
    }
}

impl From<LossKind> for Verdict {
    fn from(kind: LossKind) -> Self {
        match kind {
            LossKind::Lapsing => Self::Lapsing,
            LossKind::Lapsed => Self::Lapsed,
            LossKind::Resurrected { registered_at } => Self::Resurrected { registered_at },
        }
    }
}
