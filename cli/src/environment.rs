//! The settings that come from the environment, each read by its name.

use anyhow::{Context, Result, anyhow};
use lapsewatch_core::{Gcra, Timestamp};
use lapsewatch_sources::FASTLY_URL;
use secrecy::SecretString;

/// The value of a variable, if it is set and not empty. Only `main` gives the real one.
pub(crate) type Lookup = fn(&str) -> Option<String>;

/// What the environment says.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) fastly_token: Option<SecretString>,
    pub(crate) fastly_url: String,
    pub(crate) pace: Gcra,
    pub(crate) monthly_budget: u64,
    pub(crate) rehearsed_now: Option<Timestamp>,
}

impl Environment {
    pub(crate) fn read(lookup: Lookup) -> Result<Self> {
        let rate: f64 = parsed(
            lookup,
            "FASTLY_RATE",
            "a number of calls a second, such as 5",
        )?
        .unwrap_or(5.0);
        if !(rate.is_finite() && rate > 0.0) {
            return Err(anyhow!(
                "FASTLY_RATE must be a number of calls a second above 0"
            ));
        }
        let burst = parsed(lookup, "FASTLY_BURST", "a whole number of calls")?.unwrap_or(1);
        Ok(Self {
            fastly_token: lookup("FASTLY_API_TOKEN")
                .map(|token| SecretString::from(token.trim().to_owned())),
            fastly_url: lookup("LAPSEWATCH_FASTLY_URL").unwrap_or_else(|| FASTLY_URL.to_owned()),
            pace: Gcra::new(rate, burst),
            monthly_budget: parsed(lookup, "FASTLY_MONTHLY_BUDGET", "a whole number of calls")?
                .unwrap_or(10_000),
            rehearsed_now: parsed(
                lookup,
                "LAPSEWATCH_NOW",
                "an RFC 3339 time, such as 2026-12-01T00:00:00Z",
            )?,
        })
    }

    pub(crate) fn token(&self) -> Result<SecretString> {
        self.fastly_token.clone().context(
            "FASTLY_API_TOKEN is not set: put a Fastly token with the scope global:read there, of an account that has \
             Domain Research enabled (or try `lapsewatch demo`, which needs none)",
        )
    }
}

fn parsed<T: std::str::FromStr>(lookup: Lookup, name: &str, what: &str) -> Result<Option<T>> {
    let Some(text) = lookup(name) else {
        return Ok(None);
    };
    text.trim()
        .parse()
        .map(Some)
        .map_err(|_| anyhow!("{name} must be {what}"))
}
