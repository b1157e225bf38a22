//! One run of the dispatcher and how far it has come.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Cursor, RunId, Timestamp};

/// What a run sends to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every domain of the directory.
    Sweep,
    /// What is due.
    Due,
    /// Named domains.
    Domains,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sweep => "sweep",
            Self::Due => "due",
            Self::Domains => "domains",
        })
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// What it sends.
    pub mode: Mode,
    /// When it started.
    pub started_at: Timestamp,
    /// When everything had been sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// How far it has come.
    pub stage: Stage,
    /// What it has done so far.
    #[serde(default)]
    pub counters: Counters,
}

impl Run {
    /// A run at its beginning. Only a sweep reads the directory; the others begin at sending.
    pub fn new(id: RunId, mode: Mode, started_at: Timestamp) -> Self {
        let stage = match mode {
            Mode::Sweep => Stage::Sync { after: None },
            Mode::Due | Mode::Domains => Stage::Send { after: None },
        };
        Self {
            id,
            mode,
            started_at,
            finished_at: None,
            stage,
            counters: Counters::default(),
        }
    }
}

/// The stages of a run, each with the place where it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Taking the directory's domains onto the watchlist.
    Sync {
        /// Behind which page of the directory.
        after: Option<Cursor>,
    },
    /// Taking domains off the watchlist that have left the directory.
    Forget {
        /// Behind which page of the watchlist.
        after: Option<Cursor>,
    },
    /// Sending domains to be checked, the riskiest first.
    Send {
        /// Behind which page of the watchlist.
        after: Option<Cursor>,
    },
    /// All sent.
    Done,
}

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Domains taken from the directory.
    pub synced: u64,
    /// Domains taken off the watchlist.
    pub forgotten: u64,
    /// Domains sent to be checked.
    pub sent: u64,
    /// Domains that did not fit this month's budget and wait.
    pub waiting: u64,
    /// Domains looked at.
    pub checked: u64,
    /// Looks that ended `Unknown`.
    pub unknown: u64,
}
