//! The way to the checker: an SQS queue.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use backon::{ExponentialBuilder, Retryable};
use futures_util::{StreamExt, TryStreamExt, stream};
use lapsewatch_pipeline::{CheckMessage, Queue, QueueError};

/// The most that SQS takes at once.
const BATCH: usize = 10;
/// Batches under way at once.
const AT_ONCE: usize = 16;

/// The check queue.
#[derive(Clone, Debug)]
pub(crate) struct SqsQueue {
    pub(crate) client: Client,
    pub(crate) url: String,
}

/// Messages of a batch that SQS did not take.
#[derive(Debug, thiserror::Error)]
#[error("SQS did not take {left} of {of} messages: {said}")]
struct Refused {
    left: usize,
    of: usize,
    said: String,
}

impl Queue for SqsQueue {
    const DURABLE: bool = true;

    async fn send(&self, messages: Vec<CheckMessage>) -> Result<(), QueueError> {
        let batches: Vec<_> = messages
            .chunks(BATCH)
            .map(|batch| self.send_batch(batch))
            .collect();
        stream::iter(batches)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    /// What SQS has taken outlives us.
    async fn drained(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

impl SqsQueue {
    /// Sends a batch until all of it is taken: SQS may take a part. A message sent twice is checked once.
    async fn send_batch(&self, messages: &[CheckMessage]) -> Result<(), QueueError> {
        let bodies: Result<Vec<String>, _> = messages.iter().map(serde_json::to_string).collect();
        let bodies = bodies.map_err(failed)?;
        (|| self.try_batch(&bodies))
            .retry(
                ExponentialBuilder::default()
                    .with_jitter()
                    .with_max_times(5),
            )
            .when(|error| error.source.is::<Refused>())
            .await
    }

    async fn try_batch(&self, bodies: &[String]) -> Result<(), QueueError> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (index, body) in bodies.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(body)
                .build()
                .map_err(failed)?;
            request = request.entries(entry);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| failed(error.into_service_error()))?;
        match answer.failed.first() {
            None => Ok(()),
            Some(first) => Err(failed(Refused {
                left: answer.failed.len(),
                of: bodies.len(),
                said: first.message().unwrap_or(first.code()).to_owned(),
            })),
        }
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> QueueError {
    QueueError {
        source: Box::new(error),
    }
}
