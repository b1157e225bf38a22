//! The checker's settings.

use jiff::SignedDuration;
use lapsewatch_core::{Rules, Timestamp};
use lapsewatch_pipeline::CheckSettings;
use lapsewatch_settings::{
    Lookup, monthly_budget, optional, pace, registry_pace, rehearsed_now, required,
};
use lapsewatch_sources::{FASTLY_URL, WitnessSettings, retry_policy};

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) watchlist_table: String,
    pub(crate) secret_id: String,
    pub(crate) fastly_url: String,
    pub(crate) settings: CheckSettings,
    pub(crate) witnesses: WitnessSettings,
    pub(crate) service: String,
    pub(crate) rehearsed_now: Option<Timestamp>,
}

impl Config {
    /// Reads the settings.
    pub fn read(lookup: Lookup) -> anyhow::Result<Self> {
        let mut rules = Rules::default();
        let hours = optional(lookup, "CONFIRM_AFTER_HOURS", "a whole number of hours")?;
        if let Some(hours) = hours {
            let hours: u32 = hours;
            rules.policy.confirm_after = SignedDuration::from_hours(hours.into());
        }
        Ok(Self {
            watchlist_table: required(lookup, "WATCHLIST_TABLE", "the name of a DynamoDB table")?,
            secret_id: required(
                lookup,
                "FASTLY_SECRET_ID",
                "the name or ARN of the Secrets Manager secret that holds Fastly's token",
            )?,
            fastly_url: lookup("LAPSEWATCH_FASTLY_URL").unwrap_or_else(|| FASTLY_URL.to_owned()),
            settings: CheckSettings {
                rules,
                pace: pace(lookup)?,
                registry_pace: registry_pace(lookup)?,
                retries: retry_policy(),
                monthly_budget: monthly_budget(lookup)?,
            },
            witnesses: WitnessSettings::read(lookup)?,
            service: required(lookup, "METRICS_SERVICE", "the stack's name")?,
            rehearsed_now: rehearsed_now(lookup)?,
        })
    }
}
