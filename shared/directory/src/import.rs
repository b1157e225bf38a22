//! Reading a file of addresses, line by line: CSV with a header, or JSON lines.
//!
//! - CSV: the first line names the columns, in any order: `email`, `verified_at`, and `account` if there is one; others are
//!   ignored. A record is one line.
//! - JSON lines: one object a line with the same fields.
//!
//! `verified_at` is RFC 3339; empty (or `null`) means verified at a time nobody knows. Blank lines are ignored. A line that
//! cannot be used is reported with its number and a reason that never repeats what it says.

mod fields;
mod lines;

use std::fmt;
use std::io::{self, Read};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use lapsewatch_core::{Timestamp, Unwatchable, WatchedNames};
use serde::{Serialize, Serializer};

use self::fields::{Columns, Format};
use self::lines::Lines;
use crate::DirectoryError;

/// The longest line that is read, in bytes. No address needs more, and a longer one is skipped without being held.
pub const MAX_LINE: usize = 64 * 1024;

/// An address of the file and what it depends on.
#[derive(Debug)]
pub struct Entry {
    /// The address.
    pub email: Email,
    /// When it was verified, if known.
    pub verified_at: Option<Timestamp>,
    /// The account it belongs to, as the registry names it.
    pub account: Option<String>,
    /// The domains whose loss is the loss of the address, or why there are none.
    pub names: Result<WatchedNames, Unwatchable>,
}

/// An e-mail address in the form in which addresses are compared: the domain in A-labels without a trailing dot, and all of
/// it in ASCII lower case. A local part is case-sensitive on paper only (RFC 5321, section 2.4); letters outside ASCII in it
/// stay as they are. Says nothing when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    pub(crate) fn new(address: &str) -> Self {
        let address = address.trim();
        let Some((local, host)) = address.rsplit_once('@') else {
            return Self(address.to_ascii_lowercase());
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        // What is no domain name stays as it is: it is kept, and reported as unwatchable.
        let domain = Uts46::new()
            .to_ascii(
                host.as_bytes(),
                AsciiDenyList::URL,
                Hyphens::Allow,
                DnsLength::Ignore,
            )
            .map_or_else(|_| host.to_ascii_lowercase(), std::borrow::Cow::into_owned);
        Self(format!("{}@{domain}", local.to_ascii_lowercase()))
    }

    #[cfg_attr(
        not(any(feature = "sqlite", feature = "dynamodb")),
        expect(dead_code, reason = "only an adapter stores it")
    )]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// A line that was not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// Its number, from 1, blank lines and the header counted.
    pub line: u64,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why a line was not imported. Serialized as its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Longer than [`MAX_LINE`].
    #[error("it is longer than 64 KiB")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not UTF-8 text")]
    NotUtf8,
    /// A NUL in it.
    #[error("it holds a NUL byte")]
    Nul,
    /// An odd number of quotation marks.
    #[error("a quoted field does not end on the line")]
    OpenQuote,
    /// Not a record of CSV.
    #[error("it is not a line of CSV")]
    NotCsv,
    /// Not a JSON object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// A field is not there.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// A JSON field of a type that it cannot be.
    #[error("its `{0}` is not a text")]
    NotAText(&'static str),
    /// Not a date.
    #[error("its `verified_at` is not a time such as 2026-01-31T12:00:00Z (RFC 3339)")]
    NotATime,
    /// Verified later than now.
    #[error("its `verified_at` is in the future")]
    Future,
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a file holds no addresses at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddressFile {
    /// Nothing but white space.
    #[error(
        "the file is empty; it must begin with a line `email,verified_at,account`, or hold one JSON object a line"
    )]
    Empty,
    /// The first line is not a header.
    #[error(
        "the first line must name the columns, as in `email,verified_at,account`; it does not name `{0}`"
    )]
    NoColumn(&'static str),
    /// The first line cannot be read.
    #[error("the first line must name the columns, as in `email,verified_at,account`; {0}")]
    BadHeader(Reason),
}

/// The lines of a file of addresses, one by one: each is an [`Entry`] or a [`BadLine`]. Holds one line at a time.
pub struct Entries<R> {
    lines: Lines<R>,
    format: Format,
    now: Timestamp,
    /// The line that told the format is itself an entry and still to be given.
    first_is_waiting: bool,
}

impl<R: Read> Entries<R> {
    /// Reads as far as the first line that is not blank, which tells the format: `{` begins JSON lines, anything else a CSV
    /// header. Nothing can have been verified after `now`.
    pub fn open(reader: R, now: Timestamp) -> Result<Self, DirectoryError> {
        let mut lines = Lines::new(reader);
        let found = lines
            .advance()
            .map_err(|source| DirectoryError::Input { source })?;
        if !found {
            return Err(NotAnAddressFile::Empty.into());
        }
        let is_json = lines.bytes().starts_with(b"{");
        let format = if is_json {
            Format::JsonLines
        } else {
            Format::Csv(Columns::of_header(&lines)?)
        };
        Ok(Self {
            lines,
            format,
            now,
            first_is_waiting: is_json,
        })
    }

    fn read_line(&self) -> Result<Entry, BadLine> {
        self.lines
            .text()
            .and_then(|text| self.format.fields(text))
            .and_then(|fields| fields.into_entry(self.now))
            .map_err(|reason| BadLine {
                line: self.lines.number,
                reason,
            })
    }
}

impl<R: Read> Iterator for Entries<R> {
    /// The outer error is the reader's; nothing follows it that could be trusted.
    type Item = io::Result<Result<Entry, BadLine>>;

    fn next(&mut self) -> Option<Self::Item> {
        if !std::mem::take(&mut self.first_is_waiting) {
            match self.lines.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(self.read_line()))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn read(bytes: &[u8]) -> Vec<Result<Entry, BadLine>> {
        Entries::open(bytes, now())
            .unwrap()
            .collect::<io::Result<_>>()
            .unwrap()
    }

    fn emails(bytes: &[u8]) -> Vec<String> {
        read(bytes)
            .into_iter()
            .map(|line| line.unwrap().email.0)
            .collect()
    }

    fn bad(bytes: &[u8]) -> Vec<(u64, Reason)> {
        read(bytes)
            .into_iter()
            .filter_map(Result::err)
            .map(|bad| (bad.line, bad.reason))
            .collect()
    }

    fn refusal(bytes: &[u8]) -> String {
        let error = Entries::open(bytes, now()).err().unwrap();
        error.source().unwrap().to_string()
    }

    #[test]
    fn csv_columns_stand_in_any_order_and_others_are_ignored() {
        let file = "\u{feff}\r\nAccount,x,verified_at,Email\r\n\"a, b\",1,2025-06-01T12:00:00.1239+02:00,a@example.org\r\n,,,b@example.org";
        let lines: Vec<Entry> = read(file.as_bytes())
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(lines[0].account.as_deref(), Some("a, b"));
        assert_eq!(
            lines[0].verified_at.unwrap().to_string(),
            "2025-06-01T10:00:00.123Z"
        );
        assert_eq!(lines[0].email.0, "a@example.org");
        assert_eq!((&lines[1].account, lines[1].verified_at), (&None, None));
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn json_lines_say_the_same() {
        let file = br#"
            {"email":"a@example.org","verified_at":"2025-06-01T12:00:00Z","account":7,"more":[{}]}
            {"verified_at":null,"email":"b@example.org"}
        "#;
        let lines: Vec<Entry> = read(file).into_iter().map(Result::unwrap).collect();
        assert_eq!(lines[0].account.as_deref(), Some("7"));
        assert_eq!(
            lines[0].verified_at.unwrap().to_string(),
            "2025-06-01T12:00:00Z"
        );
        assert_eq!((&lines[1].account, lines[1].verified_at), (&None, None));
    }

    #[test]
    fn every_spelling_of_an_address_is_one_address() {
        let file = "email,verified_at\nAda@BÜCHER.de,\nada@xn--bcher-kva.DE.,\n ada@bücher.de ,\n";
        assert_eq!(emails(file.as_bytes()), ["ada@xn--bcher-kva.de"; 3]);
    }

    #[test]
    fn what_cannot_be_watched_is_an_entry_with_its_reason() {
        let lines = read(b"email,verified_at\nnobody,\na@[192.0.2.1],\n");
        let reasons: Vec<_> = lines
            .into_iter()
            .map(|line| line.unwrap().names.unwrap_err())
            .collect();
        assert_eq!(reasons, [Unwatchable::NotAnAddress, Unwatchable::IpLiteral]);
    }

    #[test]
    fn bad_lines_are_told_by_number_and_reason_and_the_good_ones_kept() {
        let file = b"email,verified_at,account\n\
            a@example.org\n\
            b@example.org,yesterday,\n\
            c@example.org,2026-01-01T00:00:01Z,\n\
            d@example.org,,\n\
            \n\
            \xff@example.org,,\n\
            e\0@example.org,,\n\
            \"f@example.org,,\n\
            ,,\n\
            g@example.org,2026-01-01T00:00:00Z,\n";
        assert_eq!(
            bad(file),
            [
                (2, Reason::Missing("verified_at")),
                (3, Reason::NotATime),
                (4, Reason::Future),
                (7, Reason::NotUtf8),
                (8, Reason::Nul),
                (9, Reason::OpenQuote),
                (10, Reason::Missing("email")),
            ]
        );
        assert_eq!(read(file).iter().filter(|line| line.is_ok()).count(), 2);

        let file = b"{\"email\":1,\"verified_at\":null}\n[]\n{\"email\":\"a@example.org\"}\n{\"email\":\"a\\u0000@example.org\",\"verified_at\":null}\n{";
        assert_eq!(
            bad(file),
            [
                (1, Reason::NotAText("email")),
                (2, Reason::NotAnObject),
                (3, Reason::Missing("verified_at")),
                (4, Reason::Nul),
                (5, Reason::NotAnObject),
            ]
        );
    }

    #[test]
    fn an_endless_line_is_skipped_without_being_held() {
        let file = b"email,verified_at\n"
            .chain(io::repeat(b'x').take(1 << 30))
            .chain(&b"\na@example.org,\n"[..]);
        let mut entries = Entries::open(file, now()).unwrap();
        let line = entries.next().unwrap().unwrap().unwrap_err();
        assert_eq!((line.line, line.reason), (2, Reason::TooLong));
        assert_eq!(
            entries.next().unwrap().unwrap().unwrap().email.0,
            "a@example.org"
        );
        assert!(entries.next().is_none());
        assert!(entries.lines.line.capacity() <= 2 * MAX_LINE + 2);
    }

    #[test]
    fn a_file_without_a_header_is_refused_and_told_what_to_begin_with() {
        assert_eq!(refusal(b" \r\n\n"), NotAnAddressFile::Empty.to_string());
        assert_eq!(
            refusal(b"a@example.org,,\n"),
            NotAnAddressFile::NoColumn("email").to_string()
        );
        assert_eq!(
            refusal(b"email\na@example.org\n"),
            NotAnAddressFile::NoColumn("verified_at").to_string()
        );
        assert_eq!(
            refusal(b"\xff\xfee\0m\0"),
            NotAnAddressFile::BadHeader(Reason::Nul).to_string()
        );
    }

    #[test]
    fn a_reader_that_fails_is_not_taken_for_the_end() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("cable"))
            }
        }
        let file = b"email,verified_at\na@example.org,\n".chain(Broken);
        let lines: Vec<_> = Entries::open(file, now()).unwrap().take(2).collect();
        assert!(matches!(lines.as_slice(), [Ok(Ok(_)), Err(_)]));
    }

    #[test]
    fn no_debug_output_and_no_reason_shows_an_address() {
        for line in read(b"email,verified_at\nsecret@example.org,\nsecret@example.org,secret\n") {
            let shown = match line {
                Ok(entry) => format!("{entry:?}"),
                Err(bad) => format!("{bad:?} {bad}"),
            };
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    /// Lines that a file may hold, and some that none should.
    fn any_line() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..40),
            "[a-zA-Z\",.@ü]{0,20}(,[0-9TZ:-]{0,20}){0,3}\r?".prop_map(String::into_bytes),
            "\\{(\"email\":\"[a-z@.]{0,9}\",\"verified_at\":(null|\"\"|1))?\\}?"
                .prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #[test]
        fn every_line_is_an_entry_or_reported(
            header in prop_oneof![Just(None), Just(Some("account,email,verified_at"))],
            lines in proptest::collection::vec(any_line(), 0..12),
        ) {
            let mut file = header.map(|text| format!("{text}\n")).unwrap_or_default().into_bytes();
            file.extend(lines.join(&b'\n'));
            let without_mark = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&file);
            let full = without_mark.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
            if let Ok(entries) = Entries::open(file.as_slice(), now()) {
                let headers = match entries.format {
                    Format::Csv(_) => 1,
                    Format::JsonLines => 0,
                };
                prop_assert_eq!(entries.count() + headers, full);
            } else {
                prop_assert!(header.is_none());
            }
        }
    }
}
