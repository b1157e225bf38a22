//! The SQLite directory: the contract, and the import that fills it.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod contract;

use std::fmt::Write as _;
use std::io::{self, Read};

use contract::{Fixture, contract};
use lapsewatch_core::{Timestamp, Unwatchable};
use lapsewatch_directory::DirectoryError;
use lapsewatch_directory::sqlite::{ImportReport, SqliteDirectory};
use lapsewatch_sqlite::Store;
use tempfile::TempDir;

struct OnDisk {
    store: Store,
    directory: SqliteDirectory,
    _folder: TempDir,
}

impl OnDisk {
    async fn import(&self, file: impl Into<Vec<u8>>) -> ImportReport {
        self.try_import(io::Cursor::new(file.into())).await.unwrap()
    }

    async fn try_import(
        &self,
        reader: impl Read + Send + 'static,
    ) -> Result<ImportReport, DirectoryError> {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        self.directory.import(reader, now, |_| {}).await
    }

    async fn count(&self, sql: &'static str) -> i64 {
        self.store
            .with(move |connection| connection.query_row(sql, [], |row| row.get(0)))
            .await
            .unwrap()
    }
}

impl Fixture for OnDisk {
    type Directory = SqliteDirectory;

    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("lapsewatch.db")).unwrap();
        let directory = SqliteDirectory::open(&store).unwrap();
        Self {
            store,
            directory,
            _folder: folder,
        }
    }

    fn directory(&self) -> &SqliteDirectory {
        &self.directory
    }

    async fn verify(&self, addresses: &[(&str, Option<&str>)]) {
        let mut file = "email,verified_at\n".to_owned();
        for (address, at) in addresses {
            writeln!(file, "{address},{}", at.unwrap_or_default()).unwrap();
        }
        assert_eq!(self.import(file).await.bad, []);
    }

    async fn is_verified(&self, address: &str) -> bool {
        // Said here in the form in which the store keeps it.
        let email = address
            .to_lowercase()
            .replace("bücher", "xn--bcher-kva")
            .trim_end_matches('.')
            .to_owned();
        self.store
            .with(move |connection| {
                connection.query_row(
                    "SELECT verified FROM addresses WHERE email = ?",
                    [email],
                    |row| row.get(0),
                )
            })
            .await
            .unwrap()
    }
}

contract!(OnDisk);

#[tokio::test]
async fn an_import_tells_what_it_did() {
    let directory = OnDisk::new().await;
    let report = directory
        .import(
            "email,verified_at,account\n\
             ada@example.org,2024-01-01T00:00:00Z,ada\n\
             bob@shop.uk.com,,bob\n\
             nobody,,\n\
             eve@example.org,tomorrow,eve\n\
             a@[192.0.2.1],,\n",
        )
        .await;
    assert_eq!((report.read, report.added, report.bad_lines), (5, 4, 1));
    assert_eq!(report.bad[0].line, 5);
    assert_eq!((report.addresses, report.domains), (4, 3));
    let unwatchable: Vec<_> = report.unwatchable.into_iter().collect();
    assert_eq!(
        unwatchable,
        [(Unwatchable::NotAnAddress, 1), (Unwatchable::IpLiteral, 1)]
    );
}

#[tokio::test]
async fn imported_again_it_updates_and_never_duplicates() {
    let directory = OnDisk::new().await;
    directory
        .import("email,verified_at,account\nAda@example.org,,ada\nbob@example.org,,bob\n")
        .await;
    let report = directory
        .import("email,verified_at\nada@EXAMPLE.org.,2024-01-01T00:00:00Z\nbob@example.org,\n")
        .await;
    assert_eq!((report.added, report.updated, report.unchanged), (0, 1, 1));
    assert_eq!(report.addresses, 2);
    let kept = "SELECT COUNT(*) FROM addresses WHERE account = 'ada' AND verified_at IS NOT NULL";
    assert_eq!(directory.count(kept).await, 1);
    let names = "SELECT COUNT(*) FROM address_domains";
    assert_eq!(directory.count(names).await, 2);
}

#[tokio::test]
async fn only_the_first_hundred_bad_lines_are_kept_and_all_are_counted() {
    let directory = OnDisk::new().await;
    let report = directory
        .import(format!(
            "email,verified_at\n{}",
            "a@example.org\n".repeat(150)
        ))
        .await;
    assert_eq!((report.bad.len(), report.bad_lines), (100, 150));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_to_its_end_imports_nothing() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("cable"))
        }
    }
    let directory = OnDisk::new().await;
    let file = io::Cursor::new(b"email,verified_at\na@example.org,\n").chain(Broken);
    let error = directory.try_import(file).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Input { .. }), "{error:?}");
    assert_eq!(directory.count("SELECT COUNT(*) FROM addresses").await, 0);
}

#[tokio::test]
async fn a_full_disk_imports_nothing() {
    let directory = OnDisk::new().await;
    directory
        .store
        .with(|connection| {
            let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            connection.query_row(
                &format!("PRAGMA max_page_count = {}", pages + 8),
                [],
                |_| Ok(()),
            )
        })
        .await
        .unwrap();
    let lines: String = (0..10_000).fold(String::new(), |mut lines, n| {
        writeln!(lines, "a{n}@example.org,").unwrap();
        lines
    });
    let error = directory
        .try_import(io::Cursor::new(format!("email,verified_at\n{lines}")))
        .await
        .unwrap_err();
    assert!(matches!(error, DirectoryError::Store { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("example.org"));
    assert_eq!(directory.count("SELECT COUNT(*) FROM addresses").await, 0);
}

#[tokio::test]
async fn a_folder_is_not_a_file() {
    let directory = OnDisk::new().await;
    let folder = std::fs::File::open(".").unwrap();
    let error = directory.try_import(folder).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Input { .. }), "{error:?}");
}

#[tokio::test]
async fn progress_ends_at_the_number_of_lines() {
    let directory = OnDisk::new().await;
    let (send, receive) = std::sync::mpsc::channel();
    let file = format!("email,verified_at\n{}", "a@example.org,\n".repeat(2_500));
    directory
        .directory
        .import(io::Cursor::new(file), Timestamp::UNIX_EPOCH, move |read| {
            send.send(read).unwrap();
        })
        .await
        .unwrap();
    assert_eq!(receive.iter().collect::<Vec<u64>>(), [1_000, 2_000, 2_500]);
}
