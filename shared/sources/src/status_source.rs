//! What is asked of a source of statuses, and how asking can fail.

use std::time::Duration;

use lapsewatch_core::{DomainName, FastlyFinding, NoAnswer};

/// Somebody who knows the status of a domain.
pub trait StatusSource {
    /// Makes one attempt to learn the status of `domain`: one call, one unit of budget.
    ///
    /// What is final for this look is `Ok`, a refusal or an unreadable answer included.
    ///
    /// # Errors
    /// [`LookError::Retryable`] if another attempt could bring an answer; [`LookError::KeyRejected`] if none could, for any
    /// domain.
    fn status(
        &self,
        domain: &DomainName,
    ) -> impl Future<Output = Result<FastlyFinding, LookError>> + Send;
}

/// Why an attempt brought nothing that could be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// 401 or 403: says nothing about a domain and ends the run.
    #[error(
        "Fastly rejected the key (HTTP {status}): check that the token is complete and not expired, that it has the scope \
         global:read, and that Domain Research is enabled for its account"
    )]
    KeyRejected {
        /// The HTTP status.
        status: u16,
    },
    /// Not reached, timed out, throttled, or the service failed: worth another attempt.
    #[error("Fastly gave no answer: {}", in_words(reason))]
    Retryable {
        /// What is to be recorded if no attempt succeeds.
        reason: NoAnswer,
        /// How long the service asked to be left alone, one hour at most. It holds for the whole fleet.
        retry_after: Option<Duration>,
    },
}

impl LookError {
    /// Whether another attempt could bring an answer.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Retryable { .. } => true,
            Self::KeyRejected { .. } => false,
        }
    }

    /// How long the service asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Retryable { retry_after, .. } => *retry_after,
            Self::KeyRejected { .. } => None,
        }
    }
}

fn in_words(reason: &NoAnswer) -> String {
    match reason {
        NoAnswer::TimedOut => "it took too long".to_owned(),
        NoAnswer::NotReached => "it could not be reached, or the connection broke".to_owned(),
        NoAnswer::Throttled => "too many requests (HTTP 429)".to_owned(),
        NoAnswer::ServerFailed { http_status } => format!("it failed (HTTP {http_status})"),
        NoAnswer::Refused { http_status, said } => {
            format!("it refused (HTTP {http_status}): {said}")
        }
        NoAnswer::Unreadable { why } => format!("its answer cannot be read: {why}"),
        NoAnswer::OtherName => "it answered about another name".to_owned(),
    }
}
