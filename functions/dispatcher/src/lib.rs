//! The dispatcher: which domains are to be checked, sent to the checker's queue.

mod config;
mod event;
mod handler;
mod queue;

pub use config::Config;
pub use handler::Function;
