//! How attempts follow each other. The loop is the caller's: each attempt is paid and paced by him.

use std::time::Duration;

use backon::ExponentialBuilder;

/// The delays between attempts: three attempts, so two delays, from 500 ms on, doubling, jittered, never above 30 s.
///
/// A longer wait that the service asked for ([`LookError::retry_after`](crate::LookError::retry_after)) goes before these.
pub fn retry_policy() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_jitter()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .with_max_times(2)
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn there_are_three_attempts_with_growing_delays() {
        let delays: Vec<Duration> = retry_policy().build().collect();
        let [first, second] = delays[..] else {
            panic!("two delays between three attempts, not {delays:?}")
        };
        assert!((500..=1000).contains(&first.as_millis()), "{first:?}");
        assert!((1000..=2000).contains(&second.as_millis()), "{second:?}");
    }
}
