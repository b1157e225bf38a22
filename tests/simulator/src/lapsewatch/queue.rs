//! The way from the dispatcher to the checker: straight.

use std::sync::Arc;

use lapsewatch_pipeline::{CheckMessage, Deadline, Queue, QueueError};

use super::SimulatedChecker;

/// Messages that are checked at once.
const BATCH: usize = 100;

/// A queue that has every message checked before the next are sent.
pub(super) struct Straight {
    checker: Arc<SimulatedChecker>,
}

impl Straight {
    pub(super) fn to(checker: &Arc<SimulatedChecker>) -> Self {
        Self {
            checker: Arc::clone(checker),
        }
    }
}

impl Queue for Straight {
    const DURABLE: bool = false;

    async fn send(&self, messages: Vec<CheckMessage>) -> Result<(), QueueError> {
        for batch in messages.chunks(BATCH) {
            let checked = self.checker.check(batch, Deadline::Open).await;
            checked.map_err(|error| QueueError {
                source: Box::new(error),
            })?;
        }
        Ok(())
    }

    async fn drained(&self) -> Result<(), QueueError> {
        Ok(())
    }
}
