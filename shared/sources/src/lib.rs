#![doc = include_str!("../README.md")]

mod addresses;
mod dns;
mod dns_source;
mod fastly;
mod hosts;
mod http;
mod rdap;
mod registry_source;
mod retry;
mod retry_after;
mod status_source;
#[cfg(test)]
mod testing;
mod text;
mod witnesses;

pub use dns::{Dns, DnsSetting, DnsSetupError};
pub use dns_source::DnsSource;
pub use fastly::{FASTLY_URL, Fastly, SetupError};
pub use rdap::{Bootstrap, BootstrapError, BootstrapSetting, Rdap};
pub use registry_source::{RegistryReply, RegistrySource};
pub use retry::retry_policy;
pub use status_source::{LookError, StatusSource};
pub use witnesses::{WitnessError, WitnessSettings};
