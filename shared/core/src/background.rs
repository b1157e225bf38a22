//! What is remembered of a domain beside its last look: the answers of those who take no money for them, to compare the next
//! ones with and to know when to look.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{DnsFinding, HostName, RdapFacts, RdapFinding, RdapPhase, Risk, Timestamp};

/// How long after the end of a term a registration may be lost: 45 days of auto-renew grace, 30 of redemption and 5 of pending
/// delete at most, for generic top-level domains (ICANN); country codes are shorter.
const SPELL: SignedDuration = SignedDuration::from_hours(80 * 24);

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// When the registry or the DNS was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<Timestamp>,
    /// What is known from the registry.
    #[serde(default)]
    pub registry: RegistryMemory,
    /// Who stood behind the name before the spell that it is in now, or at the last answer.
    #[serde(default)]
    pub hands: Hands,
    /// The end of the last term that has passed while we watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_ended_at: Option<Timestamp>,
    /// When the name was first seen in other hands, without a new registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands_changed_at: Option<Timestamp>,
    /// Since when a glance has shown what only a look can settle, and none has: there was no budget for one, no time, or no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsettled_since: Option<Timestamp>,
    /// What has been warned of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_of: Option<Risk>,
}

/// What is known from the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "memory", rename_all = "snake_case")]
pub enum RegistryMemory {
    /// Nothing: never asked, or never answered.
    #[default]
    Nothing,
    /// The top-level domain has no RDAP server.
    NotSupported,
    /// The last answer that the name is registered.
    Registered {
        /// When it was given.
        answered_at: Timestamp,
        /// What it said.
        facts: RdapFacts,
    },
}

/// By what a change of hands shows that leaves the registration as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hands {
    /// The registrar, by its number in IANA's registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrar: Option<u32>,
    /// The name servers, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name_servers: Vec<HostName>,
}

impl Hands {
    /// Whether the registrar and all name servers are others: one alone changes with every move of house.
    fn are_others_than(&self, before: &Self) -> bool {
        let registrar = self.registrar.is_some()
            && before.registrar.is_some()
            && self.registrar != before.registrar;
        registrar && has_none_of(&self.name_servers, &before.name_servers)
    }

    /// What is said now, and what was said before where nothing is said now.
    fn or_before(self, before: &Self) -> Self {
        Self {
            registrar: self.registrar.or(before.registrar),
            name_servers: if self.name_servers.is_empty() {
                before.name_servers.clone()
            } else {
                self.name_servers
            },
        }
    }
}

/// Two lists that say something, and nothing in common.
fn has_none_of(now: &[HostName], before: &[HostName]) -> bool {
    !now.is_empty() && !before.is_empty() && !now.iter().any(|host| before.contains(host))
}

impl Background {
    /// What the registry last said of the registration.
    pub fn facts(&self) -> Option<&RdapFacts> {
        match &self.registry {
            RegistryMemory::Registered { facts, .. } => Some(facts),
            RegistryMemory::Nothing | RegistryMemory::NotSupported => None,
        }
    }

    /// Whether the registry tells when the registration ends: then it is known when something can happen.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.facts().and_then(|facts| facts.expires_at)
    }

    /// Whether a term has ended so lately that the name may be lost for it.
    pub fn is_in_spell(&self, now: Timestamp) -> bool {
        self.term_ended_at
            .is_some_and(|ended_at| now.duration_since(ended_at) < SPELL)
    }

    /// In which phase the registry last said the registration to be.
    pub(crate) fn phase(&self) -> Option<RdapPhase> {
        self.facts().map(RdapFacts::phase)
    }

    /// Whether the registry last said that the registration is in redemption or pending delete.
    pub(crate) fn is_deleting(&self) -> bool {
        match self.phase() {
            Some(RdapPhase::Redemption | RdapPhase::PendingDelete) => true,
            Some(RdapPhase::Normal | RdapPhase::Restoring) | None => false,
        }
    }

    /// Whether the registry has said of the name that it is registered, so lately that a loss it has seen may still be under way.
    pub(crate) fn has_spoken_lately(&self, now: Timestamp) -> bool {
        match &self.registry {
            RegistryMemory::Registered { answered_at, .. } => {
                now.duration_since(*answered_at) < SPELL
            }
            RegistryMemory::Nothing | RegistryMemory::NotSupported => false,
        }
    }

    /// Whether the last question to the registry brought an answer.
    pub fn was_answered(&self) -> bool {
        match &self.registry {
            RegistryMemory::Nothing => false,
            RegistryMemory::NotSupported => true,
            RegistryMemory::Registered { answered_at, .. } => self
                .asked_at
                .is_none_or(|asked_at| asked_at <= *answered_at),
        }
    }

    /// What is remembered after these answers; `None` is who was not asked.
    #[must_use]
    pub fn after(
        &self,
        now: Timestamp,
        rdap: Option<&RdapFinding>,
        dns: Option<&DnsFinding>,
    ) -> Self {
        let mut after = self.clone();
        // What is older than what is known tells nothing new.
        let is_late = self.asked_at.is_some_and(|asked_at| asked_at > now);
        if is_late || (rdap.is_none() && dns.is_none()) {
            return after.at(now);
        }
        after.asked_at = Some(now);
        match rdap {
            Some(RdapFinding::Registered(facts)) => after.take_in(now, facts),
            // Another process's list of servers may lack what this one's has: that is silence, for as long as it matters.
            Some(RdapFinding::NotSupported) if self.has_spoken_lately(now) => {}
            Some(RdapFinding::NotSupported) => after.registry = RegistryMemory::NotSupported,
            Some(RdapFinding::NotRegistered | RdapFinding::NoAnswer { .. }) | None => {}
        }
        if let (RegistryMemory::NotSupported, Some(name_servers)) =
            (&after.registry, dns.and_then(DnsFinding::name_servers))
        {
            after.compare_name_servers(now, name_servers);
        }
        after.at(now)
    }

    /// A term that has ended by now begins a spell.
    fn at(mut self, now: Timestamp) -> Self {
        let ends = self.facts().map(|facts| {
            [facts.expires_at, facts.registrar_expires_at]
                .into_iter()
                .flatten()
                .filter(|end| *end <= now)
                .max()
        });
        self.term_ended_at = self.term_ended_at.max(ends.flatten());
        self
    }

    fn take_in(&mut self, now: Timestamp, facts: &RdapFacts) {
        // The end that was remembered passes, and is moved on: both are seen by the answer before this one.
        *self = std::mem::take(self).at(now);
        // A date that is missing this time, or an earlier one, is no new registration.
        let before = self.facts().and_then(|before| before.registered_at);
        let is_another = before.is_some() && facts.registered_at > before;
        let hands = Hands {
            registrar: facts.registrar,
            name_servers: facts.name_servers.clone(),
        };
        if is_another {
            // Another registration: what was seen of the one before is history, and the policy's matter.
            self.term_ended_at = None;
            self.hands_changed_at = None;
            self.hands = hands;
        } else if self.is_in_spell(now) && hands.are_others_than(&self.hands) {
            // What was seen after an earlier term is another change.
            let of_this_term = self
                .hands_changed_at
                .filter(|at| Some(*at) >= self.term_ended_at);
            self.hands_changed_at = of_this_term.or(Some(now));
        } else if !self.is_in_spell(now) || self.hands == Hands::default() {
            self.hands = hands.or_before(&self.hands);
        }
        self.registry = RegistryMemory::Registered {
            answered_at: now,
            facts: RdapFacts {
                registered_at: facts.registered_at.or(before),
                ..facts.clone()
            },
        };
    }

    /// Without a registry to ask, other name servers are all that a new owner shows.
    fn compare_name_servers(&mut self, now: Timestamp, name_servers: &[HostName]) {
        if has_none_of(name_servers, &self.hands.name_servers) {
            self.hands_changed_at = Some(now);
        }
        if !name_servers.is_empty() {
            self.hands.name_servers = name_servers.to_vec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, day};

    fn facts(expires_at: i64, registrar: u32, name_server: &str) -> RdapFacts {
        RdapFacts {
            registered_at: Some(at(-4000 * day())),
            expires_at: Some(at(expires_at)),
            registrar: Some(registrar),
            name_servers: vec![HostName::parse(name_server).unwrap()],
            ..RdapFacts::default()
        }
    }

    fn answered(before: &Background, now: i64, facts: RdapFacts) -> Background {
        before.after(at(now), Some(&RdapFinding::Registered(facts)), None)
    }

    #[test]
    fn a_term_that_passes_begins_a_spell_though_the_registry_moves_its_date_on() {
        let year = 365 * day();
        let known = answered(&Background::default(), 0, facts(10 * day(), 1, "ns.a.org"));
        assert!(!known.is_in_spell(at(9 * day())));
        let renewed = answered(&known, 11 * day(), facts(10 * day() + year, 1, "ns.a.org"));
        assert_eq!(renewed.term_ended_at, Some(at(10 * day())));
        assert!(renewed.is_in_spell(at(89 * day())) && !renewed.is_in_spell(at(90 * day())));
    }

    #[test]
    fn a_term_renewed_before_its_end_begins_none() {
        let known = answered(&Background::default(), 0, facts(10 * day(), 1, "ns.a.org"));
        let early = answered(&known, 9 * day(), facts(400 * day(), 1, "ns.a.org"));
        assert_eq!(early.after(at(11 * day()), None, None).term_ended_at, None);
    }

    #[test]
    fn registrar_and_name_servers_that_change_in_a_spell_are_other_hands() {
        let known = answered(&Background::default(), 0, facts(10 * day(), 1, "ns.a.org"));
        let one = answered(&known, 20 * day(), facts(375 * day(), 2, "ns.a.org"));
        assert_eq!(one.hands_changed_at, None, "the registrar alone");
        let both = answered(&one, 30 * day(), facts(375 * day(), 2, "ns.b.org"));
        assert_eq!(both.hands_changed_at, Some(at(30 * day())));
        let healthy = answered(&known, day(), facts(10 * day(), 2, "ns.b.org"));
        assert_eq!(healthy.hands_changed_at, None, "a move of house, in time");
    }

    #[test]
    fn without_a_registry_other_name_servers_alone_are_remembered() {
        let dns = |name: &str| DnsFinding::Lame {
            name_servers: vec![HostName::parse(name).unwrap()],
        };
        let look = |before: &Background, now, name| {
            before.after(at(now), Some(&RdapFinding::NotSupported), Some(&dns(name)))
        };
        let known = look(&Background::default(), 0, "ns.a.jp");
        assert_eq!(look(&known, 1, "ns.a.jp").hands_changed_at, None);
        assert_eq!(look(&known, 2, "ns.b.jp").hands_changed_at, Some(at(2)));
    }

    #[test]
    fn silence_is_remembered_as_silence() {
        let known = answered(&Background::default(), 0, facts(10 * day(), 1, "ns.a.org"));
        let silence = RdapFinding::NoAnswer {
            reason: crate::RdapFailure::TimedOut,
        };
        let silent = known.after(at(5), Some(&silence), None);
        assert!(known.was_answered() && !silent.was_answered());
        assert_eq!(silent.registry, known.registry);
    }

    #[test]
    fn a_term_ends_by_the_registrars_date_though_the_registry_has_moved_its_own_a_year_on() {
        let renewed_by_itself = |registrars: i64| RdapFacts {
            registrar_expires_at: Some(at(registrars)),
            ..facts(375 * day(), 1, "ns.a.org")
        };
        let first_seen = |facts| answered(&Background::default(), 20 * day(), facts);
        let unpaid = first_seen(renewed_by_itself(10 * day()));
        assert_eq!(unpaid.term_ended_at, Some(at(10 * day())));
        assert!(unpaid.is_in_spell(at(89 * day())) && !unpaid.is_in_spell(at(90 * day())));
        let other_hands = RdapFacts {
            registrar: Some(2),
            name_servers: vec![HostName::parse("ns.b.org").unwrap()],
            ..renewed_by_itself(10 * day())
        };
        let changed = answered(&unpaid, 30 * day(), other_hands);
        assert_eq!(changed.hands_changed_at, Some(at(30 * day())));

        let paid = first_seen(renewed_by_itself(375 * day()));
        assert_eq!(paid.term_ended_at, None);
        let both = first_seen(RdapFacts {
            expires_at: Some(at(15 * day())),
            ..renewed_by_itself(10 * day())
        });
        assert_eq!(both.term_ended_at, Some(at(15 * day())), "the later end");
    }
}
