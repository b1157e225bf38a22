#![doc = include_str!("../README.md")]

mod draw;
mod history;
mod lapsewatch;
mod life;
mod outages;
mod page;
mod parallel;
pub mod parameters;
mod peers;
mod report;
mod rules;
mod score;
mod side_by_side;
mod study;
mod tld;
mod world;

pub use history::{Address, History, Holder, Loss, Span, State, Tenure, Way};
pub use lapsewatch::Lapsewatch;
pub use outages::{Outage, Outages, Shows, Source};
pub use page::{Section, filled};
pub use parameters::{Noise, Parameters};
pub use peers::{PyPi, RubyGems};
pub use report::{Report, RulesReport, chart};
pub use rules::{Answer, Closings, Rules};
pub use score::{ClassScore, Losses, Score, score};
pub use side_by_side::{Scored, side_by_side};
pub use study::{Sizes, Study};
pub use tld::{Life, RdapService, Tld, TldClass};
pub use world::{AddressId, FastlyAnswer, Question, START, World};
