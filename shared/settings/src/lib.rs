//! Settings from the environment, each read by its name: what both hosts understand alike. A fault names its variable.

use std::str::FromStr;

use lapsewatch_core::{Breaker, Gcra, Timestamp};

/// Calls a second to Fastly, all together, if `FASTLY_RATE` is not set.
pub const FASTLY_RATE: f64 = 5.0;
/// Calls to Fastly at once after a pause, if `FASTLY_BURST` is not set.
pub const FASTLY_BURST: u32 = 1;
/// Questions a second to each registry's RDAP server, if `RDAP_RATE` is not set.
pub const RDAP_RATE: f64 = 2.0;

/// The value of a variable; `None` if it is not set or empty. Only `main` gives the real one.
pub type Lookup = fn(&str) -> Option<String>;

/// The environment that the process was started with.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// Why a setting cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not set.
    #[error("{name} is not set: it must be {what}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it must be.
        what: &'static str,
    },
    /// It is set to something else than it must be.
    #[error("{name} must be {what}")]
    Unusable {
        /// The variable.
        name: &'static str,
        /// What it must be.
        what: &'static str,
    },
}

/// A setting that has no default.
pub fn required(
    lookup: Lookup,
    name: &'static str,
    what: &'static str,
) -> Result<String, SettingError> {
    lookup(name).ok_or(SettingError::Missing { name, what })
}

/// A setting, if it is set.
pub fn optional<T: FromStr>(
    lookup: Lookup,
    name: &'static str,
    what: &'static str,
) -> Result<Option<T>, SettingError> {
    let value = lookup(name).map(|text| text.trim().parse());
    value
        .transpose()
        .map_err(|_| SettingError::Unusable { name, what })
}

/// A share from 0 to 1, if it is set.
fn share(lookup: Lookup, name: &'static str) -> Result<Option<f64>, SettingError> {
    const WHAT: &str = "a share from 0 to 1, such as 0.01";
    match optional(lookup, name, WHAT)? {
        Some(share) if (0.0..=1.0).contains(&share) => Ok(Some(share)),
        Some(_) => Err(SettingError::Unusable { name, what: WHAT }),
        None => Ok(None),
    }
}

/// The pace of calls to Fastly: `FASTLY_RATE` a second, and `FASTLY_BURST` at once.
pub fn pace(lookup: Lookup) -> Result<Gcra, SettingError> {
    const WHAT: &str = "a number of calls a second above 0, such as 5";
    let rate = rate(lookup, "FASTLY_RATE", WHAT)?.unwrap_or(FASTLY_RATE);
    let burst = optional(lookup, "FASTLY_BURST", "a whole number of calls")?;
    let burst = burst.unwrap_or(FASTLY_BURST);
    Ok(Gcra::new(rate, burst))
}

/// The pace of questions to each registry's RDAP server: `RDAP_RATE` a second. The registries publish no limits,
/// and welcome no bulk.
pub fn registry_pace(lookup: Lookup) -> Result<Gcra, SettingError> {
    const WHAT: &str = "a number of questions a second above 0, such as 2";
    let rate = rate(lookup, "RDAP_RATE", WHAT)?.unwrap_or(RDAP_RATE);
    Ok(Gcra::new(rate, 1))
}

fn rate(
    lookup: Lookup,
    name: &'static str,
    what: &'static str,
) -> Result<Option<f64>, SettingError> {
    match optional::<f64>(lookup, name, what)? {
        Some(rate) if !(rate.is_finite() && rate > 0.0) => {
            Err(SettingError::Unusable { name, what })
        }
        rate => Ok(rate),
    }
}

/// Paid calls a month: `FASTLY_MONTHLY_BUDGET`, if not set the 10,000 of Fastly's free tier.
pub fn monthly_budget(lookup: Lookup) -> Result<u64, SettingError> {
    let budget = optional(lookup, "FASTLY_MONTHLY_BUDGET", "a whole number of calls")?;
    Ok(budget.unwrap_or(10_000))
}

/// The limits on plans: `BREAKER_MAX_DOMAINS`, `BREAKER_MAX_SHARE`, `BREAKER_MAX_UNKNOWN_SHARE` and `BREAKER_HARD_CAP`, each
/// with its usual value if not set.
pub fn breaker(lookup: Lookup) -> Result<Breaker, SettingError> {
    const DOMAINS: &str = "a whole number of domains";
    let usual = Breaker::default();
    Ok(Breaker {
        max_domains: optional(lookup, "BREAKER_MAX_DOMAINS", DOMAINS)?.unwrap_or(usual.max_domains),
        max_share: share(lookup, "BREAKER_MAX_SHARE")?.unwrap_or(usual.max_share),
        max_unknown_share: share(lookup, "BREAKER_MAX_UNKNOWN_SHARE")?
            .unwrap_or(usual.max_unknown_share),
        hard_cap: optional(lookup, "BREAKER_HARD_CAP", DOMAINS)?.unwrap_or(usual.hard_cap),
    })
}

/// The fixed clock of a rehearsal: `LAPSEWATCH_NOW`.
pub fn rehearsed_now(lookup: Lookup) -> Result<Option<Timestamp>, SettingError> {
    optional(
        lookup,
        "LAPSEWATCH_NOW",
        "an RFC 3339 time, such as 2026-12-01T00:00:00Z",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_the_default_and_what_is_wrong_is_named() {
        let nothing: Lookup = |_| None;
        assert_eq!(pace(nothing), Ok(Gcra::new(5.0, 1)));
        assert_eq!(registry_pace(nothing), Ok(Gcra::new(2.0, 1)));
        assert_eq!(monthly_budget(nothing), Ok(10_000));
        assert_eq!(rehearsed_now(nothing), Ok(None));
        assert_eq!(breaker(nothing), Ok(Breaker::default()));
        let wrong: Lookup = |_| Some("-1".to_owned());
        let said = [
            pace(wrong).unwrap_err().to_string(),
            registry_pace(wrong).unwrap_err().to_string(),
            monthly_budget(wrong).unwrap_err().to_string(),
            rehearsed_now(wrong).unwrap_err().to_string(),
            breaker(wrong).unwrap_err().to_string(),
            required(nothing, "WATCHLIST_TABLE", "the name of a table")
                .unwrap_err()
                .to_string(),
        ];
        assert_eq!(
            said,
            [
                "FASTLY_RATE must be a number of calls a second above 0, such as 5",
                "RDAP_RATE must be a number of questions a second above 0, such as 2",
                "FASTLY_MONTHLY_BUDGET must be a whole number of calls",
                "LAPSEWATCH_NOW must be an RFC 3339 time, such as 2026-12-01T00:00:00Z",
                "BREAKER_MAX_DOMAINS must be a whole number of domains",
                "WATCHLIST_TABLE is not set: it must be the name of a table",
            ]
        );
    }
}
