//! The direct invocation: may this domain's address be relied upon now?

use anyhow::{Context, Result, anyhow};
use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use lapsewatch_pipeline::{MAX_AGE, Question};
use serde::Deserialize;
use serde_json::Value;

/// A question, and how long its answer may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    /// `None`: as long as the function has.
    pub(crate) within: Option<SignedDuration>,
}

/// The event as `infra/schemas/documents.json (`question`)` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    domain: String,
    verified_at: Option<Timestamp>,
    max_age_seconds: Option<u32>,
    within_ms: Option<u32>,
}

impl Asked {
    pub(crate) fn read(event: Value) -> Result<Self> {
        let Event {
            domain,
            verified_at,
            max_age_seconds,
            within_ms,
        } = serde_json::from_value(event).context(
            "the checker does not know this event; it takes batches of its queue and {\"domain\":\"…\"}, with verified_at, \
             max_age_seconds and within_ms if you like",
        )?;
        let max_age = max_age_seconds.map(|seconds| SignedDuration::from_secs(seconds.into()));
        Ok(Self {
            question: Question {
                domain: domain.parse().map_err(|why| anyhow!("{domain}: {why}"))?,
                verified_at,
                max_age: max_age.unwrap_or(MAX_AGE),
            },
            within: within_ms.map(|within| SignedDuration::from_millis(within.into())),
        })
    }
}
