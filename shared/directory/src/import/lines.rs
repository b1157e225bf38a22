//! The lines of a file, none longer than is reasonable.

use std::io::{self, BufRead, BufReader, Read};

use super::{MAX_LINE, Reason};

/// Lines that are not blank, the present one in memory up to [`MAX_LINE`].
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    pub(super) line: Vec<u8>,
    is_too_long: bool,
    pub(super) number: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::new(reader),
            line: Vec::new(),
            is_too_long: false,
            number: 0,
        }
    }

    /// Goes to the next line that is not blank; `false` at the end.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        loop {
            self.line.clear();
            let limit = MAX_LINE as u64 + 1;
            let read = (&mut self.reader)
                .take(limit)
                .read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(false);
            }
            self.is_too_long = read > MAX_LINE && !self.line.ends_with(b"\n");
            if self.is_too_long {
                self.reader.skip_until(b'\n')?;
            }
            self.number += 1;
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if self.is_too_long || !self.bytes().is_empty() {
                return Ok(true);
            }
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.line.trim_ascii()
    }

    pub(super) fn text(&self) -> Result<&str, Reason> {
        if self.is_too_long {
            return Err(Reason::TooLong);
        }
        if self.line.contains(&0) {
            return Err(Reason::Nul);
        }
        std::str::from_utf8(self.bytes()).map_err(|_| Reason::NotUtf8)
    }
}
