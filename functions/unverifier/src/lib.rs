//! The unverifier: applies confirmed verdicts to the directory, as far as the breaker lets it.

mod config;
mod event;
mod handler;

pub use config::Config;
pub use handler::Function;
