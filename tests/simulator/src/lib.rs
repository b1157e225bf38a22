#![doc = include_str!("../README.md")]

mod draw;
mod history;
mod lapsewatch;
mod life;
mod outages;
mod parallel;
pub mod parameters;
mod peers;
mod report;
mod rules;
mod score;
mod tld;
mod world;

pub use history::{Address, History, Holder, Loss, Span, State, Tenure, Way};
pub use lapsewatch::Lapsewatch;
pub use outages::{Outage, Outages, Shows, Source};
pub use parameters::{Noise, Parameters};
pub use peers::{PyPi, RubyGems};
pub use report::{Report, chart};
pub use rules::{Answer, Closings, Rules};
pub use score::{ClassScore, Losses, Score, score};
pub use tld::{Life, RdapService, Tld, TldClass};
pub use world::{AddressId, FastlyAnswer, Question, START, World};
