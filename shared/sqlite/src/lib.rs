#![doc = include_str!("../README.md")]

mod migrate;
mod store;

pub use store::{Store, StoreError};
