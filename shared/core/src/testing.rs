//! Short ways to make evidence, for the tests of this crate.

use crate::{DomainName, Evidence, FastlyFinding, NoAnswer, Scope, StatusSet, Timestamp};

/// A moment so many milliseconds after a fixed one.
pub(crate) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_790_000_000_000 + milliseconds).unwrap()
}

/// A day in milliseconds.
pub(crate) fn day() -> i64 {
    24 * 3_600_000
}

pub(crate) fn domain(name: &str) -> DomainName {
    name.parse().unwrap()
}

/// Fastly answered with a status.
pub(crate) fn answered(status: &str, observed_at: Timestamp) -> Evidence {
    let status = StatusSet::parse(status);
    Evidence::of_fastly(
        observed_at,
        FastlyFinding::Answered {
            status,
            scope: Scope::Precise,
        },
    )
}

/// Fastly did not answer.
pub(crate) fn no_answer(observed_at: Timestamp) -> Evidence {
    Evidence::of_fastly(
        observed_at,
        FastlyFinding::NoAnswer {
            reason: NoAnswer::TimedOut,
        },
    )
}
