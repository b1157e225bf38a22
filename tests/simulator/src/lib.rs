#![doc = include_str!("../README.md")]

mod draw;
mod history;
mod life;
mod outages;
mod parallel;
pub mod parameters;
mod tld;
mod world;

pub use history::{Address, History, Holder, Loss, Span, State, Tenure, Way};
pub use outages::{Outage, Outages, Shows, Source};
pub use parameters::{Noise, Parameters};
pub use tld::{Life, RdapService, Tld, TldClass};
pub use world::{AddressId, FastlyAnswer, Question, START, World};
