//! What lies between the dispatcher and the checker.

use std::future::Future;

use lapsewatch_core::{DomainName, RunId};
use serde::{Deserialize, Serialize};

/// The way from the dispatcher to the checker: at least once, in no order.
pub trait Queue: Send + Sync {
    /// Whether what was sent survives the death of this process.
    const DURABLE: bool;

    /// Sends messages; waits while the queue is full.
    fn send(
        &self,
        messages: Vec<CheckMessage>,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Waits until all that was sent has been dealt with, where only this process could deal with it; a durable queue
    /// need not wait.
    fn drained(&self) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// The queue did not take messages.
#[derive(Debug, thiserror::Error)]
#[error("the queue did not take the messages")]
pub struct QueueError {
    /// The queue's own error.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// One domain to be checked, for one run. On the wire: `{"v":1,"run":"…","domain":"…"}`; other fields are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckMessage {
    #[serde(rename = "v")]
    version: u32,
    /// The run.
    pub run: RunId,
    /// The domain.
    pub domain: DomainName,
}

impl CheckMessage {
    const VERSION: u32 = 1;

    /// A message of the version that this code writes.
    pub fn new(run: RunId, domain: DomainName) -> Self {
        Self {
            version: Self::VERSION,
            run,
            domain,
        }
    }

    /// Reads a message's body. A version that this code does not know is an error and not a guess: the message goes to
    /// the dead-letter queue and waits there for code that knows it.
    pub fn read(body: &str) -> Result<Self, MessageError> {
        #[derive(Deserialize)]
        struct Envelope {
            v: u32,
        }
        let Envelope { v } =
            serde_json::from_str(body).map_err(|source| MessageError::Unreadable { source })?;
        if v != Self::VERSION {
            return Err(MessageError::UnknownVersion { version: v });
        }
        serde_json::from_str(body).map_err(|source| MessageError::Unreadable { source })
    }
}

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not a message of ours.
    #[error("the message is not one of the check queue's")]
    Unreadable {
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It was written by a newer version.
    #[error("the message is of version {version}, which this version of the checker does not know")]
    UnknownVersion {
        /// Its version.
        version: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_and_unknown_fields_are_ignored() {
        let message = CheckMessage::new(
            RunId::from_stored("sweep-1"),
            "example.org".parse().unwrap(),
        );
        let body = serde_json::to_string(&message).unwrap();
        assert_eq!(body, r#"{"v":1,"run":"sweep-1","domain":"example.org"}"#);
        assert_eq!(CheckMessage::read(&body).unwrap(), message);
        let newer = r#"{"v":1,"run":"sweep-1","domain":"example.org","hint":[1]}"#;
        assert_eq!(CheckMessage::read(newer).unwrap(), message);
    }

    #[test]
    fn an_unknown_version_is_told_from_what_is_no_message() {
        assert!(matches!(
            CheckMessage::read(r#"{"v":2,"x":1}"#),
            Err(MessageError::UnknownVersion { version: 2 })
        ));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"v":1}"#,
            r#"{"v":1,"run":"r","domain":"a b"}"#,
        ] {
            assert!(
                matches!(
                    CheckMessage::read(body),
                    Err(MessageError::Unreadable { .. })
                ),
                "{body}"
            );
        }
    }
}
