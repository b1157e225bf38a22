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

#[cfg(test)]
mod tests {
    use documents::faults;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_schema_calls_a_question_is_taken_for_one_and_nothing_else() {
        let with = |field: &str, value: Value| json!({"domain": "example.org", field: value});
        for (is_question, event) in [
            (true, json!({"domain": "Example.ORG."})),
            (true, with("verified_at", json!("2024-05-01T00:00:00Z"))),
            (
                true,
                with("verified_at", json!("2024-05-01T02:00:00.5+02:00")),
            ),
            (true, with("verified_at", Value::Null)),
            (true, with("max_age_seconds", json!(0))),
            (true, with("max_age_seconds", json!(u32::MAX))),
            (true, with("max_age_seconds", Value::Null)),
            (true, with("within_ms", json!(1500))),
            (true, with("within_ms", json!(u32::MAX))),
            (true, with("within_ms", Value::Null)),
            (false, json!({})),
            (false, json!({"domain": null})),
            (false, with("verified_at", json!("yesterday"))),
            (false, with("verified_at", json!(1_714_521_600))),
            (false, with("max_age_seconds", json!(-1))),
            (
                false,
                with("max_age_seconds", json!(u64::from(u32::MAX) + 1)),
            ),
            (false, with("within_ms", json!(0.5))),
            (false, with("within_ms", json!("1500"))),
            (false, with("within_ms", json!(u64::from(u32::MAX) + 1))),
            (false, with("max_age", json!(60))),
        ] {
            let by_schema = faults("question", &event);
            assert_eq!(by_schema.is_empty(), is_question, "{event}: {by_schema:?}");
            let read = Asked::read(event.clone());
            assert_eq!(read.is_ok(), is_question, "{event}: {read:?}");
        }
    }

    #[test]
    fn whoever_asks_about_a_name_below_a_domain_is_told_which_domain_to_ask_about() {
        let refused = Asked::read(json!({"domain": "mail.example.org"})).unwrap_err();
        let said = format!("{refused:#}");
        assert!(said.contains("ask about example.org"), "{said}");
    }
}
