//! A store in a folder of its own, a stand-in for Fastly, and the real `lapsewatch` process between them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use fastly_stand_in::{Script, StandIn};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const DAY_1: &str = "2026-12-01T00:00:00Z";
pub(crate) const DAY_2: &str = "2026-12-02T00:00:00Z";

pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) fastly: StandIn,
}

impl House {
    pub(crate) fn new(script: Script) -> Self {
        let fastly = StandIn::start(script).expect("the stand-in starts");
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            fastly,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("lapsewatch.db")
    }

    /// A file of addresses, each verified in 2020.
    pub(crate) fn addresses(&self, addresses: &[String]) -> PathBuf {
        let mut csv = String::from("email,verified_at,account\n");
        for (number, address) in addresses.iter().enumerate() {
            writeln!(csv, "{address},2020-01-01T00:00:00Z,user{number}")
                .expect("a string takes it");
        }
        let path = self.path("addresses.csv");
        std::fs::write(&path, csv).expect("the addresses are written");
        path
    }

    pub(crate) fn command(&self, now: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lapsewatch"));
        command
            .env_clear()
            .env("FASTLY_API_TOKEN", "key-of-the-tests")
            .env("LAPSEWATCH_FASTLY_URL", self.fastly.url())
            .env("FASTLY_RATE", "100000")
            // No test asks a registry or a resolver of the world.
            .env("LAPSEWATCH_RDAP_BOOTSTRAP", "none")
            .env("LAPSEWATCH_DNS", "none")
            .env("LAPSEWATCH_NOW", now)
            .arg("--store")
            .arg(self.store())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, now: &str, arguments: &[&str]) -> Output {
        self.command(now, arguments)
            .output()
            .expect("lapsewatch runs")
    }

    /// Runs with `--json` and reads the document; the exit code must be `code`.
    pub(crate) fn json(&self, now: &str, arguments: &[&str], code: i32) -> Value {
        let output = self
            .command(now, arguments)
            .arg("--json")
            .output()
            .expect("lapsewatch runs");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else")
    }

    pub(crate) fn import(&self, addresses: &[String]) -> Value {
        let file = self.addresses(addresses);
        self.json(DAY_1, &["import", path(&file)], 0)
    }

    pub(crate) fn start(&self, now: &str, arguments: &[&str]) -> Child {
        self.command(now, arguments)
            .spawn()
            .expect("lapsewatch starts")
    }
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The domains of a document's list, sorted.
pub(crate) fn domains(list: &Value) -> Vec<String> {
    let mut domains: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["domain"].as_str().expect("a domain").to_owned())
        .collect();
    domains.sort();
    domains
}
