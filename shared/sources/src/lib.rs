#![doc = include_str!("../README.md")]

mod fastly;
mod retry;
mod status_source;
mod text;

pub use fastly::{FASTLY_URL, Fastly, SetupError};
pub use retry::retry_policy;
pub use status_source::{LookError, StatusSource};
