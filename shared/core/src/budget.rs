//! The month that a call is paid in.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::Gcra;

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

/// How many days a sweep of so many domains takes, by the pace and by the budget, whichever is slower. Retries come on
/// top.
#[expect(
    clippy::cast_precision_loss,
    reason = "an estimate from counts far below 2^52"
)]
pub fn sweep_days(domains: u64, pace: &Gcra, monthly_budget: u64) -> f64 {
    const DAYS_A_MONTH: f64 = 30.0;
    let by_pace = domains as f64 * pace.interval().as_secs_f64() / 86_400.0;
    let by_budget = domains as f64 / monthly_budget.max(1) as f64 * DAYS_A_MONTH;
    // What fits this month's budget does not wait for it.
    if domains <= monthly_budget {
        by_pace
    } else {
        by_pace.max(by_budget)
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

    #[test]
    fn a_sweep_takes_as_long_as_the_slower_of_pace_and_budget() {
        let five_a_second = Gcra::new(5.0, 1);
        let days = |domains, budget| sweep_days(domains, &five_a_second, budget);
        assert!((days(432_000, 1_000_000) - 1.0).abs() < 1e-9);
        assert!((days(20_000, 10_000) - 60.0).abs() < 1e-9);
        assert!(days(10_000, 10_000) < 0.1, "it fits");
        assert!(days(1, 0) > 0.0);
    }
}
