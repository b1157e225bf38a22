//! The embedded account store: tables of the one SQLite file, filled by import.

mod import;
mod schema;

pub use import::ImportReport;

use lapsewatch_core::{
    Cursor, DomainName, Left, LeftReason, Outcome, Page, RestoreOrder, Timestamp, UnverifyOrder,
    WatchedDomain,
};
use lapsewatch_sqlite::Store;
use rusqlite::{Connection, Row, TransactionBehavior, named_params};

use crate::{Directory, DirectoryError};

/// Domains on one page.
const PAGE: u32 = 1000;

/// The addresses in an SQLite file.
#[derive(Clone)]
pub struct SqliteDirectory {
    store: Store,
}

impl SqliteDirectory {
    /// The directory in an opened store, its tables made or brought up to date.
    pub fn open(store: &Store) -> Result<Self, DirectoryError> {
        store
            .migrate("directory", schema::MIGRATIONS)
            .map_err(failed_to("make its tables"))?;
        Ok(Self {
            store: store.clone(),
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        self.store.with(work).await.map_err(failed_to(doing))
    }
}

impl Directory for SqliteDirectory {
    async fn domains(&self, after: Option<&Cursor>) -> Result<Page<WatchedDomain>, DirectoryError> {
        // Every name sorts after the empty one.
        let after = after.map(|cursor| cursor.0.clone()).unwrap_or_default();
        self.with("list domains", move |connection| {
            domains(connection, &after)
        })
        .await
    }

    async fn preview(&self, order: &UnverifyOrder) -> Result<Outcome, DirectoryError> {
        let order = order.clone();
        self.with("preview an order", move |connection| {
            outcome_of_unverify(connection, &order)
        })
        .await
    }

    async fn unverify(&self, order: &UnverifyOrder) -> Result<Outcome, DirectoryError> {
        let order = order.clone();
        self.with("un-verify addresses", move |connection| {
            unverify(connection, &order)
        })
        .await
    }

    async fn restore(&self, order: &RestoreOrder) -> Result<Outcome, DirectoryError> {
        let order = order.clone();
        self.with("restore addresses", move |connection| {
            restore(connection, &order)
        })
        .await
    }
}

fn failed_to<E: std::error::Error + Send + Sync + 'static>(
    doing: &'static str,
) -> impl FnOnce(E) -> DirectoryError {
    move |error| DirectoryError::Store {
        doing,
        source: Box::new(error),
    }
}

/// Since when an address has been relied upon: verified, or first seen where nobody knows; or restored by a person.
const RELIED_UPON_SINCE: &str =
    "max(coalesce(verified_at, seen_at), coalesce(restored_at, verified_at, seen_at))";

/// Whether an order covers an address that is verified, as an expression.
fn covered() -> String {
    format!(
        "CASE WHEN :undated THEN verified_at IS NULL OR verified_at < :before ELSE {RELIED_UPON_SINCE} < :before END"
    )
}

fn domains(connection: &Connection, after: &str) -> rusqlite::Result<Page<WatchedDomain>> {
    let items = connection
        .prepare_cached(
            &format!(
                "SELECT domain, MIN({RELIED_UPON_SINCE}) FROM address_domains JOIN addresses USING (email)
                 WHERE domain > :after AND verified GROUP BY domain ORDER BY domain LIMIT :page"
            ),
        )?
        .query_map(named_params! { ":after": after, ":page": PAGE }, |row| {
            Ok(WatchedDomain {
                domain: stored_name(row.get(0)?)?,
                earliest_verified_at: row.get::<_, Option<i64>>(1)?.map(stored_time).transpose()?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let next = (items.len() == PAGE as usize)
        .then(|| items.last())
        .flatten()
        .map(|last| Cursor(last.domain.to_string()));
    Ok(Page { items, next })
}

fn unverify(connection: &mut Connection, order: &UnverifyOrder) -> rusqlite::Result<Outcome> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcome = outcome_of_unverify(&transaction, order)?;
    // What this plan has un-verified once, it does not touch again: whoever verified the address since, or restored it, had
    // the last word.
    let update = format!(
        "UPDATE addresses SET verified = 0, unverified_by = :plan, unverified_at = :at, unverified_for = :verdict,
             covered_until = :before, restored_at = NULL
         WHERE email IN (SELECT email FROM address_domains WHERE domain = :domain)
             AND unverified_by IS NOT :plan AND verified AND {}",
        covered()
    );
    transaction.execute(
        &update,
        named_params! {
            ":undated": order.covers_undated(),
            ":domain": order.domain.as_str(),
            ":plan": order.plan.as_str(),
            ":at": order.at.as_millisecond(),
            ":verdict": order.verdict.name(),
            ":before": order.verified_before.as_millisecond(),
        },
    )?;
    transaction.commit()?;
    Ok(outcome)
}

/// The same before and after the order is carried out: what it covers counts with what it has changed.
fn outcome_of_unverify(
    connection: &Connection,
    order: &UnverifyOrder,
) -> rusqlite::Result<Outcome> {
    let query = format!(
        "SELECT COUNT(*) FILTER (WHERE covered), COUNT(*) FILTER (WHERE NOT covered AND verified AND is_dated),
             COUNT(*) FILTER (WHERE NOT covered AND verified AND NOT is_dated),
             COUNT(*) FILTER (WHERE NOT covered AND NOT verified)
         FROM (
             SELECT verified, {RELIED_UPON_SINCE} IS NOT NULL AS is_dated,
                 unverified_by IS :plan OR (verified AND coalesce({}, FALSE)) AS covered
             FROM address_domains JOIN addresses USING (email) WHERE domain = :domain
         )",
        covered()
    );
    connection.query_row(
        &query,
        named_params! {
            ":undated": order.covers_undated(),
            ":domain": order.domain.as_str(),
            ":plan": order.plan.as_str(),
            ":before": order.verified_before.as_millisecond(),
        },
        |row| {
            Ok(Outcome {
                addresses: count(row, 0)?,
                left: left([
                    (LeftReason::VerifiedSince, count(row, 1)?),
                    (LeftReason::Undated, count(row, 2)?),
                    (LeftReason::NotVerified, count(row, 3)?),
                ]),
            })
        },
    )
}

fn restore(connection: &mut Connection, order: &RestoreOrder) -> rusqlite::Result<Outcome> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "UPDATE addresses SET verified = 1, restored_at = :at
         WHERE email IN (SELECT email FROM address_domains WHERE domain = :domain)
             AND unverified_by = :plan AND NOT verified",
        named_params! {
            ":domain": order.domain.as_str(),
            ":plan": order.plan.as_str(),
            ":at": order.at.as_millisecond(),
        },
    )?;
    let outcome = transaction.query_row(
        "SELECT COUNT(*) FILTER (WHERE restored_at IS NOT NULL), COUNT(*) FILTER (WHERE restored_at IS NULL)
         FROM address_domains JOIN addresses USING (email) WHERE domain = :domain AND unverified_by = :plan",
        named_params! { ":domain": order.domain.as_str(), ":plan": order.plan.as_str() },
        |row| {
            Ok(Outcome {
                addresses: count(row, 0)?,
                left: left([(LeftReason::ChangedSince, count(row, 1)?)]),
            })
        },
    )?;
    transaction.commit()?;
    Ok(outcome)
}

fn left<const N: usize>(counts: [(LeftReason, u64); N]) -> Vec<Left> {
    counts
        .into_iter()
        .filter(|&(_, addresses)| addresses > 0)
        .map(|(reason, addresses)| Left { reason, addresses })
        .collect()
}

/// What COUNT gave; SQLite has no unsigned numbers.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

/// A name that is in the table. A newer Public Suffix List may no longer take it for one: the addresses want importing again.
fn stored_name(text: String) -> rusqlite::Result<DomainName> {
    DomainName::try_from(text).map_err(unreadable)
}

fn stored_time(milliseconds: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds).map_err(unreadable)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Null, Box::new(error))
}
