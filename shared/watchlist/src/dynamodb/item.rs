//! The layout of the table: the names of its items, and their attributes.
//!
//! | item | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | a domain | `domain#<name>` | `state` | `record`; beside it, what conditions and indexes compare: `revision`, `watched_since`, `earliest_verified_at`, `next_check_at`, `due_shard`, `checked_run`, `synced_run`, `leased_until`, `pending`, `pending_since` |
//! | an event | `domain#<name>` | `event#<ms>#<revision>` | `event` |
//! | a run | `run#<name>` | `run` | `run`, `finished_at`, `leased_until`, `checked`, `unknown` |
//! | a held plan | `breaker` | `plan#<name>` | `plan` |
//! | a plan's member | `plan#<name>` | `domain#<name>` | |
//! | the pace of a source | `pace#fastly`, `pace#rdap:<server>` | `pace` | `arrival_us` |
//! | a month's budget | `budget#<month>` | `budget` | `spent` |
//! | a day's tally | `day#<date>` | `tally` | `checked`, `unknown`, `unverified` |
//!
//! Times are numbers, milliseconds since the epoch; the pace counts in microseconds. `next_check_at` is where a domain stands
//! among what is due (`Record::due_order`): that of one with a loss under way lies before its next look. `record`, `event`, `run` and `plan` are
//! maps, as they serialize.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use lapsewatch_core::{DomainName, Event, Month, Paced, PlanId, Record, Run, RunId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_attribute_value, to_attribute_value};

use crate::WatchlistError;

/// The attributes of an item.
pub(super) type Item = HashMap<String, AttributeValue>;

/// What the sort keys of events begin with.
pub(super) const EVENTS: &str = "event#";
/// What keys that name a domain begin with.
pub(super) const DOMAINS: &str = "domain#";
/// The one value of the hash key of the index `pending`.
pub(super) const PENDING: &str = "pending";

/// The key of one item.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }

    pub(super) fn state(domain: &DomainName) -> Self {
        Self::new(domain_key(domain), "state")
    }

    /// Events sort by time, and at one time by the change that they belong to.
    pub(super) fn event(event: &Event) -> Self {
        let (at, revision) = (event.at.as_millisecond(), event.revision);
        Self::new(
            domain_key(&event.domain),
            format!("{EVENTS}{at:015}#{revision:010}"),
        )
    }

    pub(super) fn run(run: &RunId) -> Self {
        Self::new(format!("run#{run}"), "run")
    }

    pub(super) fn held_plan(plan: &PlanId) -> Self {
        Self::new("breaker", format!("plan#{plan}"))
    }

    pub(super) fn plan_member(plan: &PlanId, domain: &DomainName) -> Self {
        Self::new(plan_key(plan), domain_key(domain))
    }

    pub(super) fn pace(paced: &Paced) -> Self {
        Self::new(format!("pace#{paced}"), "pace")
    }

    pub(super) fn budget(month: Month) -> Self {
        Self::new(format!("budget#{month}"), "budget")
    }

    /// The tally of the day of a time, UTC.
    pub(super) fn tally(time: Timestamp) -> Self {
        Self::new(format!("day#{}", time.strftime("%Y-%m-%d")), "tally")
    }

    /// The key's attributes.
    pub(super) fn attributes(&self) -> Item {
        HashMap::from([
            ("pk".to_owned(), text(&self.pk)),
            ("sk".to_owned(), text(&self.sk)),
        ])
    }
}

/// The partition of a domain: its state and its events.
pub(super) fn domain_key(domain: &DomainName) -> String {
    format!("{DOMAINS}{domain}")
}

/// The partition of a plan's members.
pub(super) fn plan_key(plan: &PlanId) -> String {
    format!("plan#{plan}")
}

/// The domain that a key attribute names.
pub(super) fn domain_of(item: &Item, attribute: &str) -> Result<DomainName, WatchlistError> {
    let key = text_of(item, attribute).unwrap_or_default();
    let name = key.strip_prefix(DOMAINS).unwrap_or(key);
    name.parse().map_err(unreadable("the name of a domain"))
}

/// The record of a domain, with what is the dispatcher's in its present state.
pub(super) fn record(mut item: Item) -> Result<Record, WatchlistError> {
    let record: Record = document(&mut item, "record")?;
    Ok(Record {
        watched_since: time_of(&item, "watched_since")?.unwrap_or(record.watched_since),
        earliest_verified_at: time_of(&item, "earliest_verified_at")?,
        ..record
    })
}

/// A run as the dispatcher saved it, with the checkers' counters.
pub(super) fn run(mut item: Item) -> Result<Run, WatchlistError> {
    let mut run: Run = document(&mut item, "run")?;
    run.counters.checked = count_of(&item, "checked");
    run.counters.unknown = count_of(&item, "unknown");
    Ok(run)
}

/// What an attribute holds, as it was serialized.
pub(super) fn document<T: DeserializeOwned>(
    item: &mut Item,
    attribute: &'static str,
) -> Result<T, WatchlistError> {
    let value = item.remove(attribute).unwrap_or(AttributeValue::Null(true));
    from_attribute_value(value).map_err(unreadable(attribute))
}

/// Anything as a map.
pub(super) fn map(
    value: &impl Serialize,
    what: &'static str,
) -> Result<AttributeValue, WatchlistError> {
    to_attribute_value(value).map_err(unreadable(what))
}

pub(super) fn text_of<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    Some(item.get(attribute)?.as_s().ok()?)
}

/// A whole number, if it is there and is one.
pub(super) fn number_of(item: &Item, attribute: &str) -> Option<i64> {
    item.get(attribute)?.as_n().ok()?.parse().ok()
}

/// A count; none is nought.
pub(super) fn count_of(item: &Item, attribute: &str) -> u64 {
    number_of(item, attribute)
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0)
}

fn time_of(item: &Item, attribute: &'static str) -> Result<Option<Timestamp>, WatchlistError> {
    number_of(item, attribute)
        .map(Timestamp::from_millisecond)
        .transpose()
        .map_err(unreadable(attribute))
}

pub(super) fn text(value: impl Display) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

pub(super) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time as the number that conditions and indexes compare.
pub(super) fn time(time: Timestamp) -> AttributeValue {
    number(time.as_millisecond())
}

pub(super) fn unreadable<E>(what: &'static str) -> impl FnOnce(E) -> WatchlistError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| WatchlistError::Unreadable {
        what,
        source: Box::new(error),
    }
}
