#![doc = include_str!("../README.md")]

mod reply;
mod server;

pub use reply::{Reply, registered};
pub use server::StandIn;
