//! The month that a call is paid in.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A calendar month, UTC: Fastly's free tier is counted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Month {
    first_day: Date,
}

impl Month {
    /// The month of a time.
    pub fn of(time: Timestamp) -> Self {
        Self {
            first_day: TimeZone::UTC.to_datetime(time).date().first_of_month(),
        }
    }

    /// When the next one begins.
    pub fn end(self) -> Timestamp {
        self.first_day
            .last_of_month()
            .tomorrow()
            .and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)))
            .unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for Month {
    /// As in `2026-11`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first_day.strftime("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        for (time, name, end) in [
            ("2026-11-24T00:00:00Z", "2026-11", "2026-12-01T00:00:00Z"),
            (
                "2026-12-31T23:59:59.999Z",
                "2026-12",
                "2027-01-01T00:00:00Z",
            ),
            ("2028-02-29T12:00:00Z", "2028-02", "2028-03-01T00:00:00Z"),
        ] {
            let month = Month::of(time.parse().unwrap());
            assert_eq!(month.to_string(), name);
            assert_eq!(month.end(), end.parse().unwrap());
        }
    }
}
