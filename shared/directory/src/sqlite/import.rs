//! Importing a file of addresses: all of it, or nothing.

use std::collections::BTreeMap;
use std::io::{self, Read};

use lapsewatch_core::{Timestamp, Unwatchable};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::{SqliteDirectory, count};
use crate::DirectoryError;
use crate::import::{BadLine, Entries, Entry};

/// How many bad lines a report holds.
const BAD_LINES: usize = 100;

/// Lines between two reports of progress.
const PROGRESS_EVERY: u64 = 1000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Lines read, the header and blank ones not counted.
    pub read: u64,
    /// Addresses that were not in the directory.
    pub added: u64,
    /// Addresses that were, and about which the file says something else.
    pub updated: u64,
    /// Addresses that were, as the file says.
    pub unchanged: u64,
    /// The first hundred lines that were not imported.
    pub bad: Vec<BadLine>,
    /// All lines that were not imported.
    pub bad_lines: u64,
    /// Addresses of the file that no domain stands behind, by reason. They are in the directory, and never un-verified.
    pub unwatchable: BTreeMap<Unwatchable, u64>,
    /// Addresses in the directory now.
    pub addresses: u64,
    /// Domains that stand behind a verified address now.
    pub domains: u64,
}

impl SqliteDirectory {
    /// Takes in a file of addresses (see [`crate::import`]) in one transaction: if it cannot be read or written to its end,
    /// nothing has changed. Calls `progress` now and then with the number of lines read.
    ///
    /// The file is right about the addresses that it names, its last line about an address that it names twice; others stay
    /// as they are. Only an address that Lapsewatch un-verified stays so, unless the file says it was verified later than the
    /// evidence covers.
    pub async fn import(
        &self,
        reader: impl Read + Send + 'static,
        now: Timestamp,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<ImportReport, DirectoryError> {
        const DOING: &str = "import addresses";
        self.with(DOING, move |connection| {
            match import(connection, reader, now, progress) {
                Ok(report) => Ok(Ok(report)),
                Err(Failure::Store(error)) => Err(error),
                Err(Failure::Reader(source)) => Ok(Err(DirectoryError::Input { source })),
                Err(Failure::Open(error)) => Ok(Err(error)),
            }
        })
        .await?
    }
}

enum Failure {
    Store(rusqlite::Error),
    Reader(io::Error),
    Open(DirectoryError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

fn import(
    connection: &mut Connection,
    reader: impl Read,
    now: Timestamp,
    mut progress: impl FnMut(u64),
) -> Result<ImportReport, Failure> {
    let entries = Entries::open(reader, now).map_err(Failure::Open)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut report = ImportReport::default();
    for line in entries {
        match line.map_err(Failure::Reader)? {
            Ok(entry) => report.count(&transaction, &entry, now)?,
            Err(bad) => report.count_bad(bad),
        }
        report.read += 1;
        if report.read.is_multiple_of(PROGRESS_EVERY) {
            progress(report.read);
        }
    }
    progress(report.read);
    report.addresses =
        transaction.query_row("SELECT COUNT(*) FROM addresses", [], |row| count(row, 0))?;
    report.domains = transaction.query_row(
        "SELECT COUNT(DISTINCT domain) FROM address_domains JOIN addresses USING (email) WHERE verified",
        [],
        |row| count(row, 0),
    )?;
    transaction.commit()?;
    Ok(report)
}

impl ImportReport {
    fn count(
        &mut self,
        transaction: &Transaction<'_>,
        entry: &Entry,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        if let Err(reason) = entry.names {
            *self.unwatchable.entry(reason).or_default() += 1;
        }
        let (before, after) = (Stored::find(transaction, entry)?, Stored::of(entry));
        match before {
            None => {
                self.added += 1;
                after.write(transaction, entry, now)
            }
            Some(before) => {
                let after = after.over(&before);
                if after == before {
                    self.unchanged += 1;
                    return Ok(());
                }
                self.updated += 1;
                after.write(transaction, entry, now)
            }
        }
    }

    fn count_bad(&mut self, bad: BadLine) {
        self.bad_lines += 1;
        if self.bad.len() < BAD_LINES {
            self.bad.push(bad);
        }
    }
}

/// What is kept of an address, as far as an import may change it.
#[derive(PartialEq, Eq)]
struct Stored {
    account: Option<String>,
    verified_at: Option<i64>,
    verified: bool,
    unwatchable: Option<String>,
    covered_until: Option<i64>,
    /// In order.
    domains: Vec<String>,
}

impl Stored {
    fn of(entry: &Entry) -> Self {
        let mut domains: Vec<String> = entry
            .names
            .iter()
            .flat_map(|names| names.iter().map(ToString::to_string))
            .collect();
        domains.sort();
        Self {
            account: entry.account.clone(),
            verified_at: entry.verified_at.map(Timestamp::as_millisecond),
            verified: true,
            unwatchable: entry.names.as_ref().err().map(ToString::to_string),
            covered_until: None,
            domains,
        }
    }

    /// This, where that was before.
    fn over(self, before: &Self) -> Self {
        let verified = before.verified
            || before
                .covered_until
                .is_none_or(|covered| self.verified_at.is_some_and(|at| at >= covered));
        Self {
            account: self.account.or_else(|| before.account.clone()),
            verified,
            covered_until: before.covered_until,
            ..self
        }
    }

    fn find(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<Option<Self>> {
        let email = entry.email.as_str();
        let found = transaction
            .prepare_cached(
                "SELECT account, verified_at, verified, unwatchable, covered_until FROM addresses WHERE email = ?",
            )?
            .query_row([email], |row| {
                Ok(Self {
                    account: row.get(0)?,
                    verified_at: row.get(1)?,
                    verified: row.get(2)?,
                    unwatchable: row.get(3)?,
                    covered_until: row.get(4)?,
                    domains: Vec::new(),
                })
            })
            .optional()?;
        let Some(stored) = found else {
            return Ok(None);
        };
        let domains = transaction
            .prepare_cached("SELECT domain FROM address_domains WHERE email = ? ORDER BY domain")?
            .query_map([email], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Some(Self { domains, ..stored }))
    }

    fn write(
        &self,
        transaction: &Transaction<'_>,
        entry: &Entry,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let email = entry.email.as_str();
        transaction
            .prepare_cached(
                "INSERT INTO addresses (email, account, verified_at, verified, unwatchable, seen_at)
                 VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT (email) DO UPDATE SET account = excluded.account, verified_at = excluded.verified_at,
                     verified = excluded.verified, unwatchable = excluded.unwatchable,
                     seen_at = coalesce(seen_at, excluded.seen_at)",
            )?
            .execute(params![
                email,
                self.account,
                self.verified_at,
                self.verified,
                self.unwatchable,
                now.as_millisecond(),
            ])?;
        transaction
            .prepare_cached("DELETE FROM address_domains WHERE email = ?")?
            .execute([email])?;
        let mut add = transaction
            .prepare_cached("INSERT INTO address_domains (domain, email) VALUES (?, ?)")?;
        for domain in &self.domains {
            add.execute([domain.as_str(), email])?;
        }
        Ok(())
    }
}
