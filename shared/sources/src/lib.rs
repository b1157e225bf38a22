#![doc = include_str!("../README.md")]

mod dns_source;
mod fastly;
mod registry_source;
mod retry;
mod status_source;
mod text;

pub use dns_source::DnsSource;
pub use fastly::{FASTLY_URL, Fastly, SetupError};
pub use registry_source::{RegistryReply, RegistrySource};
pub use retry::retry_policy;
pub use status_source::{LookError, StatusSource};
