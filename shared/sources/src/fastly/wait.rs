//! How long the service asks to be left alone: `Retry-After` (RFC 9110, 10.2.3), or Fastly's rate limit headers.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::retry_after::{retry_after, until};

/// No wait is longer than this: a mistaken header must not stop the fleet for days.
const LONGEST: Duration = Duration::from_hours(1);

/// The wait that a reply asks for, seen from `now`.
pub(super) fn asked_for(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let rate_limit = || {
        let used_up = header("fastly-ratelimit-remaining")?.parse() == Ok(0_u64);
        let reset = Timestamp::from_second(header("fastly-ratelimit-reset")?.parse().ok()?).ok()?;
        used_up.then(|| until(reset, now))
    };
    retry_after(headers, now)
        .or_else(rate_limit)
        .map(|wait| wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn wait(headers: &[(&'static str, &str)]) -> Option<u64> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        asked_for(&headers, "2026-01-01T00:00:00Z".parse().unwrap()).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(7));
        assert_eq!(
            wait(&[("retry-after", "Thu, 01 Jan 2026 00:02:00 GMT")]),
            Some(120)
        );
        assert_eq!(
            wait(&[("retry-after", "Wed, 31 Dec 2025 23:59:00 GMT")]),
            Some(0)
        );
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "soon")]), None);
    }

    #[test]
    fn the_rate_limit_counts_when_it_is_used_up_and_nothing_else_is_said() {
        let reset = ("fastly-ratelimit-reset", "1767225630");
        assert_eq!(
            wait(&[("fastly-ratelimit-remaining", "0"), reset]),
            Some(30)
        );
        assert_eq!(wait(&[("fastly-ratelimit-remaining", "12"), reset]), None);
        assert_eq!(wait(&[reset]), None);
        assert_eq!(
            wait(&[
                ("retry-after", "7"),
                ("fastly-ratelimit-remaining", "0"),
                reset
            ]),
            Some(7)
        );
        assert_eq!(
            wait(&[
                ("retry-after", "soon"),
                ("fastly-ratelimit-remaining", "0"),
                reset
            ]),
            Some(30)
        );
    }

    #[test]
    fn no_wait_is_longer_than_an_hour() {
        assert_eq!(wait(&[("retry-after", "86400")]), Some(3600));
        assert_eq!(
            wait(&[("retry-after", "99999999999999999999999")]),
            Some(3600)
        );
        assert_eq!(
            wait(&[("retry-after", "Tue, 31 Dec 2999 23:59:59 GMT")]),
            Some(3600)
        );
    }

    proptest! {
        #[test]
        fn any_header_is_survived(value in "[ -~]{0,40}", reset in "-?[0-9]{0,25}") {
            let wait = wait(&[
                ("retry-after", &value), ("fastly-ratelimit-remaining", "0"), ("fastly-ratelimit-reset", &reset),
            ]);
            prop_assert!(wait.is_none_or(|seconds| seconds <= 3600));
        }
    }
}
