//! The shared pace of questions: a generic cell rate algorithm (GCRA), whose only state is one arrival time.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use crate::{HostName, Timestamp};

/// Who is asked at a pace that all processes share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Paced {
    /// Fastly.
    Fastly,
    /// A registry, by its RDAP server.
    Registry(HostName),
}

impl fmt::Display for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fastly => f.write_str("fastly"),
            Self::Registry(server) => write!(f, "rdap:{server}"),
        }
    }
}

/// A rate and a burst. The stored state is the theoretical arrival time (TAT): when the next slot is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    interval: SignedDuration,
    burst: u32,
}

impl Gcra {
    /// So many calls a second in the long run, and at most `burst` at once after a pause. A rate that is not a positive
    /// number counts as one call an hour: a mistaken setting must not lift the limit.
    pub fn new(calls_per_second: f64, burst: u32) -> Self {
        let seconds = if calls_per_second > 0.0 {
            (1.0 / calls_per_second).min(3600.0)
        } else {
            3600.0
        };
        let interval = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_hours(1));
        let interval = SignedDuration::try_from(interval).unwrap_or(SignedDuration::from_hours(1));
        Self {
            interval,
            burst: burst.max(1),
        }
    }

    /// The time between two slots.
    pub fn interval(&self) -> SignedDuration {
        self.interval
    }

    /// The earliest time a first slot can be given at `now`: slots of the past up to the burst are still good.
    pub fn floor(&self, now: Timestamp) -> Timestamp {
        now - self.interval * i32::try_from(self.burst - 1).unwrap_or(i32::MAX)
    }

    /// The time that `slots` slots take up.
    pub fn span(&self, slots: u32) -> SignedDuration {
        self.interval * i32::try_from(slots).unwrap_or(i32::MAX)
    }

    /// Until when a slot may be used: as late as the burst allows, and 5 ms at least, since timers are not exact.
    pub fn last_use(&self, slot: Timestamp) -> Timestamp {
        slot + self.span(self.burst).max(SignedDuration::from_millis(5))
    }

    /// Reserves slots: the time of the first, and the TAT to store. Slot `n` is at `first + n × interval`.
    pub fn reserve(
        &self,
        stored: Option<Timestamp>,
        slots: u32,
        now: Timestamp,
    ) -> (Timestamp, Timestamp) {
        let floor = self.floor(now);
        let first = stored.map_or(floor, |tat| tat.max(floor));
        (first, first + self.span(slots))
    }

    /// The times of `slots` slots of which the first is at `first`.
    pub fn slots(&self, first: Timestamp, slots: u32) -> impl Iterator<Item = Timestamp> {
        let interval = self.interval;
        (0..slots).map(move |n| first + interval * i32::try_from(n).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::at;

    proptest! {
        /// In any window, no more than the burst plus what the rate allows, whoever reserves how many and when.
        #[test]
        fn no_window_holds_more_than_the_burst_and_the_rate(
            rate in 1..500_u32, burst in 1..20_u32,
            asks in proptest::collection::vec((1..20_u32, 0..2_000_i64), 1..60),
            window in 1..3_000_i64
        ) {
            let gcra = Gcra::new(f64::from(rate), burst);
            let (mut now, mut tat, mut calls) = (0, None, Vec::new());
            for (slots, later) in asks {
                now += later;
                let (first, next) = gcra.reserve(tat, slots, at(now));
                tat = Some(next);
                // A slot of the past is used at once; one of the future is waited for.
                calls.extend(gcra.slots(first, slots).map(|slot| slot.max(at(now))));
            }
            calls.sort();
            for (index, start) in calls.iter().enumerate() {
                let end = *start + SignedDuration::from_millis(window);
                let inside = calls[index..].iter().take_while(|call| **call < end).count();
                // One more, for the slot that lies on the window's edge.
                let allowed = i64::from(burst) + i64::from(rate) * window / 1000 + 1;
                prop_assert!(i64::try_from(inside).unwrap() <= allowed, "{inside} > {allowed}");
            }
        }

        #[test]
        fn a_busy_pace_gives_away_no_slot(asks in proptest::collection::vec(1..20_u32, 1..50)) {
            let gcra = Gcra::new(200.0, 1);
            let mut tat = None;
            let mut all = Vec::new();
            for slots in asks {
                let (first, next) = gcra.reserve(tat, slots, at(0));
                tat = Some(next);
                all.extend(gcra.slots(first, slots));
            }
            for pair in all.windows(2) {
                prop_assert_eq!(pair[1].duration_since(pair[0]), gcra.interval());
            }
        }
    }

    #[test]
    fn a_mistaken_rate_does_not_lift_the_limit() {
        for rate in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(Gcra::new(rate, 0).interval(), SignedDuration::from_hours(1));
        }
    }
}
