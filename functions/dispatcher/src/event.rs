//! What the dispatcher is told to do.

use anyhow::{Context, Result, anyhow};
use lapsewatch_core::{DomainName, Mode, RunId, Timestamp};
use lapsewatch_runtime::{Message, batch};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// To start a run: of a schedule, if it says for when.
    Start {
        mode: Mode,
        scheduled_time: Option<Timestamp>,
    },
    /// To send these domains.
    Domains(Vec<DomainName>),
    /// To go on with runs.
    Continue(Vec<Message>),
}

/// What EventBridge Scheduler puts the scheduled time in place of; an emulator may leave it as it is.
const UNSUBSTITUTED: &str = "<aws.scheduler.scheduled-time>";

impl Event {
    /// Reads an event.
    pub(crate) fn read(payload: Value) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
        enum Order {
            Sweep { scheduled_time: Option<String> },
            Due { scheduled_time: Option<String> },
            Domains { domains: Vec<String> },
        }
        if let Some(messages) = batch(&payload)? {
            return Ok(Self::Continue(messages));
        }
        let order = serde_json::from_value(payload).context(
            "the dispatcher does not know this event; it takes {\"mode\":\"sweep\"}, {\"mode\":\"due\"} and \
             {\"mode\":\"domains\",\"domains\":[…]}",
        )?;
        match order {
            Order::Sweep { scheduled_time } => Self::start(Mode::Sweep, scheduled_time),
            Order::Due { scheduled_time } => Self::start(Mode::Due, scheduled_time),
            Order::Domains { domains } => {
                let parse = |text: &String| text.parse().map_err(|why| anyhow!("{text}: {why}"));
                Ok(Self::Domains(
                    domains.iter().map(parse).collect::<Result<_>>()?,
                ))
            }
        }
    }

    fn start(mode: Mode, scheduled_time: Option<String>) -> Result<Self> {
        let scheduled_time = scheduled_time
            .filter(|time| time != UNSUBSTITUTED)
            .map(|time| time.parse())
            .transpose()
            .context("scheduled_time is not an RFC 3339 time")?;
        Ok(Self::Start {
            mode,
            scheduled_time,
        })
    }
}

/// How the dispatcher sends itself on. On the wire: `{"v":1,"run":"…","again":0}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Continuation {
    #[serde(rename = "v")]
    version: u32,
    /// The run to go on with.
    pub(crate) run: RunId,
    /// How often it found somebody else at work.
    #[serde(default)]
    pub(crate) again: u32,
}

impl Continuation {
    const VERSION: u32 = 1;

    pub(crate) fn new(run: RunId, again: u32) -> Self {
        Self {
            version: Self::VERSION,
            run,
            again,
        }
    }

    pub(crate) fn read(body: &str) -> Result<Self> {
        let read: Self =
            serde_json::from_str(body).context("the message is not one of the dispatcher's")?;
        if read.version != Self::VERSION {
            return Err(anyhow!(
                "the message is of version {}, which this version of the dispatcher does not know",
                read.version
            ));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schedules_event_names_its_time_and_one_by_hand_need_not() {
        let due = json!({"mode": "due", "scheduled_time": "2026-12-01T03:00:00Z"});
        assert_eq!(
            Event::read(due).unwrap(),
            Event::Start {
                mode: Mode::Due,
                scheduled_time: Some("2026-12-01T03:00:00Z".parse().unwrap())
            }
        );
        for event in [
            json!({"mode": "sweep"}),
            json!({"mode": "sweep", "scheduled_time": UNSUBSTITUTED}),
        ] {
            assert_eq!(
                Event::read(event).unwrap(),
                Event::Start {
                    mode: Mode::Sweep,
                    scheduled_time: None
                }
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_can() {
        for event in [
            json!(null),
            json!([]),
            json!({}),
            json!({"mode": "everything"}),
            json!({"mode": "sweep", "dry_run": true}),
            json!({"mode": "sweep", "scheduled_time": "yesterday"}),
            json!({"mode": "domains"}),
            json!({"mode": "domains", "domains": ["co.uk"]}),
            json!({"Records": "none"}),
        ] {
            assert!(Event::read(event.clone()).is_err(), "{event}");
        }
        let said = Event::read(json!({"mode": "all"})).unwrap_err().to_string();
        assert!(said.contains(r#"{"mode":"sweep"}"#), "{said}");
    }

    #[test]
    fn a_continuation_reads_back_and_a_newer_one_is_not_guessed_at() {
        let sent = Continuation::new(RunId::from_stored("sweep-1"), 3);
        let body = serde_json::to_string(&sent).unwrap();
        assert_eq!(body, r#"{"v":1,"run":"sweep-1","again":3}"#);
        assert_eq!(Continuation::read(&body).unwrap(), sent);
        assert!(Continuation::read(r#"{"v":2,"run":"sweep-1"}"#).is_err());
        assert!(Continuation::read("sweep-1").is_err());
    }
}
