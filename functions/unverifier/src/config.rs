//! The unverifier's settings.

use lapsewatch_core::{Breaker, Timestamp};
use lapsewatch_settings::{Lookup, SettingError, breaker, rehearsed_now, required};

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) watchlist_table: String,
    pub(crate) directory_table: String,
    pub(crate) breaker: Breaker,
    pub(crate) service: String,
    pub(crate) rehearsed_now: Option<Timestamp>,
}

impl Config {
    /// Reads the settings.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        const TABLE: &str = "the name of a DynamoDB table";
        Ok(Self {
            watchlist_table: required(lookup, "WATCHLIST_TABLE", TABLE)?,
            directory_table: required(lookup, "DIRECTORY_TABLE", TABLE)?,
            breaker: breaker(lookup)?,
            service: required(lookup, "METRICS_SERVICE", "the stack's name")?,
            rehearsed_now: rehearsed_now(lookup)?,
        })
    }
}
