//! Runs of the dispatcher, and held plans.

use lapsewatch_core::{Counters, HeldPlan, Mode, PlanId, Run, RunId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::domains::{json, to_json};
use crate::{Checks, RunStart};

const COLUMNS: &str = "state, checked, unknown";

pub(super) fn start_run(
    connection: &Connection,
    run: &Run,
    wall: Timestamp,
    lease_until: Timestamp,
) -> rusqlite::Result<RunStart> {
    let lease = lease_until.as_millisecond();
    let new = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO runs (run, mode, started_at, leased_until, state) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            run.id.as_str(),
            run.mode.to_string(),
            run.started_at.as_millisecond(),
            lease,
            to_json(run)?
        ])?;
    if new == 1 {
        return Ok(RunStart::Started);
    }
    let taken_up = connection
        .prepare_cached(&format!(
            "UPDATE runs SET leased_until = ?2
             WHERE run = ?1 AND finished_at IS NULL AND (leased_until IS NULL OR leased_until <= ?3)
             RETURNING {COLUMNS}"
        ))?
        .query_row(
            params![run.id.as_str(), lease, wall.as_millisecond()],
            stored,
        )
        .optional()?;
    if let Some(left) = taken_up {
        return Ok(RunStart::Resumed(left));
    }
    Ok(match get(connection, &run.id)? {
        Some(stored) if stored.finished_at.is_some() => RunStart::Finished(stored),
        Some(_) | None => RunStart::Busy,
    })
}

pub(super) fn save_run(
    connection: &Connection,
    run: &Run,
    lease_until: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE runs SET state = ?2, finished_at = ?3, leased_until = ?4 WHERE run = ?1",
        )?
        .execute(params![
            run.id.as_str(),
            to_json(run)?,
            run.finished_at.map(Timestamp::as_millisecond),
            lease_until.as_millisecond()
        ])?;
    Ok(())
}

pub(super) fn get(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<Run>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM runs WHERE run = ?1"))?
        .query_row([run.as_str()], stored)
        .optional()
}

pub(super) fn unfinished(connection: &Connection, mode: Mode) -> rusqlite::Result<Option<Run>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM runs WHERE mode = ?1 AND finished_at IS NULL ORDER BY started_at DESC LIMIT 1"
        ))?
        .query_row([mode.to_string()], stored)
        .optional()
}

pub(super) fn count_checks(
    connection: &Connection,
    run: &RunId,
    checks: Checks,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE runs SET checked = checked + ?2, unknown = unknown + ?3 WHERE run = ?1",
        )?
        .execute(params![run.as_str(), checks.checked, checks.unknown])?;
    Ok(())
}

pub(super) fn save_plan(connection: &Connection, plan: &HeldPlan) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO held_plans (plan, held) VALUES (?1, ?2)
             ON CONFLICT (plan) DO UPDATE SET held = excluded.held",
        )?
        .execute(params![plan.id.as_str(), to_json(plan)?])?;
    Ok(())
}

pub(super) fn plan(connection: &Connection, plan: &PlanId) -> rusqlite::Result<Option<HeldPlan>> {
    connection
        .prepare_cached("SELECT held FROM held_plans WHERE plan = ?1")?
        .query_row([plan.as_str()], |row| json(row, 0))
        .optional()
}

/// A run as the dispatcher saved it, with the checkers' counters.
fn stored(row: &Row<'_>) -> rusqlite::Result<Run> {
    let run: Run = json(row, 0)?;
    let counters = Counters {
        checked: row.get(1)?,
        unknown: row.get(2)?,
        ..run.counters
    };
    Ok(Run { counters, ..run })
}
