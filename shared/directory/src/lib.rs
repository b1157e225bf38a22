#![doc = include_str!("../README.md")]

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
pub mod import;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::future::Future;

use lapsewatch_core::{Cursor, Outcome, Page, RestoreOrder, UnverifyOrder, WatchedDomain};

/// The account store: the only place where addresses live.
pub trait Directory: Send + Sync + 'static {
    /// The next page of domains that stand behind a verified address, each with the earliest time that an address at it
    /// was verified, restored, or, where nobody knows, first seen. A domain may
    /// stand on two pages; nothing but the pages bounds memory.
    fn domains(
        &self,
        after: Option<&Cursor>,
    ) -> impl Future<Output = Result<Page<WatchedDomain>, DirectoryError>> + Send;

    /// What `unverify` would do; changes nothing.
    fn preview(
        &self,
        order: &UnverifyOrder,
    ) -> impl Future<Output = Result<Outcome, DirectoryError>> + Send;

    /// Un-verifies the verified addresses at the domain that were verified before `verified_before`, by either of
    /// the two names that an address may depend on. One verified at a time nobody knows is covered by a loss; by a new
    /// registration, if it was in the directory before. What a person has restored counts as verified then. Each write is conditional: an address verified
    /// again since is left alone. The same order again changes nothing and counts what it has changed before.
    fn unverify(
        &self,
        order: &UnverifyOrder,
    ) -> impl Future<Output = Result<Outcome, DirectoryError>> + Send;

    /// Verifies again what that plan un-verified at the domain and nobody has touched since.
    fn restore(
        &self,
        order: &RestoreOrder,
    ) -> impl Future<Output = Result<Outcome, DirectoryError>> + Send;
}

/// Why the directory could not be read or written. No variant carries an address.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The store failed.
    #[error("the directory could not {doing}")]
    Store {
        /// What we were doing, as in "list domains".
        doing: &'static str,
        /// The store's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The input of an import could not be read at all.
    #[error("the file could not be read to its end; nothing was imported")]
    Input {
        /// The reader's error.
        #[source]
        source: std::io::Error,
    },
    /// The input of an import is not a file of addresses.
    #[error("nothing was imported")]
    Format(#[from] import::NotAnAddressFile),
}
