//! The command, in real processes against the stand-in Fastly.

#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod at_use;
mod documents;
mod mistakes;
mod one_machine;
mod registries;
mod support;
