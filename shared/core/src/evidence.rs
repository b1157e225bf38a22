//! What the sources said about one domain at one time. Facts only: what follows from them is the policy's.

use serde::{Deserialize, Serialize};

use crate::{
    DnsFinding, RdapFacts, RdapFinding, RdapPhase, Record, Registration, StatusSet, Timestamp,
};

/// The answers of one look at a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the look was taken.
    pub observed_at: Timestamp,
    /// What Fastly said.
    pub fastly: FastlyFinding,
    /// What RDAP said; `None` if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rdap: Option<RdapFinding>,
    /// What the DNS said; `None` if it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsFinding>,
}

impl Evidence {
    /// Evidence of Fastly alone.
    pub fn of_fastly(observed_at: Timestamp, fastly: FastlyFinding) -> Self {
        Self {
            observed_at,
            fastly,
            rdap: None,
            dns: None,
        }
    }

    /// When the registry says that the name was registered.
    pub fn registered_at(&self) -> Option<Timestamp> {
        self.rdap.as_ref().and_then(RdapFinding::registered_at)
    }

    /// Whether the look at the domain of `previous` settles what a glance has shown: Fastly answered, and so did the registry, where
    /// there is one to ask, and the DNS, where it matters.
    pub(crate) fn settles(&self, previous: &Record) -> bool {
        let is_answered = match &self.fastly {
            FastlyFinding::Answered { .. } => true,
            FastlyFinding::NoAnswer { .. } => false,
        };
        let is_heard = match self.registry(previous) {
            Registry::Registered | Registry::Losing | Registry::NotRegistered => true,
            Registry::Unsure => false,
            Registry::Silent => {
                self.rdap == Some(RdapFinding::NotSupported)
                    && !previous.background.has_spoken_lately(self.observed_at)
            }
        };
        is_answered && is_heard
    }

    /// What the registry says of the registration, beside what was known of the domain before the look.
    pub(crate) fn registry(&self, previous: &Record) -> Registry {
        match &self.rdap {
            Some(RdapFinding::Registered(facts)) => match facts.phase() {
                RdapPhase::Normal if self.may_be_suspended(facts, previous) => match &self.dns {
                    Some(DnsFinding::NoSuchDomain) => Registry::Losing,
                    Some(DnsFinding::Delegated { .. } | DnsFinding::Lame { .. }) => {
                        Registry::Registered
                    }
                    // That the zone was not heard does not take back what it said.
                    Some(DnsFinding::NoAnswer { .. }) | None if previous.looked_suspended() => {
                        Registry::Unsure
                    }
                    Some(DnsFinding::NoAnswer { .. }) | None => Registry::Registered,
                },
                RdapPhase::Normal | RdapPhase::Restoring => Registry::Registered,
                RdapPhase::Redemption | RdapPhase::PendingDelete => Registry::Losing,
            },
            Some(RdapFinding::NotRegistered) => Registry::NotRegistered,
            Some(RdapFinding::NotSupported | RdapFinding::NoAnswer { .. }) | None => {
                Registry::Silent
            }
        }
    }

    /// Registries without a redemption period suspend a name that nobody has paid for: its date stays in the past, and the zone does
    /// not have it any more, where it had it before. Its owner can still renew, and gets no mail. A name that never had servers
    /// shows nothing by having none.
    fn may_be_suspended(&self, facts: &RdapFacts, previous: &Record) -> bool {
        facts.has_ended(self.observed_at) && !previous.background.hands.name_servers.is_empty()
    }

    /// Whether Fastly says that the name is lost and another source, the registry or the DNS, says so by itself. RDAP and DNS
    /// without Fastly are not two: both repeat what the registry's database says.
    pub(crate) fn has_two_witnesses(&self, registry: Registry) -> bool {
        let rdap = match registry {
            Registry::Losing | Registry::NotRegistered => true,
            Registry::Registered | Registry::Unsure | Registry::Silent => false,
        };
        let dns = match &self.dns {
            Some(DnsFinding::NoSuchDomain) => true,
            Some(
                DnsFinding::Delegated { .. }
                | DnsFinding::Lame { .. }
                | DnsFinding::NoAnswer { .. },
            )
            | None => false,
        };
        self.fastly.says_lost() && (rdap || dns)
    }
}

/// What the registry says of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registry {
    /// Nothing: not asked, not able to answer, or no answer.
    Silent,
    /// Registered, no sign of deletion; or being restored, which is its owner's doing.
    Registered,
    /// Past its term and perhaps suspended: it looked so before, and the zone was not heard.
    Unsure,
    /// In redemption or pending delete; or past its term and suspended.
    Losing,
    /// Not registered.
    NotRegistered,
}

/// What came of asking Fastly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum FastlyFinding {
    /// It answered with a status.
    Answered {
        /// The tokens.
        status: StatusSet,
        /// How the status was found.
        #[serde(default)]
        scope: Scope,
    },
    /// It did not answer, or not so that it could be relied upon: unknown, never lapsed, never clean.
    NoAnswer {
        /// Why.
        #[serde(flatten)]
        reason: NoAnswer,
    },
}

impl FastlyFinding {
    /// Whether it says that the name is lost, or about to be.
    pub(crate) fn says_lost(&self) -> bool {
        match self.registration() {
            Registration::Available | Registration::Expiring | Registration::Deleting => true,
            Registration::NotRegistrable | Registration::Registered | Registration::Undecided => {
                false
            }
        }
    }

    /// What the finding says about the registration. An estimate asks no registry and so decides nothing.
    pub fn registration(&self) -> Registration {
        match self {
            Self::Answered {
                status,
                scope: Scope::Precise,
            } => status.registration(),
            Self::Answered {
                scope: Scope::Estimate,
                ..
            }
            | Self::NoAnswer { .. } => Registration::Undecided,
        }
    }
}

/// How Fastly found a status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// From the registry: no `scope` in the answer.
    #[default]
    Precise,
    /// From DNS and the aftermarket only.
    Estimate,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NoAnswer {
    /// No answer within the time allowed.
    TimedOut,
    /// The service could not be reached, or the connection was cut.
    NotReached,
    /// Too many requests, and so again on every attempt.
    Throttled,
    /// The service failed.
    ServerFailed {
        /// The HTTP status.
        http_status: u16,
    },
    /// The service refused the name or the request.
    Refused {
        /// The HTTP status.
        http_status: u16,
        /// What it said, shortened and without control characters.
        said: String,
    },
    /// The answer could not be read.
    Unreadable {
        /// What was wrong with it.
        why: String,
    },
    /// The answer was about another name.
    OtherName,
}
