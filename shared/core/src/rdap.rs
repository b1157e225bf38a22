//! What a registry says of a registration by RDAP (RFC 9083).

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{HostName, Timestamp};

/// What came of asking RDAP at the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum RdapFinding {
    /// The name is registered.
    Registered(RdapFacts),
    /// The authoritative server does not know the name.
    NotRegistered,
    /// The top-level domain has no RDAP server.
    NotSupported,
    /// The server did not answer, or not so that it could be relied upon: unknown, never lapsed, never clean.
    NoAnswer {
        /// Why.
        #[serde(flatten)]
        reason: RdapFailure,
    },
}

impl RdapFinding {
    /// When the name was registered, if the registry says so.
    pub(crate) fn registered_at(&self) -> Option<Timestamp> {
        match self {
            Self::Registered(facts) => facts.registered_at,
            Self::NotRegistered | Self::NotSupported | Self::NoAnswer { .. } => None,
        }
    }
}

/// What the registry says of a registered name. Every field may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RdapFacts {
    /// The event `registration`: when its present owner, or the one he has it from, registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Timestamp>,
    /// The event `expiration`. Most registries move it on by a year on the very day, whether the owner pays or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The event `registrar expiration`: until when the owner has paid his registrar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrar_expires_at: Option<Timestamp>,
    /// The event `transfer`: when it last went from one registrar to another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred_at: Option<Timestamp>,
    /// The statuses, as RFC 8056 maps them from EPP.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<RdapStatus>,
    /// The registrar, by its number in IANA's registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrar: Option<u32>,
    /// The name servers, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name_servers: Vec<HostName>,
}

impl RdapFacts {
    /// Whether the registry's own date says that the term has ended, by a day at least: one that renews by itself moves the date
    /// on within the day.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires_at
            .is_some_and(|end| now.duration_since(end) >= SignedDuration::from_hours(24))
    }

    /// In which phase of its life the registration is.
    ///
    /// `redemption period` and `pending delete` often stand together: the owner can still restore the name then. A
    /// `pending restore` says that somebody is doing so. `inactive` means "no name servers" here, and `auto renew period` is
    /// set for up to 45 days after every expiry, that of a renewed name too: neither is a sign of a lapse.
    pub fn phase(&self) -> RdapPhase {
        let has = |status| self.statuses.contains(&status);
        if has(RdapStatus::PendingRestore) {
            RdapPhase::Restoring
        } else if has(RdapStatus::RedemptionPeriod) {
            RdapPhase::Redemption
        } else if has(RdapStatus::PendingDelete) {
            RdapPhase::PendingDelete
        } else {
            RdapPhase::Normal
        }
    }
}

/// The phase of a registration's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RdapPhase {
    /// No sign of deletion.
    Normal,
    /// Deleted, and still its owner's to restore.
    Redemption,
    /// Deleted, and about to be restored for its owner.
    Restoring,
    /// About to be released.
    PendingDelete,
}

/// A status of a registration. One that decides nothing is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum RdapStatus {
    /// `redemption period`.
    RedemptionPeriod,
    /// `pending delete`.
    PendingDelete,
    /// `pending restore`.
    PendingRestore,
    /// `auto renew period`.
    AutoRenewPeriod,
    /// Any other, such as `client transfer prohibited`.
    Other(String),
}

impl RdapStatus {
    const DECISIVE: [(Self, &'static str); 4] = [
        (Self::RedemptionPeriod, "redemption period"),
        (Self::PendingDelete, "pending delete"),
        (Self::PendingRestore, "pending restore"),
        (Self::AutoRenewPeriod, "auto renew period"),
    ];
}

impl From<String> for RdapStatus {
    fn from(text: String) -> Self {
        let known = Self::DECISIVE
            .into_iter()
            .find(|(_, words)| text.eq_ignore_ascii_case(words));
        known.map_or(Self::Other(text), |(status, _)| status)
    }
}

impl From<RdapStatus> for String {
    fn from(status: RdapStatus) -> Self {
        if let RdapStatus::Other(text) = status {
            return text;
        }
        let known = RdapStatus::DECISIVE.into_iter();
        known
            .filter(|(decisive, _)| *decisive == status)
            .map(|(_, words)| words.to_owned())
            .collect()
    }
}

/// Why RDAP brought nothing that could be relied upon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum RdapFailure {
    /// No answer within the time allowed.
    TimedOut,
    /// The server could not be reached, or the connection was cut.
    NotReached,
    /// Too many requests from this address.
    Throttled,
    /// Any other HTTP status than that of an answer.
    Failed {
        /// The HTTP status.
        http_status: u16,
    },
    /// A redirect that leaves the registry's server or the encrypted connection: not followed.
    Redirected,
    /// The answer could not be read.
    Unreadable {
        /// What was wrong with it, without control characters.
        why: String,
    },
    /// The answer was about another name.
    OtherName,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(statuses: &[&str]) -> RdapPhase {
        let statuses = statuses
            .iter()
            .map(|text| RdapStatus::from((*text).to_owned()));
        RdapFacts {
            statuses: statuses.collect(),
            ..RdapFacts::default()
        }
        .phase()
    }

    #[test]
    fn the_phase_is_that_of_the_status_that_decides() {
        assert_eq!(phase(&[]), RdapPhase::Normal);
        assert_eq!(phase(&["active"]), RdapPhase::Normal);
        assert_eq!(phase(&["inactive", "client hold"]), RdapPhase::Normal);
        assert_eq!(phase(&["auto renew period"]), RdapPhase::Normal);
        assert_eq!(phase(&["pending delete"]), RdapPhase::PendingDelete);
        assert_eq!(
            phase(&["pending delete", "Redemption Period"]),
            RdapPhase::Redemption
        );
        assert_eq!(
            phase(&["redemption period", "pending restore"]),
            RdapPhase::Restoring
        );
    }

    #[test]
    fn a_finding_reads_back_as_it_was_written() {
        for text in [
            r#"{"outcome":"registered","registered_at":"2020-01-01T00:00:00Z","statuses":["active","pending delete"],"registrar":292,"name_servers":["ns1.example.org"]}"#,
            r#"{"outcome":"no_answer","reason":"failed","http_status":503}"#,
            r#"{"outcome":"not_registered"}"#,
        ] {
            let finding: RdapFinding = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&finding).unwrap(), text);
        }
    }
}
