#![doc = include_str!("../README.md")]

mod answer;
mod control;
mod script;
mod server;
mod state;
mod status;

pub use script::{Answer, Behaviour, Offer, Outage, RateLimit, Script, Step};
pub use server::StandIn;
