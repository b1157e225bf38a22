//! What the three functions have in common: the time they have, batches of messages, and how a failure is told.

mod batch;

use anyhow::Result;
use jiff::SignedDuration;
use lambda_runtime::{BoxFuture, Context, Diagnostic};
use lapsewatch_core::Timestamp;
use serde_json::Value;

pub use batch::{Message, batch, batch_response};

/// When to stop: so long before Lambda's own time limit, in real time.
pub fn stop_at(context: &Context, before: SignedDuration) -> Timestamp {
    let limit = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    let limit = Timestamp::from_millisecond(limit).unwrap_or(Timestamp::MAX);
    limit - before
}

/// The answer to an event. A failure becomes what Lambda reports: one sentence with all its causes, which is logged too.
///
/// Its type is erased: the compiler would otherwise carry the type of all that is awaited into each `main`.
pub fn answered<'a>(
    answer: impl Future<Output = Result<Value>> + Send + 'a,
) -> BoxFuture<'a, Result<Value, Diagnostic>> {
    Box::pin(async move {
        answer.await.map_err(|error| {
            let said = format!("{error:#}");
            tracing::error!("{said}");
            Diagnostic {
                error_type: "Failed".to_owned(),
                error_message: said,
            }
        })
    })
}
