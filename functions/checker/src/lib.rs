//! The checker: one look at each domain of a batch, paid, paced, recorded.

mod config;
mod handler;
mod key;
mod question;

pub use config::Config;
pub use handler::Function;
