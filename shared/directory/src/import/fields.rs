//! What a line says: its fields, as CSV or JSON, and the entry that they make.

use std::io::Read;

use lapsewatch_core::{Timestamp, WatchedNames};
use serde_json::Value;

use super::lines::Lines;
use super::{Email, Entry, NotAnAddressFile, Reason};

/// How a file is written.
pub(super) enum Format {
    Csv(Columns),
    JsonLines,
}

impl Format {
    pub(super) fn fields(&self, line: &str) -> Result<Fields, Reason> {
        match self {
            Self::Csv(columns) => columns.fields(line),
            Self::JsonLines => json_fields(line),
        }
    }
}

/// Where the fields stand in a line of CSV.
pub(super) struct Columns {
    email: usize,
    verified_at: usize,
    account: Option<usize>,
}

impl Columns {
    pub(super) fn of_header<R: Read>(lines: &Lines<R>) -> Result<Self, NotAnAddressFile> {
        let header = lines
            .text()
            .and_then(csv_record)
            .map_err(NotAnAddressFile::BadHeader)?;
        let position = |name: &str| {
            header
                .iter()
                .position(|column| column.eq_ignore_ascii_case(name))
        };
        Ok(Self {
            email: position("email").ok_or(NotAnAddressFile::NoColumn("email"))?,
            verified_at: position("verified_at")
                .ok_or(NotAnAddressFile::NoColumn("verified_at"))?,
            account: position("account"),
        })
    }

    fn fields(&self, line: &str) -> Result<Fields, Reason> {
        let record = csv_record(line)?;
        let field = |at: usize, name| {
            record
                .get(at)
                .map(str::to_owned)
                .ok_or(Reason::Missing(name))
        };
        Ok(Fields {
            email: field(self.email, "email")?,
            verified_at: field(self.verified_at, "verified_at")?,
            account: self
                .account
                .map_or(Ok(String::new()), |at| field(at, "account"))?,
        })
    }
}

fn csv_record(line: &str) -> Result<csv::StringRecord, Reason> {
    if line.bytes().filter(|&byte| byte == b'"').count() % 2 == 1 {
        return Err(Reason::OpenQuote);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record),
        Ok(false) | Err(_) => Err(Reason::NotCsv),
    }
}

fn json_fields(line: &str) -> Result<Fields, Reason> {
    let mut object: serde_json::Map<String, Value> =
        serde_json::from_str(line).map_err(|_| Reason::NotAnObject)?;
    let mut field = |name| match object.remove(name) {
        None => Err(Reason::Missing(name)),
        Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.contains('\0') => Err(Reason::Nul),
        Some(Value::String(text)) => Ok(text),
        // An account may well be known by a number.
        Some(Value::Number(number)) if name == "account" => Ok(number.to_string()),
        Some(Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Reason::NotAText(name))
        }
    };
    Ok(Fields {
        email: field("email")?,
        verified_at: field("verified_at")?,
        account: match field("account") {
            Err(Reason::Missing(_)) => String::new(),
            account => account?,
        },
    })
}

/// What a line says, not yet understood. Empty where it says nothing.
pub(super) struct Fields {
    email: String,
    verified_at: String,
    account: String,
}

impl Fields {
    pub(super) fn into_entry(self, now: Timestamp) -> Result<Entry, Reason> {
        if self.email.trim().is_empty() {
            return Err(Reason::Missing("email"));
        }
        let account = self.account.trim();
        Ok(Entry {
            names: WatchedNames::of_address(&self.email),
            email: Email::new(&self.email),
            verified_at: verified_at(self.verified_at.trim(), now)?,
            account: (!account.is_empty()).then(|| account.to_owned()),
        })
    }
}

fn verified_at(text: &str, now: Timestamp) -> Result<Option<Timestamp>, Reason> {
    if text.is_empty() {
        return Ok(None);
    }
    let exact: Timestamp = text.parse().map_err(|_| Reason::NotATime)?;
    if exact > now {
        return Err(Reason::Future);
    }
    Timestamp::from_millisecond(exact.as_millisecond())
        .map(Some)
        .map_err(|_| Reason::NotATime)
}
