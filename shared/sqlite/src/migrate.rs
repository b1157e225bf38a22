//! Versioned migrations, a list for each component that keeps tables in the file.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::StoreError;

/// Runs the migrations that the file has not seen, all in one transaction.
pub(crate) fn migrate(
    connection: &mut Connection,
    component: &'static str,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT",
    )?;
    let stored: Option<usize> = transaction
        .query_row(
            "SELECT version FROM schema_versions WHERE component = ?1",
            [component],
            |row| row.get(0),
        )
        .optional()?;
    let stored = stored.unwrap_or(0);
    let known = migrations.len();
    if stored > known {
        return Err(StoreError::Newer {
            component,
            stored,
            known,
        });
    }
    for migration in &migrations[stored..] {
        transaction.execute_batch(migration)?;
    }
    transaction.execute(
        "INSERT INTO schema_versions (component, version) VALUES (?1, ?2)
         ON CONFLICT (component) DO UPDATE SET version = excluded.version",
        params![component, known],
    )?;
    Ok(transaction.commit()?)
}
