//! The unverifier's settings.

use lapsewatch_core::{Breaker, Timestamp};
use lapsewatch_settings::{Lookup, SettingError, optional, rehearsed_now, required, share};

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
        const DOMAINS: &str = "a whole number of domains";
        let usual = Breaker::default();
        Ok(Self {
            watchlist_table: required(lookup, "WATCHLIST_TABLE", TABLE)?,
            directory_table: required(lookup, "DIRECTORY_TABLE", TABLE)?,
            breaker: Breaker {
                max_domains: optional(lookup, "BREAKER_MAX_DOMAINS", DOMAINS)?
                    .unwrap_or(usual.max_domains),
                max_share: share(lookup, "BREAKER_MAX_SHARE")?.unwrap_or(usual.max_share),
                max_unknown_share: share(lookup, "BREAKER_MAX_UNKNOWN_SHARE")?
                    .unwrap_or(usual.max_unknown_share),
                hard_cap: optional(lookup, "BREAKER_HARD_CAP", DOMAINS)?.unwrap_or(usual.hard_cap),
            },
            service: required(lookup, "METRICS_SERVICE", "the stack's name")?,
            rehearsed_now: rehearsed_now(lookup)?,
        })
    }
}
