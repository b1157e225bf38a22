//! What the user sees: sentences on a terminal, or one JSON document.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde_json::Value;

/// Where a command's result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// Sentences.
    Text,
    /// One JSON document, and nothing else.
    Json,
}

impl Output {
    /// A sentence; with `--json`, nothing.
    pub(crate) fn say(self, line: impl AsRef<str>) -> Result<()> {
        match self {
            Self::Text => writeln!(io::stdout().lock(), "{}", line.as_ref())
                .context("cannot write the output"),
            Self::Json => Ok(()),
        }
    }

    /// The document; without `--json`, nothing.
    pub(crate) fn document(self, document: &Value) -> Result<()> {
        match self {
            Self::Text => Ok(()),
            Self::Json => {
                writeln!(io::stdout().lock(), "{document:#}").context("cannot write the output")
            }
        }
    }
}

/// `1 address`, `2 addresses`.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
