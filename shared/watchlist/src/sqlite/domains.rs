//! Domains, looks and the audit trail: the statements behind the trait's methods, each given an open transaction.

use lapsewatch_core::{
    Cursor, DomainName, Event, Lease, Page, PlanId, Record, RunId, Timestamp, Transition,
    WatchedDomain,
};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use crate::{Forgotten, Look, Written};

/// Entries on one page.
const PAGE: usize = 1000;

const COLUMNS: &str = "record, watched_since, earliest_verified_at";

pub(super) fn watch(
    connection: &Connection,
    domains: &[WatchedDomain],
    run: Option<&RunId>,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO domains (domain, revision, watched_since, earliest_verified_at, next_check_at, synced_run, record)
         VALUES (?1, 0, ?2, ?3, ?2, ?4, ?5)
         ON CONFLICT (domain) DO UPDATE SET
            earliest_verified_at = CASE
                WHEN excluded.synced_run IS NULL THEN earliest_verified_at
                WHEN synced_run IS excluded.synced_run
                THEN min(coalesce(earliest_verified_at, excluded.earliest_verified_at),
                         coalesce(excluded.earliest_verified_at, earliest_verified_at))
                ELSE excluded.earliest_verified_at END,
            synced_run = coalesce(excluded.synced_run, synced_run)",
    )?;
    for watched in domains {
        let record = Record::new(watched.domain.clone(), watched.earliest_verified_at, now);
        statement.execute(params![
            watched.domain.as_str(),
            now.as_millisecond(),
            watched.earliest_verified_at.map(Timestamp::as_millisecond),
            run.map(RunId::as_str),
            to_json(&record)?,
        ])?;
    }
    Ok(())
}

pub(super) fn forget_unstamped(
    connection: &Connection,
    run: &RunId,
    after: Option<&Cursor>,
) -> rusqlite::Result<Forgotten> {
    // What is deleted is not met again, so each page begins where the list does.
    let _ = after;
    let gone = connection
        .prepare_cached(
            "DELETE FROM domains WHERE domain IN (
            SELECT domain FROM domains WHERE synced_run IS NOT ?1 LIMIT ?2)",
        )?
        .execute(params![run.as_str(), PAGE])?;
    let next = (gone == PAGE).then(|| Cursor(String::new()));
    Ok(Forgotten {
        domains: gone as u64,
        next,
    })
}

pub(super) fn get(
    connection: &Connection,
    domain: &DomainName,
) -> rusqlite::Result<Option<Record>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM domains WHERE domain = ?1"))?
        .query_row([domain.as_str()], record)
        .optional()
}

pub(super) fn unchecked(
    connection: &Connection,
    run: &RunId,
    due_by: Option<Timestamp>,
    after: Option<&Cursor>,
) -> rusqlite::Result<Page<DomainName>> {
    let (after_due, after_domain) = time_and_domain(after);
    let mut statement = connection.prepare_cached(
        "SELECT domain, next_check_at FROM domains
         WHERE (next_check_at, domain) > (?1, ?2) AND next_check_at <= ?3 AND checked_run IS NOT ?4
         ORDER BY next_check_at, domain LIMIT ?5",
    )?;
    let rows = statement.query_map(
        params![after_due, after_domain, bound(due_by), run.as_str(), PAGE],
        |row| Ok((domain_name(row, 0)?, row.get::<_, i64>(1)?)),
    )?;
    let rows: Vec<(DomainName, i64)> = rows.collect::<Result<_, _>>()?;
    let next = (rows.len() == PAGE)
        .then(|| {
            rows.last()
                .map(|(domain, due)| Cursor(format!("{due} {domain}")))
        })
        .flatten();
    Ok(Page {
        items: rows.into_iter().map(|(domain, _)| domain).collect(),
        next,
    })
}

pub(super) fn count_unchecked(
    connection: &Connection,
    run: &RunId,
    due_by: Option<Timestamp>,
) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM domains WHERE next_check_at <= ?1 AND checked_run IS NOT ?2",
        )?
        .query_row(params![bound(due_by), run.as_str()], |row| row.get(0))
}

pub(super) fn begin_look(
    connection: &Connection,
    domain: &DomainName,
    run: &RunId,
    wall: Timestamp,
    lease_until: Timestamp,
) -> rusqlite::Result<Look> {
    let begun = connection
        .prepare_cached(&format!(
            "UPDATE domains SET leased_until = ?1
             WHERE domain = ?2 AND checked_run IS NOT ?3 AND (leased_until IS NULL OR leased_until <= ?4)
             RETURNING {COLUMNS}"
        ))?
        .query_row(
            params![lease_until.as_millisecond(), domain.as_str(), run.as_str(), wall.as_millisecond()],
            record,
        )
        .optional()?;
    if let Some(record) = begun {
        return Ok(Look::Begun(Box::new(record)));
    }
    let is_checked: Option<bool> = connection
        .prepare_cached("SELECT checked_run IS ?2 FROM domains WHERE domain = ?1")?
        .query_row(params![domain.as_str(), run.as_str()], |row| row.get(0))
        .optional()?;
    Ok(match is_checked {
        Some(true) => Look::AlreadyChecked,
        Some(false) => Look::InProgress,
        None => Look::NotWatched,
    })
}

pub(super) fn extend_lease(
    connection: &Connection,
    domain: &DomainName,
    lease_until: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE domains SET leased_until = ?2 WHERE domain = ?1 AND leased_until IS NOT NULL",
        )?
        .execute(params![domain.as_str(), lease_until.as_millisecond()])?;
    Ok(())
}

pub(super) fn end_lease(connection: &Connection, domain: &DomainName) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE domains SET leased_until = NULL WHERE domain = ?1")?
        .execute([domain.as_str()])?;
    Ok(())
}

pub(super) fn write(connection: &Connection, transition: &Transition) -> rusqlite::Result<Written> {
    let record = &transition.record;
    let written = connection
        .prepare_cached(
            "UPDATE domains SET revision = ?2, next_check_at = ?3, checked_run = ?4, pending_since = ?5, record = ?6,
                leased_until = CASE WHEN ?7 THEN NULL ELSE leased_until END
             WHERE domain = ?1 AND revision = ?2 - 1",
        )?
        .execute(params![
            record.domain.as_str(),
            i64::try_from(record.revision).unwrap_or(i64::MAX),
            record.due_order().as_millisecond(),
            record.checked_run.as_ref().map(RunId::as_str),
            record.pending.as_ref().map(|pending| pending.since.as_millisecond()),
            to_json(record)?,
            transition.lease == Lease::Ends,
        ])?;
    if written == 0 {
        return Ok(Written::Superseded);
    }
    if let Some(event) = &transition.event {
        append(connection, event)?;
    }
    if let Some(plan) = record
        .pending
        .as_ref()
        .and_then(|pending| pending.plan.as_ref())
    {
        connection
            .prepare_cached("INSERT OR IGNORE INTO plan_members (plan, domain) VALUES (?1, ?2)")?
            .execute(params![plan.as_str(), record.domain.as_str()])?;
    }
    Ok(Written::Written)
}

pub(super) fn append(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO events (domain, at, revision, event) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            event.domain.as_str(),
            event.at.as_millisecond(),
            i64::try_from(event.revision).unwrap_or(i64::MAX),
            to_json(event)?,
        ])?;
    Ok(())
}

pub(super) fn events(
    connection: &Connection,
    domain: &DomainName,
    after: Option<&Cursor>,
) -> rusqlite::Result<Page<Event>> {
    let (at, revision) = pair(after);
    let mut statement = connection.prepare_cached(
        "SELECT event FROM events WHERE domain = ?1 AND (at, revision) > (?2, ?3) ORDER BY at, revision LIMIT ?4",
    )?;
    let rows = statement.query_map(params![domain.as_str(), at, revision, PAGE], |row| {
        json(row, 0)
    })?;
    let items: Vec<Event> = rows.collect::<Result<_, _>>()?;
    let next = (items.len() == PAGE)
        .then(|| {
            items
                .last()
                .map(|event| Cursor(format!("{} {}", event.at.as_millisecond(), event.revision)))
        })
        .flatten();
    Ok(Page { items, next })
}

/// Seldom asked for, and so without an index of its own.
pub(super) fn warnings(
    connection: &Connection,
    since: Timestamp,
    after: Option<&Cursor>,
) -> rusqlite::Result<Page<Event>> {
    let (at, domain) = time_and_domain(after);
    let mut statement = connection.prepare_cached(
        "SELECT event FROM events
         WHERE at >= ?1 AND (at, domain) > (?2, ?3) AND json_extract(event, '$.kind') = 'domain_at_risk'
         ORDER BY at, domain LIMIT ?4",
    )?;
    let rows = statement.query_map(params![since.as_millisecond(), at, domain, PAGE], |row| {
        json(row, 0)
    })?;
    let items: Vec<Event> = rows.collect::<Result<_, _>>()?;
    let last = items.last().filter(|_| items.len() == PAGE);
    let next = last.map(|event| Cursor(format!("{} {}", event.at.as_millisecond(), event.domain)));
    Ok(Page { items, next })
}

pub(super) fn pending(
    connection: &Connection,
    after: Option<&Cursor>,
) -> rusqlite::Result<Page<Record>> {
    let (since, domain) = time_and_domain(after);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM domains WHERE pending_since IS NOT NULL AND (pending_since, domain) > (?1, ?2)
         ORDER BY pending_since, domain LIMIT ?3"
    ))?;
    let rows = statement.query_map(params![since, domain, PAGE], record)?;
    let items: Vec<Record> = rows.collect::<Result<_, _>>()?;
    let last = items
        .last()
        .and_then(|record| Some((record.pending.as_ref()?.since, &record.domain)));
    let next = (items.len() == PAGE)
        .then(|| last.map(|(since, domain)| Cursor(format!("{} {domain}", since.as_millisecond()))))
        .flatten();
    Ok(Page { items, next })
}

pub(super) fn plan_members(
    connection: &Connection,
    plan: &PlanId,
    after: Option<&Cursor>,
) -> rusqlite::Result<Page<DomainName>> {
    let after = after.map(|cursor| cursor.0.as_str()).unwrap_or_default();
    let mut statement = connection.prepare_cached(
        "SELECT domain FROM plan_members WHERE plan = ?1 AND domain > ?2 ORDER BY domain LIMIT ?3",
    )?;
    let rows = statement.query_map(params![plan.as_str(), after, PAGE], |row| {
        domain_name(row, 0)
    })?;
    let items: Vec<DomainName> = rows.collect::<Result<_, _>>()?;
    let next = (items.len() == PAGE)
        .then(|| items.last().map(|domain| Cursor(domain.to_string())))
        .flatten();
    Ok(Page { items, next })
}

/// A record, with the columns that are the dispatcher's in their present state.
fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let record: Record = json(row, 0)?;
    let earliest: Option<i64> = row.get(2)?;
    Ok(Record {
        watched_since: timestamp(row.get(1)?, 1)?,
        earliest_verified_at: earliest.map(|ms| timestamp(ms, 2)).transpose()?,
        ..record
    })
}

fn time_and_domain(cursor: Option<&Cursor>) -> (i64, String) {
    cursor
        .and_then(|cursor| cursor.0.split_once(' '))
        .and_then(|(time, domain)| Some((time.parse().ok()?, domain.to_owned())))
        .unwrap_or((i64::MIN, String::new()))
}

fn pair(cursor: Option<&Cursor>) -> (i64, i64) {
    cursor
        .and_then(|cursor| cursor.0.split_once(' '))
        .and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)))
        .unwrap_or((i64::MIN, i64::MIN))
}

fn bound(due_by: Option<Timestamp>) -> i64 {
    due_by.map_or(i64::MAX, Timestamp::as_millisecond)
}

fn domain_name(row: &Row<'_>, column: usize) -> rusqlite::Result<DomainName> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(column, error))
}

pub(super) fn timestamp(milliseconds: i64, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| unreadable(column, error))
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| unreadable(column, error))
}

pub(super) fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
