//! The checker over a real store and sources that are played.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod at_use;
mod check;
mod outage;
mod support;
mod waiting;
