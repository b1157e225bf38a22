//! The host's time: real, or fixed for a rehearsal.

use std::time::Duration;

use lapsewatch_core::Timestamp;

/// Two times. `now` is what is said of domains and may be a rehearsal's; `wall` is always the real one, for what keeps
/// processes out of each other's way: leases and the pace.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: fn() -> Timestamp,
    rehearsed: Option<Timestamp>,
}

impl Clock {
    /// A clock over the real one, which only a `main.rs` names; fixed at `rehearsed`, if given.
    pub fn new(wall: fn() -> Timestamp, rehearsed: Option<Timestamp>) -> Self {
        Self { wall, rehearsed }
    }

    /// The time to say of domains, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        self.rehearsed.unwrap_or_else(|| self.wall())
    }

    /// The real time, in whole milliseconds.
    pub fn wall(&self) -> Timestamp {
        let wall = (self.wall)();
        Timestamp::from_millisecond(wall.as_millisecond()).unwrap_or(wall)
    }

    /// Waits for a moment of the real time.
    pub async fn sleep_until(&self, moment: Timestamp) {
        // The pace counts in fractions of a millisecond; so does the wait.
        let wait =
            Duration::try_from(moment.duration_since((self.wall)())).unwrap_or(Duration::ZERO);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
