//! `lapsewatch-simulator`.
fn main() {}
