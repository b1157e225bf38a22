//! What the unverifier is told to do.

use anyhow::{Context, Result};
use lapsewatch_core::PlanId;
use serde::Deserialize;
use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Event {
    /// To un-verify what is pending.
    Apply {},
    /// To say what `apply` would do, and do nothing.
    Plan {},
    /// To let a held plan through.
    Release { plan: PlanId },
    /// To undo a plan.
    Restore { plan: PlanId },
}

impl Event {
    /// Reads an event.
    pub(crate) fn read(payload: Value) -> Result<Self> {
        serde_json::from_value(payload).context(
            "the unverifier does not know this event; it takes {\"mode\":\"apply\"}, {\"mode\":\"plan\"}, \
             {\"mode\":\"release\",\"plan\":\"…\"} and {\"mode\":\"restore\",\"plan\":\"…\"}",
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_that_could_be_meant_otherwise_is_refused() {
        for event in [
            json!(null),
            json!({}),
            json!({"mode": "unverify"}),
            json!({"mode": "release"}),
            json!({"mode": "apply", "dry_run": true}),
            json!({"mode": "plan", "plan": "plan-1"}),
        ] {
            assert!(Event::read(event.clone()).is_err(), "{event}");
        }
        let release = json!({"mode": "release", "plan": "plan-1-held"});
        let plan = PlanId::from_stored("plan-1-held");
        assert_eq!(Event::read(release).unwrap(), Event::Release { plan });
    }
}
