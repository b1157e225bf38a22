//! Top-level domains: how a name below one lives, and what its registry says by RDAP.

use serde::Serialize;

use crate::draw::Draw;
use crate::parameters::TLDS;

/// A top-level domain of the population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tld {
    /// The label. It only makes a name; what the model assumes of it says nothing about the registry that has it.
    pub suffix: &'static str,
    /// Which group it is counted in.
    pub class: TldClass,
    /// Its share of the domains; all shares add up to 1.
    pub share: f64,
    /// How a name's life ends.
    pub life: Life,
    /// What its registry says by RDAP.
    pub rdap: RdapService,
}

/// The groups that results are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TldClass {
    /// Generic, under ICANN's rules, with RDAP.
    Generic,
    /// A country code whose registry has RDAP, with dates.
    CountryRdap,
    /// A country code whose registry has no RDAP, or one without dates.
    CountryBlind,
}

impl TldClass {
    /// All groups.
    pub const ALL: [Self; 3] = [Self::Generic, Self::CountryRdap, Self::CountryBlind];

    /// The group in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::CountryRdap => "country code whose RDAP tells dates",
            Self::CountryBlind => "country code without RDAP, or without dates",
        }
    }

    /// Whether the registries' RDAP tells when a name was registered, and until when.
    pub fn tells_dates(self) -> bool {
        match self {
            Self::Generic | Self::CountryRdap => true,
            Self::CountryBlind => false,
        }
    }
}

/// How a name ends that its owner no longer pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Auto-renew grace, redemption, pending delete.
    Icann,
    /// Deleted on the day of expiry, kept in quarantine, released.
    Quarantine,
    /// A grace period, a time out of the DNS, then released at once.
    Suspension {
        /// The length of the first.
        grace_days: u16,
        /// The length of the second.
        suspended_days: u16,
    },
    /// A grace period, then released at once.
    GraceOnly {
        /// Its length.
        days: u16,
    },
    /// Released on the day of expiry.
    AtOnce,
}

/// What a registry says by RDAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RdapService {
    /// All that RFC 9083 has.
    Dated,
    /// Registered or not, statuses and name servers; no dates, no registrar.
    Dateless,
    /// No RDAP server.
    None,
}

impl Tld {
    /// The one that a draw falls on, by the shares.
    pub(crate) fn drawn(draw: Draw) -> &'static Self {
        let mut left = draw.unit();
        for tld in &TLDS {
            left -= tld.share;
            if left < 0.0 {
                return tld;
            }
        }
        &TLDS[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_the_population_add_up_to_all_of_it() {
        let sum: f64 = TLDS.iter().map(|tld| tld.share).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
}
