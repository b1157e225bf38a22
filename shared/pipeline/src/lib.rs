#![doc = include_str!("../README.md")]

mod apply;
mod at_use;
mod check;
mod clock;
mod dispatch;
mod document;
mod queue;
mod restore;

pub use apply::{Applied, Applier, ApplyError, Decision, Planned, Waiting};
pub use at_use::{
    AtUse, FromRecord, MAX_AGE, Question, Unanswered, answer_by_asking, answer_from_record,
};
pub use check::{CheckError, CheckSettings, Checked, Checker, Deadline};
pub use clock::Clock;
pub use dispatch::{DispatchError, Dispatched, Dispatcher};
pub use document::restored_document;
pub use queue::{CheckMessage, MessageError, Queue, QueueError};
pub use restore::Restored;
