//! The file: opened, recognised, and used from asynchronous code.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::Access;
use rustix::io::Errno;

use crate::migrate;

/// Marks a file as ours (`PRAGMA application_id`): "LPSW".
const APPLICATION_ID: i32 = 0x4c50_5357;

/// How long a process waits for another one's write.
const BUSY: Duration = Duration::from_secs(30);

/// The open file. A clone is another handle on the same connection.
#[derive(Clone, Debug)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

/// Why the file could not be opened or used: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is a directory.
    #[error("the store {} is a directory; name a file", path.display())]
    Directory {
        /// The path.
        path: PathBuf,
    },
    /// It could not be opened or made.
    #[error("the store {} cannot be opened; does its folder exist, and may you write there?", path.display())]
    NotOpened {
        /// The path.
        path: PathBuf,
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },
    /// It is no SQLite database, or another program's.
    #[error("{} is not a Lapsewatch store; it was left as it is", path.display())]
    NotOurs {
        /// The path.
        path: PathBuf,
    },
    /// A newer version wrote it.
    #[error(
        "the store was written by a newer version of Lapsewatch ({component} tables of version {stored}, this one knows {known}); upgrade lapsewatch"
    )]
    Newer {
        /// Whose tables.
        component: &'static str,
        /// The version stored.
        stored: usize,
        /// The newest version known.
        known: usize,
    },
    /// The disk is full.
    #[error("the disk is full; nothing of this step was written")]
    Full {
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },
    /// The file, one that SQLite keeps beside it, or their folder may not be written.
    #[error("{} may not be written by you; make it writable (chmod u+w, or as its owner) and try again", path.display())]
    NotWritable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file may not be written.
    #[error("the store cannot be written: the file or its folder is read-only")]
    ReadOnly {
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },
    /// Anything else.
    #[error("the store failed")]
    Failed {
        /// SQLite's error.
        #[source]
        source: rusqlite::Error,
    },
    /// The work on the store was cut short.
    #[error("the work on the store was cut short")]
    CutShort {
        /// Why.
        #[source]
        source: tokio::task::JoinError,
    },
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { source },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => Self::ReadOnly { source },
            _ => Self::Failed { source },
        }
    }
}

impl Store {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if path.is_dir() {
            return Err(StoreError::Directory {
                path: path.to_owned(),
            });
        }
        Self::must_be_writable(path)?;
        let not_opened = |source| StoreError::NotOpened {
            path: path.to_owned(),
            source,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(not_opened)?;
        connection.busy_timeout(BUSY)?;
        Self::recognise(path, &connection)?;
        // Write-ahead logging: readers and the writer do not wait for each other, and a killed process loses nothing that
        // was committed.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", "on")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Before SQLite touches the file: it would open one that may only be read, and leave its own files beside it just as
    /// read-only, which then keep the store from being written once it is repaired.
    ///
    /// The system is asked, and no file opened: to close one would give up every lock that this process holds on it
    /// (POSIX), which are those that SQLite keeps other processes out by.
    fn must_be_writable(path: &Path) -> Result<(), StoreError> {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        // SQLite makes the files beside the store, so their folder counts too.
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        for path in [path.to_owned(), beside("-wal"), beside("-shm"), folder] {
            // What is not there is made; what else is wrong, SQLite says.
            if let Err(errno @ (Errno::ACCESS | Errno::PERM | Errno::ROFS)) =
                rustix::fs::access(&path, Access::WRITE_OK)
            {
                let source = errno.into();
                return Err(StoreError::NotWritable { path, source });
            }
        }
        Ok(())
    }

    /// Marks a new file as ours, and refuses anybody else's before anything is written to it.
    fn recognise(path: &Path, connection: &Connection) -> Result<(), StoreError> {
        let not_ours = || StoreError::NotOurs {
            path: path.to_owned(),
        };
        let mark =
            connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0));
        let mark = match mark {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                return Err(not_ours());
            }
            mark => mark?,
        };
        if mark == APPLICATION_ID {
            return Ok(());
        }
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if mark != 0 || tables != 0 {
            return Err(not_ours());
        }
        Ok(connection.pragma_update(None, "application_id", APPLICATION_ID)?)
    }

    /// Brings a component's tables up to date: each migration is one step of its version, and is never changed once
    /// released.
    pub fn migrate(&self, component: &'static str, migrations: &[&str]) -> Result<(), StoreError> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        migrate::migrate(&mut connection, component, migrations)
    }

    /// Does a piece of work on the connection, off the asynchronous threads.
    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut connection)
        });
        Ok(done
            .await
            .map_err(|source| StoreError::CutShort { source })??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_new_file_is_made_and_recognised_again() {
        let folder = folder();
        let path = folder.path().join("store.db");
        for _ in 0..2 {
            Store::open(&path)
                .unwrap()
                .migrate("words", &["CREATE TABLE words (word TEXT) STRICT"])
                .unwrap();
        }
    }

    #[test]
    fn what_is_not_ours_is_refused_and_left_as_it_is() {
        let folder = folder();
        let text = folder.path().join("notes.txt");
        let words = "a text that is longer than the header of a database, and is none; ".repeat(4);
        std::fs::write(&text, &words).unwrap();
        assert!(matches!(
            Store::open(&text),
            Err(StoreError::NotOurs { .. })
        ));
        assert_eq!(std::fs::read_to_string(&text).unwrap(), words);

        let other = folder.path().join("other.db");
        Connection::open(&other)
            .unwrap()
            .execute_batch("CREATE TABLE theirs (x)")
            .unwrap();
        assert!(matches!(
            Store::open(&other),
            Err(StoreError::NotOurs { .. })
        ));
        assert!(matches!(
            Store::open(folder.path()),
            Err(StoreError::Directory { .. })
        ));
        let nowhere = folder.path().join("missing/store.db");
        assert!(matches!(
            Store::open(&nowhere),
            Err(StoreError::NotOpened { .. })
        ));
    }

    /// Whether another process can begin to write.
    fn another_process_can_write(path: &Path) -> bool {
        let begin = "import sqlite3, sys\n\
                     store = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n\
                     try: store.execute('BEGIN IMMEDIATE')\n\
                     except sqlite3.OperationalError: sys.exit(3)";
        let mut python = std::process::Command::new("python3");
        let ended = python.args(["-c", begin]).arg(path).status().unwrap();
        match ended.code() {
            Some(0) => true,
            Some(3) => false,
            other => panic!("python3 ended with {other:?}"),
        }
    }

    #[tokio::test]
    async fn opening_a_store_again_lets_no_other_process_into_a_transaction_of_this_one() {
        let folder = folder();
        let path = folder.path().join("store.db");
        let first = Store::open(&path).unwrap();
        first
            .migrate("words", &["CREATE TABLE words (word TEXT)"])
            .unwrap();
        assert!(another_process_can_write(&path));
        first
            .with(|c| c.execute_batch("BEGIN IMMEDIATE"))
            .await
            .unwrap();
        assert!(!another_process_can_write(&path));
        Store::must_be_writable(&path).unwrap();
        assert!(!another_process_can_write(&path), "the lock is held");
    }

    #[test]
    fn a_store_of_a_newer_version_is_refused() {
        let folder = folder();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        store
            .migrate("words", &["CREATE TABLE a (x)", "CREATE TABLE b (x)"])
            .unwrap();
        let older = store.migrate("words", &["CREATE TABLE a (x)"]);
        assert!(matches!(
            older,
            Err(StoreError::Newer {
                stored: 2,
                known: 1,
                ..
            })
        ));
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_nothing_behind() {
        let folder = folder();
        let store = Store::open(&folder.path().join("store.db")).unwrap();
        assert!(
            store
                .migrate("words", &["CREATE TABLE a (x); CREATE TABEL b (x)"])
                .is_err()
        );
        store.migrate("words", &["CREATE TABLE a (x)"]).unwrap();
        let rows: i64 = store
            .with(|c| c.query_row("SELECT count(*) FROM a", [], |row| row.get(0)))
            .await
            .unwrap();
        assert_eq!(rows, 0);
    }
}
