//! The rules of other registries, in our words, from what their open sources and they themselves say of them.

mod pypi;
mod rubygems;

pub use pypi::PyPi;
pub use rubygems::RubyGems;
