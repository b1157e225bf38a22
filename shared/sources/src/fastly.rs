//! Fastly's Domain Research status API: `GET /domain-management/v1/tools/status`, one domain a request.

mod answer;
mod refusal;
mod reply;
mod setup;
mod unseen;
mod wait;

use std::time::Duration;

use jiff::Timestamp;
use lapsewatch_core::{DomainName, FastlyFinding, NoAnswer};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Client, Url};
use secrecy::SecretString;

use crate::http::in_full;
use crate::{LookError, StatusSource};
use reply::Reply;

pub use setup::SetupError;

/// Where Fastly's API is.
pub const FASTLY_URL: &str = "https://api.fastly.com";

/// The service caps a request at 30 s, and a shorter time-out would lose answers that are paid for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client of the status API. Cloning it shares the connections.
#[derive(Clone, Debug)]
pub struct Fastly {
    client: Client,
    endpoint: Url,
    /// Marked as sensitive: its `Debug` output does not show it.
    key: HeaderValue,
    timeout: Duration,
    wall_clock: fn() -> Timestamp,
}

impl Fastly {
    /// A client for the API at `base_url` ([`FASTLY_URL`] but for tests and rehearsals), with a token as key.
    ///
    /// `wall_clock` is the real time, also in a rehearsal: it turns a date in the service's answer into a wait.
    ///
    /// # Errors
    /// The URL is neither `https` nor `http` on loopback, or the key is not one, or TLS cannot be set up.
    pub fn new(
        base_url: &str,
        key: &SecretString,
        wall_clock: fn() -> Timestamp,
    ) -> Result<Self, SetupError> {
        let endpoint = setup::endpoint(base_url)?;
        let client = setup::client(&endpoint)?;
        let key = setup::key_header(key)?;
        Ok(Self {
            client,
            endpoint,
            key,
            timeout: TIMEOUT,
            wall_clock,
        })
    }

    /// The same client with another key, for when the first was rejected and may have been replaced meanwhile.
    ///
    /// # Errors
    /// The key is not one.
    pub fn with_key(&self, key: &SecretString) -> Result<Self, SetupError> {
        Ok(Self {
            key: setup::key_header(key)?,
            ..self.clone()
        })
    }

    /// The same client with another time-out than the service's own 30 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    async fn ask(&self, domain: &DomainName) -> reqwest::Result<Reply> {
        let response = self
            .client
            .get(self.endpoint.clone())
            .query(&[("domain", domain.as_str())])
            .header("Fastly-Key", self.key.clone())
            .header(ACCEPT, "application/json")
            .timeout(self.timeout)
            .send()
            .await?;
        Reply::read(response, self.key.as_bytes()).await
    }
}

impl StatusSource for Fastly {
    async fn status(&self, domain: &DomainName) -> Result<FastlyFinding, LookError> {
        let reply = self
            .ask(domain)
            .await
            .map_err(|error| not_reached(&error))?;
        let finding = reply.finding(domain, (self.wall_clock)())?;
        if let FastlyFinding::Answered { status, .. } = &finding {
            unseen::warn_once(status);
        }
        Ok(finding)
    }
}

fn not_reached(error: &reqwest::Error) -> LookError {
    let reason = if error.is_timeout() {
        NoAnswer::TimedOut
    } else {
        NoAnswer::NotReached
    };
    // The record says that there was no answer; only here is it known why, down to the name lookup or the certificate.
    tracing::debug!(cause = in_full(error), "no answer from Fastly");
    LookError::Retryable {
        reason,
        retry_after: None,
    }
}
