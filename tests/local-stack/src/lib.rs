//! What the tests run against, started and stopped by them: the AWS emulator and the Runtime Interface Emulator.
//!
//! - [`LocalStack`]: ministack on loopback: tables, queues, functions, whole stacks.
//! - [`Rie`]: one function binary behind AWS's own Runtime Interface Emulator.
//! - [`functions`]: the compiled functions, as the host's cargo builds them.
//!
//! To the emulator, the key `test` with the secret `test` is the account's root; a function is what its role lets it be.
//!
//! Each is a process that ends with its owner, however that ends, and leaves nothing behind (`infra/supervise.py`).

mod client;
pub mod functions;
mod local_stack;
mod rie;
mod supervised;
mod tools;

pub use local_stack::{Deployed, LocalStack, Tables};
pub use rie::{Invocation, Rie};
