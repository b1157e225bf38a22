//! What processes share to keep limits: the pace, the month's budget, the day's tally.

use jiff::SignedDuration;
use lapsewatch_core::{Gcra, Month, Paced, Tally, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Checks, Slots};

pub(super) fn reserve_slots(
    connection: &Connection,
    paced: &Paced,
    pace: &Gcra,
    slots: u32,
    wall: Timestamp,
    latest: Timestamp,
) -> rusqlite::Result<Slots> {
    let stored: Option<i64> = connection
        .prepare_cached("SELECT arrival_us FROM pace WHERE source = ?1")?
        .query_row([paced.to_string()], |row| row.get(0))
        .optional()?;
    let stored = stored.and_then(|arrival| Timestamp::from_microsecond(arrival).ok());
    let (first, arrival) = pace.reserve(stored, slots, wall);
    if first > latest {
        return Ok(Slots::TooLate(first));
    }
    store_arrival(connection, paced, arrival)?;
    Ok(Slots::From(first))
}

pub(super) fn store_arrival(
    connection: &Connection,
    paced: &Paced,
    arrival: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO pace (source, arrival_us) VALUES (?1, ?2)
             ON CONFLICT (source) DO UPDATE SET arrival_us = max(arrival_us, excluded.arrival_us)",
        )?
        .execute(params![paced.to_string(), arrival.as_microsecond()])?;
    Ok(())
}

pub(super) fn spend(
    connection: &Connection,
    month: Month,
    calls: u32,
    limit: u64,
) -> rusqlite::Result<u32> {
    let left = limit.saturating_sub(spent(connection, month)?);
    let granted = u32::try_from(left).unwrap_or(u32::MAX).min(calls);
    connection
        .prepare_cached(
            "INSERT INTO budgets (month, spent) VALUES (?1, ?2)
             ON CONFLICT (month) DO UPDATE SET spent = spent + excluded.spent",
        )?
        .execute(params![month.to_string(), granted])?;
    Ok(granted)
}

pub(super) fn spent(connection: &Connection, month: Month) -> rusqlite::Result<u64> {
    let spent: Option<u64> = connection
        .prepare_cached("SELECT spent FROM budgets WHERE month = ?1")?
        .query_row([month.to_string()], |row| row.get(0))
        .optional()?;
    Ok(spent.unwrap_or(0))
}

pub(super) fn add_to_tally(
    connection: &Connection,
    checks: Checks,
    unverified: u64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO tallies (day, checked, unknown, unverified) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (day) DO UPDATE SET checked = checked + excluded.checked,
                unknown = unknown + excluded.unknown, unverified = unverified + excluded.unverified",
        )?
        .execute(params![day(now), checks.checked, checks.unknown, unverified])?;
    Ok(())
}

pub(super) fn tally(connection: &Connection, now: Timestamp) -> rusqlite::Result<Tally> {
    connection
        .prepare_cached(
            "SELECT coalesce(sum(checked), 0), coalesce(sum(unknown), 0), coalesce(sum(unverified), 0)
             FROM tallies WHERE day IN (?1, ?1 - 1)",
        )?
        .query_row([day(now)], |row| {
            Ok(Tally { checked: row.get(0)?, unknown: row.get(1)?, unverified: row.get(2)? })
        })
}

/// The day since the epoch, UTC.
fn day(now: Timestamp) -> i64 {
    now.as_second()
        .div_euclid(SignedDuration::from_hours(24).as_secs())
}
