//! The one-machine host: the real command on a store of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::addresses::{self, Unverified};

/// A store, and the command that works on it.
pub struct Machine {
    command: PathBuf,
    folder: TempDir,
    fastly: String,
    registries: PathBuf,
}

impl Machine {
    /// A fresh store. Asks the Fastly at `fastly`, and the registries that a bootstrap file names.
    pub async fn new(fastly: String, registries: PathBuf) -> Result<Self> {
        Ok(Self {
            command: local_stack::functions::binary("lapsewatch").await?,
            folder: tempfile::tempdir()?,
            fastly,
            registries,
        })
    }

    /// Imports addresses; answers the command's document.
    pub fn import(&self, now: &str, addresses: &[String]) -> Result<Value> {
        let file = self.folder.path().join("addresses.csv");
        std::fs::write(&file, addresses::csv(addresses))?;
        self.run(now, &["import", file.to_str().context("a path in UTF-8")?])
    }

    /// Runs the command as of `now`; answers its document.
    pub fn run(&self, now: &str, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.command)
            .env_clear()
            .env("FASTLY_API_TOKEN", "key-of-the-tests")
            .env("LAPSEWATCH_FASTLY_URL", &self.fastly)
            .env("FASTLY_RATE", "100000")
            .env("LAPSEWATCH_RDAP_BOOTSTRAP", &self.registries)
            .env("LAPSEWATCH_DNS", "none")
            .env("LAPSEWATCH_NOW", now)
            .arg("--store")
            .arg(self.store())
            .args(arguments)
            .arg("--json")
            .output()?;
        ensure!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The addresses that are not verified any more, of those behind which a domain stands.
    pub fn unverified(&self) -> Result<Unverified> {
        let store = rusqlite::Connection::open(self.store())?;
        let mut statement = store
            .prepare("SELECT email FROM addresses WHERE verified = 0 AND unwatchable IS NULL")?;
        let emails = statement.query_map([], |row| row.get(0))?;
        Ok(emails.collect::<Result<_, _>>()?)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("lapsewatch.db")
    }
}
