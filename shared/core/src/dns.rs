//! What the authoritative DNS says of a name.

use serde::{Deserialize, Serialize};

use crate::HostName;

/// What came of asking the authoritative DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum DnsFinding {
    /// The zone above delegates the name, and the servers named answer for it.
    Delegated {
        /// The name servers, sorted.
        name_servers: Vec<HostName>,
        /// The hosts that take its mail (MX), sorted; empty if it names none.
        mail_servers: Vec<HostName>,
    },
    /// The zone above delegates the name, and no server named answers for it: registered, and dead in the DNS.
    Lame {
        /// The name servers, sorted.
        name_servers: Vec<HostName>,
    },
    /// The zone above says that there is no such name (NXDOMAIN, with that zone's SOA): by itself, no proof of a lapse, since
    /// a registered name may have no name servers.
    NoSuchDomain,
    /// No usable answer.
    NoAnswer {
        /// Why.
        reason: DnsFailure,
    },
}

impl DnsFinding {
    /// Whether the zone above has the name.
    pub fn is_delegated(&self) -> bool {
        match self {
            Self::Delegated { .. } | Self::Lame { .. } => true,
            Self::NoSuchDomain | Self::NoAnswer { .. } => false,
        }
    }

    /// The name servers that the zone above names.
    pub fn name_servers(&self) -> Option<&[HostName]> {
        match self {
            Self::Delegated { name_servers, .. } | Self::Lame { name_servers } => {
                Some(name_servers)
            }
            Self::NoSuchDomain | Self::NoAnswer { .. } => None,
        }
    }
}

/// Why the DNS brought nothing that could be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsFailure {
    /// The operator has turned this witness off.
    Off,
    /// No answer within the time allowed.
    TimedOut,
    /// The server failed (SERVFAIL) where it should have known.
    ServerFailed,
    /// The server refused, or could not be reached.
    Refused,
    /// The answer makes no sense: neither a delegation nor a denial by the zone above.
    Unreadable,
}
