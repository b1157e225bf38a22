//! A batch of messages from SQS, and the answer that names those to be delivered again.

use anyhow::{Context, Result};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use serde_json::Value;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The name by which it is handed back.
    pub id: String,
    /// What was sent.
    pub body: String,
}

/// The messages of an event from SQS; `None` if it is another event.
///
/// # Errors
/// It is no such event although it looks like one, or a message has no id: Lambda would take an answer that does not name a
/// failed message for success, and delete it.
pub fn batch(payload: &Value) -> Result<Option<Vec<Message>>> {
    if payload.get("Records").is_none() {
        return Ok(None);
    }
    let event: SqsEvent = serde::Deserialize::deserialize(payload)
        .context("the event is no batch of SQS messages")?;
    let messages = event.records.into_iter().map(|record| {
        let id = record
            .message_id
            .filter(|id| !id.is_empty())
            .context("a message of the batch has no id, so that it could not be handed back")?;
        let body = record.body.unwrap_or_default();
        Ok(Message { id, body })
    });
    messages.collect::<Result<_>>().map(Some)
}

/// The answer to a batch: these messages are to be delivered again, all others are done.
pub fn batch_response(failed: Vec<String>) -> Result<Value> {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    serde_json::to_value(response).context("cannot write the answer to a batch")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_without_an_id_fails_the_batch() {
        let event = json!({"Records": [{"messageId": "1", "body": "x"}, {"body": "y"}]});
        assert!(batch(&event).is_err());
        let event = json!({"Records": [{"messageId": "1", "body": "x"}, {"messageId": "2"}]});
        let messages = batch(&event).unwrap().unwrap();
        assert_eq!(messages[1].id, "2");
        assert_eq!(batch(&json!({"mode": "sweep"})).unwrap(), None);
    }

    #[test]
    fn the_answer_names_what_is_to_come_again() {
        assert_eq!(
            batch_response(vec!["a".to_owned()]).unwrap(),
            json!({"batchItemFailures": [{"itemIdentifier": "a"}]})
        );
        assert_eq!(
            batch_response(vec![]).unwrap(),
            json!({"batchItemFailures": []})
        );
    }
}
