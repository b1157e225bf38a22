//! What the end-to-end tests have in common: the two hosts, and the addresses they are given.

pub mod addresses;
pub mod cloud;
pub mod machine;
