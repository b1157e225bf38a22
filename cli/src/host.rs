//! The one-machine host: one file, opened once, and the pipeline over it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use lapsewatch_core::{MAX_EVIDENCE_AGE, Rules, Timestamp};
use lapsewatch_directory::sqlite::SqliteDirectory;
use lapsewatch_pipeline::{Applier, CheckSettings, Checker, Clock};
use lapsewatch_sources::{Dns, Fastly, Rdap, retry_policy};
use lapsewatch_sqlite::Store;
use lapsewatch_watchlist::sqlite::SqliteWatchlist;

use crate::environment::Environment;

/// The checker of this host.
pub(crate) type LocalChecker<S = Fastly> = Checker<SqliteWatchlist, S, Option<Rdap>, Option<Dns>>;

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
            breaker: self.environment.breaker,
            max_evidence_age: MAX_EVIDENCE_AGE,
            clock: self.clock,
            deadline: None,
        }
    }

    /// Fastly, with the operator's key.
    pub(crate) fn fastly(&self) -> Result<Fastly> {
        let key = self.environment.token()?;
        Ok(Fastly::new(&self.environment.fastly_url, &key, self.wall)?)
    }

    pub(crate) fn checker(&self) -> Result<Arc<LocalChecker>> {
        let fastly = self.fastly()?;
        Ok(Arc::new(self.glancer()?.with_source(fastly)))
    }

    /// The checker without Fastly, which needs no key.
    pub(crate) fn glancer(&self) -> Result<LocalChecker<()>> {
        let environment = &self.environment;
        // Beside the store: a list of servers, to be thrown away at will.
        let cache = self.store.with_added_extension("rdap.json");
        let witnesses = &environment.witnesses;
        Ok(Checker {
            watchlist: self.watchlist.clone(),
            source: (),
            registry: witnesses.registries(&cache, self.wall)?,
            dns: witnesses.dns(),
            settings: CheckSettings {
                rules: Rules::default(),
                pace: environment.pace,
                registry_pace: environment.registry_pace,
                monthly_budget: environment.monthly_budget,
                retries: retry_policy(),
            },
            clock: self.clock,
        })
    }

    /// Says that this process checks on this store, until the share is dropped, and does what only one process may do at a
    /// time: `first`. The only process on the store ends the leases that a killed one has left behind before it does so;
    /// further ones wait for that, and share the work.
    pub(crate) async fn join<T>(
        &self,
        first: impl AsyncFnOnce() -> Result<T>,
    ) -> Result<(Share, T)> {
        let path = self.store.with_added_extension("lock");
        let cannot = || format!("cannot lock {}", path.display());
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .with_context(cannot)?;
        match file.try_lock() {
            Ok(()) => {
                self.watchlist.end_all_leases().await?;
                let done = first().await?;
                file.lock_shared().with_context(cannot)?;
                Ok((Share { _lock: file }, done))
            }
            Err(TryLockError::WouldBlock) => {
                file.lock_shared().with_context(cannot)?;
                let done = first().await?;
                Ok((Share { _lock: file }, done))
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
        }
    }
}

/// The share in the store's lock.
#[derive(Debug)]
pub(crate) struct Share {
    _lock: File,
}
