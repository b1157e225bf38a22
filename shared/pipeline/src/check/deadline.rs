//! Until when checks may go on.

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;

/// Until when work may go on, in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// As long as it takes.
    Open,
    /// What cannot have ended by then is handed back.
    End(Timestamp),
    /// What cannot have begun by then is handed back; what has begun goes on, even if nobody waits for it any more.
    Begin(Timestamp),
}

impl Deadline {
    /// The latest time at which something that `takes` so long may begin; `None`: at any time.
    pub(super) fn latest(self, takes: SignedDuration) -> Option<Timestamp> {
        match self {
            Self::Open => None,
            Self::End(end) => Some(end - takes),
            Self::Begin(begin) => Some(begin),
        }
    }
}
