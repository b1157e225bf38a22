//! The simulated time: that of a runtime whose clock stands still while there is work, and jumps to the next timer when there
//! is none.

use std::cell::Cell;

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use tokio::time::Instant;

use crate::world::START;

thread_local! {
    static BEGIN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sets the clock of this thread's runtime to the beginning of the simulated time.
pub(super) fn begin() {
    BEGIN.set(Some(Instant::now()));
}

/// The simulated time of this thread's runtime.
pub(super) fn now() -> Timestamp {
    let passed = BEGIN.get().map(|begin| Instant::now() - begin);
    let passed = passed.and_then(|passed| SignedDuration::try_from(passed).ok());
    START + passed.unwrap_or_default()
}
