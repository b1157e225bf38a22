//! What the three functions have in common: the time they have, batches of messages, and how a failure is told.

mod batch;

use anyhow::Error;
use jiff::SignedDuration;
use lambda_runtime::{Context, Diagnostic};
use lapsewatch_core::Timestamp;

pub use batch::{Message, batch, batch_response};

/// When to stop: so long before Lambda's own time limit, in real time.
pub fn stop_at(context: &Context, before: SignedDuration) -> Timestamp {
    let limit = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    let limit = Timestamp::from_millisecond(limit).unwrap_or(Timestamp::MAX);
    limit - before
}

/// A failure as Lambda reports it: one sentence with all its causes, which is logged too.
pub fn failure(error: &Error) -> Diagnostic {
    let said = format!("{error:#}");
    tracing::error!("{said}");
    Diagnostic {
        error_type: "Failed".to_owned(),
        error_message: said,
    }
}
