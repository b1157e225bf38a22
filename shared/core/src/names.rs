//! The names of runs and plans.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Mode, Timestamp};

/// The name of one run of the dispatcher: the same event gives the same name, so that a doubled event does nothing twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The run of a mode that was due at a time, such as `sweep-2026-12-01T03:00:00Z`.
    pub fn new(mode: Mode, due_at: Timestamp) -> Self {
        Self(format!("{mode}-{due_at}"))
    }

    /// A name read back from a message or a store.
    pub fn from_stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Whether it is a run over what is due: the name of a run begins with its mode.
    pub fn is_of_what_is_due(&self) -> bool {
        self.0.starts_with(&format!("{}-", Mode::Due))
    }

    /// Whether it is about named domains: somebody waits for the answer, and relies on it.
    pub fn is_of_named_domains(&self) -> bool {
        self.0.starts_with(&format!("{}-", Mode::Domains))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one plan, by which a person releases or restores it, such as `plan-20261124-001559-482`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(String);

impl PlanId {
    /// The plan made at a time, to the millisecond.
    pub fn new(made_at: Timestamp) -> Self {
        Self(format!("plan-{}", made_at.strftime("%Y%m%d-%H%M%S-%3f")))
    }

    /// A name read back from a person or a store.
    pub fn from_stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
