//! The dispatcher's settings.

use lapsewatch_core::{Gcra, Timestamp};
use lapsewatch_settings::{Lookup, SettingError, monthly_budget, pace, rehearsed_now, required};

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) watchlist_table: String,
    pub(crate) directory_table: String,
    pub(crate) check_queue_url: String,
    pub(crate) continuation_queue_url: String,
    pub(crate) pace: Gcra,
    pub(crate) monthly_budget: u64,
    pub(crate) service: String,
    pub(crate) rehearsed_now: Option<Timestamp>,
}

impl Config {
    /// Reads the settings.
    pub fn read(lookup: Lookup) -> Result<Self, SettingError> {
        const TABLE: &str = "the name of a DynamoDB table";
        const QUEUE: &str = "the URL of an SQS queue";
        Ok(Self {
            watchlist_table: required(lookup, "WATCHLIST_TABLE", TABLE)?,
            directory_table: required(lookup, "DIRECTORY_TABLE", TABLE)?,
            check_queue_url: required(lookup, "CHECK_QUEUE_URL", QUEUE)?,
            continuation_queue_url: required(lookup, "CONTINUATION_QUEUE_URL", QUEUE)?,
            pace: pace(lookup)?,
            monthly_budget: monthly_budget(lookup)?,
            service: required(lookup, "METRICS_SERVICE", "the stack's name")?,
            rehearsed_now: rehearsed_now(lookup)?,
        })
    }
}
