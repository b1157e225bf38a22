//! What the simulator does, told in sentences.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod command;
mod hand_made;
mod histories;
mod lapsewatch;
mod parameters;
mod protection;
mod pypi;
mod rubygems;
mod scores;
mod sources;
