//! The one-machine host: one file, opened once, and the pipeline over it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::SignedDuration;
use lapsewatch_core::{Breaker, Rules, Timestamp};
use lapsewatch_directory::sqlite::SqliteDirectory;
use lapsewatch_pipeline::{Applier, CheckSettings, Checker, Clock};
use lapsewatch_sources::Fastly;
use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::Watchlist;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;

use crate::environment::Environment;

/// How old the newest look may be that a plan rests upon: a confirmed loss is looked at daily.
const MAX_EVIDENCE_AGE: SignedDuration = SignedDuration::from_hours(72);

/// An open store and all that works on it.
pub(crate) struct Host {
    pub(crate) watchlist: SqliteWatchlist,
    pub(crate) directory: SqliteDirectory,
    pub(crate) clock: Clock,
    pub(crate) environment: Environment,
    store: PathBuf,
    wall: fn() -> Timestamp,
}

impl Host {
    /// Opens the store, or makes it.
    pub(crate) fn open(
        store: &Path,
        environment: &Environment,
        wall: fn() -> Timestamp,
    ) -> Result<Self> {
        let file = Store::open(store)?;
        Ok(Self {
            watchlist: SqliteWatchlist::open(&file)?,
            directory: SqliteDirectory::open(&file)?,
            clock: Clock::new(wall, environment.rehearsed_now),
            environment: environment.clone(),
            store: store.to_owned(),
            wall,
        })
    }

    /// The same store at another time: for the demo, which lets days pass.
    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.environment.rehearsed_now = Some(now);
        self.clock = Clock::new(self.wall, Some(now));
        self
    }

    pub(crate) fn applier(&self) -> Applier<SqliteWatchlist, SqliteDirectory> {
        Applier {
            watchlist: self.watchlist.clone(),
            directory: self.directory.clone(),
            breaker: Breaker::default(),
            max_evidence_age: MAX_EVIDENCE_AGE,
            clock: self.clock,
        }
    }

    pub(crate) fn checker(&self) -> Result<Arc<Checker<SqliteWatchlist, Fastly>>> {
        let environment = &self.environment;
        Ok(Arc::new(Checker {
            watchlist: self.watchlist.clone(),
            source: Fastly::new(&environment.fastly_url, &environment.token()?, self.wall)?,
            settings: CheckSettings {
                rules: Rules::default(),
                pace: environment.pace,
                monthly_budget: environment.monthly_budget,
            },
            clock: self.clock,
        }))
    }

    /// Says that this process checks on this store, until the lock is dropped. The only one to do so ends the leases that a
    /// killed one has left behind; further ones share the work.
    pub(crate) async fn join(&self) -> Result<Company> {
        let path = self.store.with_added_extension("lock");
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot make the lock file {}", path.display()))?;
        let alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        };
        if alone {
            self.watchlist.end_all_leases().await?;
        }
        file.lock_shared()
            .with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Company { _lock: file })
    }
}

/// The share in the store's lock.
#[derive(Debug)]
pub(crate) struct Company {
    _lock: File,
}
