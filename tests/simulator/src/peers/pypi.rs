//! PyPI's rules, as Warehouse's open source (<https://github.com/pypi/warehouse>) had them in August 2026.
//!
//! Daily at 04:00 it takes rows of addresses never checked, or checked over 30 days ago, oldest first, up to 1,000 of them, verified or not,
//! and asks Fastly once a row. At 04:15 it un-verifies the verified rows, up to 1,000, whose last status has one of five tokens.
//! One look suffices. It trusts the stored flag at the moment of use, warns nobody, and compares no date of registration. That it asks
//! for what follows the `@`, without reducing it to a registrable domain, makes no difference here: no simulated address is below one.

use std::collections::BTreeSet;

use lapsewatch_core::Timestamp;

use crate::draw::{Purpose, draw};
use crate::history::Address;
use crate::parameters::{
    DAY, PYPI_ASKS_AT, PYPI_EVERY, PYPI_FAILED, PYPI_ROWS_A_DAY, PYPI_UNVERIFIES_AT,
};
use crate::rules::{Closings, Rules};
use crate::world::{AddressId, FastlyAnswer, World};

/// PyPI's rules.
#[derive(Clone, Copy, Debug)]
pub struct PyPi;

impl Rules for PyPi {
    fn name(&self) -> &'static str {
        "pypi"
    }

    fn live(&self, world: &World) -> anyhow::Result<Closings> {
        let mut table = Table::new(world);
        let days = world.end().duration_since(world.start()).as_hours() / 24;
        for day in 0..u64::try_from(days)? {
            let midnight = world.start() + DAY * i32::try_from(day)?;
            let limit = table.share.of_day(day);
            table.asks(midnight + PYPI_ASKS_AT, limit);
            table.unverifies(midnight + PYPI_UNVERIFIES_AT, limit);
        }
        Ok(table.closings)
    }
}

/// The table of addresses.
struct Table<'world> {
    world: &'world World,
    rows: Vec<Row>,
    /// By last check, rows never checked first.
    queue: BTreeSet<(Option<Timestamp>, usize)>,
    /// Rows that come into being during the time simulated, the latest first.
    to_come: Vec<usize>,
    /// Rows whose last status has one of the tokens, and which are verified.
    flagged: BTreeSet<usize>,
    share: Share,
    closings: Closings,
}

struct Row {
    domain: u32,
    id: AddressId,
    address: Address,
    last_checked: Option<Timestamp>,
}

/// The simulated rows' share of the daily thousand: all rows of the real table stand in one queue, and the simulated ones stand for it
/// evenly.
#[derive(Clone, Copy)]
struct Share {
    simulated: u64,
    all: u64,
}

impl Share {
    fn of_day(self, day: u64) -> usize {
        let until = |days: u64| days * u64::from(PYPI_ROWS_A_DAY) * self.simulated / self.all;
        usize::try_from(until(day + 1) - until(day)).unwrap_or(usize::MAX)
    }
}

impl<'world> Table<'world> {
    fn new(world: &'world World) -> Self {
        let rows: Vec<Row> = world
            .domains()
            .flat_map(|domain| {
                world.addresses(domain).map(move |(id, address)| Row {
                    domain,
                    id,
                    address,
                    last_checked: None,
                })
            })
            .collect();
        let simulated = rows.len() as u64;
        let mut table = Self {
            world,
            queue: BTreeSet::new(),
            to_come: Vec::new(),
            flagged: BTreeSet::new(),
            share: Share {
                simulated,
                all: simulated
                    .max(u64::from(world.parameters().pypi_rows))
                    .max(1),
            },
            closings: Closings::none(world),
            rows,
        };
        table.fills();
        table
    }

    /// At the start it has long been at work: the rows there are have been checked one after the other during the last sweep.
    fn fills(&mut self) {
        let start = self.world.start();
        let sweep_days = (self.share.all / u64::from(PYPI_ROWS_A_DAY)).max(30);
        let sweep_seconds = sweep_days * DAY.as_secs().unsigned_abs();
        for (number, row) in self.rows.iter_mut().enumerate() {
            if row.address.verified_at > start {
                self.to_come.push(number);
                continue;
            }
            let seed = self.world.parameters().seed;
            let ago = draw(seed, number as u64, Purpose::LastLook, 0).below(sweep_seconds);
            let ago = jiff::SignedDuration::from_secs(i64::try_from(ago).unwrap_or(0));
            row.last_checked = Some(start - ago);
            self.queue.insert((row.last_checked, number));
        }
        let rows = &self.rows;
        self.to_come
            .sort_by_key(|number| std::cmp::Reverse(rows[*number].address.verified_at));
    }

    fn asks(&mut self, now: Timestamp, limit: usize) {
        while let Some(number) = self
            .to_come
            .pop_if(|number| self.rows[*number].address.verified_at <= now)
        {
            self.queue.insert((None, number));
        }
        let due = |(last, _): &&(Option<Timestamp>, usize)| {
            last.is_none_or(|last| now.duration_since(last) > PYPI_EVERY)
        };
        let batch: Vec<_> = self
            .queue
            .iter()
            .take_while(due)
            .take(limit)
            .copied()
            .collect();
        let mut answers = Vec::with_capacity(batch.len());
        for &(_, number) in &batch {
            let domain = self.rows[number].domain;
            self.closings.paid(domain, 1);
            let answer = self.world.fastly_answer(domain, now);
            // The whole batch is one database transaction: what cannot be read undoes it, and tomorrow begins with the same rows.
            if answer == FastlyAnswer::Unreadable {
                return;
            }
            answers.push(answer);
        }
        for (entry, answer) in batch.into_iter().zip(answers) {
            self.takes_down(entry, answer, now);
        }
    }

    fn takes_down(
        &mut self,
        entry: (Option<Timestamp>, usize),
        answer: FastlyAnswer,
        now: Timestamp,
    ) {
        let (_, number) = entry;
        let has_answered = answer.status().is_some();
        let checked = if has_answered { now } else { now - PYPI_FAILED };
        self.queue.remove(&entry);
        self.queue.insert((Some(checked), number));
        let row = &mut self.rows[number];
        row.last_checked = Some(checked);
        if !has_answered {
            return;
        }
        if is_expired(answer) && self.closings.unverified_at(row.id).is_none() {
            self.flagged.insert(number);
        } else {
            self.flagged.remove(&number);
        }
    }

    fn unverifies(&mut self, now: Timestamp, limit: usize) {
        for _ in 0..limit {
            let Some(number) = self.flagged.pop_first() else {
                return;
            };
            self.closings.unverify(self.rows[number].id, now);
        }
    }
}

/// Whether the status overlaps with `undelegated`, `inactive`, `expiring`, `deleting`, `unknown`.
fn is_expired(answer: FastlyAnswer) -> bool {
    match answer {
        FastlyAnswer::Undelegated
        | FastlyAnswer::Expiring
        | FastlyAnswer::Deleting
        | FastlyAnswer::Free
        | FastlyAnswer::Unknown
        | FastlyAnswer::OnlyUndelegated => true,
        FastlyAnswer::Active
        | FastlyAnswer::Parked
        | FastlyAnswer::ForSale
        | FastlyAnswer::Silent
        | FastlyAnswer::Unreadable => false,
    }
}
