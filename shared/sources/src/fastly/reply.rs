//! A reply as it came over HTTP, and what its status code makes of it.

use jiff::Timestamp;
use lapsewatch_core::{DomainName, FastlyFinding, NoAnswer};
use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};

use super::{answer, refusal, wait};
use crate::{LookError, http};

/// The longest body that is read; a real one has some hundred bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// Fastly's tokens have 32 characters. A shorter key is a stand-in's, and may well be part of a domain.
const SHORTEST_SECRET: usize = 16;

pub(super) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

enum Body {
    Whole(Vec<u8>),
    TooLong,
    /// It repeats the key: nothing of it may be kept.
    RepeatsKey,
}

impl Reply {
    /// Reads a reply to its end. An error's body is a courtesy: if that breaks off, its status code stands.
    pub(super) async fn read(response: Response, key: &[u8]) -> reqwest::Result<Self> {
        let status = response.status();
        let headers = response.headers().clone();
        let body = match Body::read(response, key).await {
            Ok(body) => body,
            Err(_) if !status.is_success() => Body::Whole(Vec::new()),
            Err(error) => return Err(error),
        };
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// What the reply says about `domain`.
    pub(super) fn finding(
        &self,
        domain: &DomainName,
        now: Timestamp,
    ) -> Result<FastlyFinding, LookError> {
        if self.status.is_success() {
            return match &self.body {
                Body::Whole(body) => match answer::read(body, domain) {
                    Ok(finding) => Ok(finding),
                    // A failure that travels as a success: its own code counts, where it has one.
                    Err(errors) => self.failed(
                        errors.code.unwrap_or(self.status.as_u16()),
                        errors.said,
                        now,
                    ),
                },
                Body::TooLong => Ok(unreadable("it is longer than 64 KiB")),
                Body::RepeatsKey => Ok(unreadable("it repeats the key")),
            };
        }
        if self.status.is_redirection() {
            return Ok(unreadable(
                "it is a redirect, which is not followed with the key",
            ));
        }
        let said = match &self.body {
            Body::Whole(body) => refusal::said(body),
            Body::TooLong => "(more than 64 KiB)".to_owned(),
            Body::RepeatsKey => "(withheld: it repeats the key)".to_owned(),
        };
        self.failed(self.status.as_u16(), said, now)
    }

    fn failed(
        &self,
        http_status: u16,
        said: String,
        now: Timestamp,
    ) -> Result<FastlyFinding, LookError> {
        let retryable = |reason| LookError::Retryable {
            reason,
            retry_after: wait::asked_for(&self.headers, now),
        };
        match http_status {
            401 | 403 => Err(LookError::KeyRejected {
                status: http_status,
            }),
            429 => Err(retryable(NoAnswer::Throttled)),
            500..=599 => Err(retryable(NoAnswer::ServerFailed { http_status })),
            _ => Ok(FastlyFinding::NoAnswer {
                reason: NoAnswer::Refused { http_status, said },
            }),
        }
    }
}

impl Body {
    async fn read(response: Response, key: &[u8]) -> reqwest::Result<Self> {
        let Some(body) = http::body(response, LONGEST_BODY).await? else {
            return Ok(Self::TooLong);
        };
        let repeats_key =
            key.len() >= SHORTEST_SECRET && body.windows(key.len()).any(|window| window == key);
        Ok(if repeats_key {
            Self::RepeatsKey
        } else {
            Self::Whole(body)
        })
    }
}

fn unreadable(why: &str) -> FastlyFinding {
    FastlyFinding::NoAnswer {
        reason: NoAnswer::Unreadable {
            why: why.to_owned(),
        },
    }
}
