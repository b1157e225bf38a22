//! The settings that come from the environment, each read by its name.

use anyhow::{Context, Result};
use lapsewatch_core::{Breaker, Gcra, Timestamp};
use lapsewatch_settings::{Lookup, breaker, monthly_budget, pace, registry_pace, rehearsed_now};
use lapsewatch_sources::{FASTLY_URL, WitnessSettings};
use secrecy::SecretString;

/// What the environment says.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) fastly_token: Option<SecretString>,
    pub(crate) fastly_url: String,
    pub(crate) pace: Gcra,
    pub(crate) registry_pace: Gcra,
    pub(crate) witnesses: WitnessSettings,
    pub(crate) monthly_budget: u64,
    pub(crate) breaker: Breaker,
    pub(crate) rehearsed_now: Option<Timestamp>,
}

impl Environment {
    pub(crate) fn read(lookup: Lookup) -> Result<Self> {
        Ok(Self {
            fastly_token: lookup("FASTLY_API_TOKEN")
                .map(|token| SecretString::from(token.trim().to_owned())),
            fastly_url: lookup("LAPSEWATCH_FASTLY_URL").unwrap_or_else(|| FASTLY_URL.to_owned()),
            pace: pace(lookup)?,
            registry_pace: registry_pace(lookup)?,
            witnesses: WitnessSettings::read(lookup)?,
            monthly_budget: monthly_budget(lookup)?,
            breaker: breaker(lookup)?,
            rehearsed_now: rehearsed_now(lookup)?,
        })
    }

    pub(crate) fn token(&self) -> Result<SecretString> {
        self.fastly_token.clone().context(
            "FASTLY_API_TOKEN is not set: put a Fastly token with the scope global:read there, of an account that has \
             Domain Research enabled (or try `lapsewatch demo`, which needs none)",
        )
    }
}
