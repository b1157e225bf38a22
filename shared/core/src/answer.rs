//! The answer at the moment of use: may this domain's address be relied upon now, for a password reset?

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    Evidence, LossKind, RdapPhase, Record, Registration, RegistryMemory, Risk, Timestamp, Verdict,
};

/// How long nobody is asked again about a domain that is under suspicion or that nobody can tell about: whoever asks for resets in
/// a row does not make us pay in a row.
const ASKED_LATELY: SignedDuration = SignedDuration::from_hours(1);

/// For how long a registration counts as young. No term is shorter: who registers a name for what its mail opens uses it within the
/// first.
const FIRST_TERM: SignedDuration = SignedDuration::from_hours(365 * 24);

/// What to do with somebody who asks for a password reset at an address of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// The address may be relied upon.
    Allow,
    /// Not by itself: ask for something else that proves the person, such as a second factor.
    AskForMore,
    /// It may not: whoever reads its mail need not be its owner.
    Deny,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The domain is its owner's, by a look that is fresh enough.
    Held,
    /// It was registered again after the address was verified.
    RegisteredSince,
    /// The address was verified after the domain was registered again: it is the present owner's.
    VerifiedByPresentOwner,
    /// It is in redemption or pending delete.
    Lapsing,
    /// It is deleted.
    Lapsed,
    /// The sources did not answer, not in time, or contradict each other.
    Unknown,
    /// What is known is older than was asked for.
    Stale,
    /// Its term has ended, and nobody has renewed it.
    PastExpiry,
    /// Registrar and name servers have changed since the address was verified.
    HandsChanged,
    /// The registry or the DNS has shown a sign of loss that no look has settled.
    Unsettled,
    /// It was deleted, for certain, after the address was verified, and is registered again: nobody tells when, or by whom.
    CameBack,
    /// It was registered within a year, and nobody knows whether the address was verified before or after.
    RegisteredLately,
}

/// An answer, with what it rests upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What to do.
    pub permission: Permission,
    /// The verdict that holds for the question: unknown, where what is known is too old.
    pub verdict: Verdict,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
}

impl Record {
    /// Whether asking anybody would be of no use: the answer is known, and not older than `max_age`; or whoever could tell more
    /// was asked within the hour. Who is under suspicion, or was silent, is not paid for again and again: such a record allows
    /// nobody who was there before.
    pub fn is_fresh(&self, max_age: SignedDuration, now: Timestamp) -> bool {
        let is_within = |time: Option<Timestamp>, age: SignedDuration| {
            time.is_some_and(|time| now.duration_since(time) <= age)
        };
        let is_suspicious = match Risk::of(self, now) {
            // Whose a domain is that came back is not known by asking again.
            None | Some(Risk::Parked | Risk::ForSale | Risk::CameBack) => {
                self.verdict != Some(Verdict::Held) || self.background.unsettled_since.is_some()
            }
            Some(
                Risk::PastExpiry
                | Risk::HandsChanged
                | Risk::LossSeen
                | Risk::Redemption
                | Risk::PendingDelete,
            ) => true,
        };
        let lately = max_age.min(ASKED_LATELY);
        if is_suspicious {
            is_within(self.asked_at(), lately)
        } else {
            is_within(self.known_at(), max_age) || is_within(self.background.asked_at, lately)
        }
    }

    /// When somebody last answered who would know that the domain has come back, or come back once more: the registry, or,
    /// where there is none to ask, Fastly. Where nobody is allowed, whoever was last asked: silence makes it no better.
    fn known_at(&self) -> Option<Timestamp> {
        match self.verdict {
            Some(Verdict::Held | Verdict::Resurrected { .. }) => {}
            Some(Verdict::Lapsing | Verdict::Lapsed | Verdict::Unknown) | None => {
                return self.asked_at();
            }
        }
        match &self.background.registry {
            RegistryMemory::Registered { answered_at, .. } => Some(*answered_at),
            RegistryMemory::NotSupported => self.checked_at(),
            RegistryMemory::Nothing => None,
        }
    }

    /// When the registry last said that the domain was registered: by the last look, or by what is remembered.
    fn registered_at(&self) -> Option<Timestamp> {
        let by_look = self.evidence.as_ref().and_then(Evidence::registered_at);
        let remembered = self.background.facts();
        by_look.max(remembered.and_then(|facts| facts.registered_at))
    }
}

/// Answers for an address verified at `verified_at` (at a time nobody knows, if `None`) by what is recorded.
///
/// A loss that is not confirmed yet is denied: to wait a day costs a maintainer little, and a stranger his chance.
pub fn answer(
    record: &Record,
    verified_at: Option<Timestamp>,
    max_age: SignedDuration,
    now: Timestamp,
) -> Answer {
    let is_stale = record
        .known_at()
        .is_none_or(|known_at| now.duration_since(known_at) > max_age);
    let (verdict, mut permission, mut reasons) = of_verdict(record, verified_at, is_stale);
    if permission < Permission::Deny
        && let Some((at_least, reason)) = risk_of_use(record, verified_at, now)
    {
        permission = permission.max(at_least);
        reasons.insert(0, reason);
    }
    Answer {
        permission,
        verdict,
        reasons,
    }
}

fn of_verdict(
    record: &Record,
    verified_at: Option<Timestamp>,
    is_stale: bool,
) -> (Verdict, Permission, Vec<Reason>) {
    let known = record.verdict.unwrap_or(Verdict::Unknown);
    let since = verified_at.unwrap_or_else(|| record.relied_upon_since());
    let is_unsettled = record.background.unsettled_since.is_some();
    let cannot_tell = |reason| (Verdict::Unknown, Permission::AskForMore, vec![reason]);
    // The date is the registry's, and needs no fresh look: a registration does not become younger.
    let later = record.registered_at().filter(|at| *at > since);
    let is_ahead = later > record.asked_at();
    if let Some(registered_at) = later.filter(|_| !is_ahead) {
        let verdict = Verdict::Resurrected { registered_at };
        return (verdict, Permission::Deny, vec![Reason::RegisteredSince]);
    }
    // A loss that is under way stays one while nobody answers.
    let under_way = record.lapse.as_ref().map(|lapse| lapse.kind);
    match (known, under_way) {
        (Verdict::Lapsing, _) | (Verdict::Unknown, Some(LossKind::Lapsing)) => {
            (known, Permission::Deny, vec![Reason::Lapsing])
        }
        (Verdict::Lapsed, _) | (Verdict::Unknown, Some(LossKind::Lapsed)) => {
            (known, Permission::Deny, vec![Reason::Lapsed])
        }
        (Verdict::Resurrected { registered_at }, _)
        | (Verdict::Unknown, Some(LossKind::Resurrected { registered_at })) => {
            if registered_at > since {
                (known, Permission::Deny, vec![Reason::RegisteredSince])
            } else if is_unsettled {
                cannot_tell(Reason::Unsettled)
            } else if is_stale || known == Verdict::Unknown {
                cannot_tell(Reason::Stale)
            } else {
                let (permission, reason) = of_present_owner(record);
                (known, permission, vec![reason])
            }
        }
        (Verdict::Unknown, None) => cannot_tell(Reason::Unknown),
        // Registered while it was looked at, or by a wrong clock.
        (Verdict::Held, _) if is_ahead => cannot_tell(Reason::Unknown),
        (Verdict::Held, _) if is_unsettled => cannot_tell(Reason::Unsettled),
        (Verdict::Held, _) if is_stale => cannot_tell(Reason::Stale),
        (Verdict::Held, _) => (known, Permission::Allow, vec![Reason::Held]),
    }
}

/// What a domain that is held shows against relying on it for this address, and what that permits at most.
fn risk_of_use(
    record: &Record,
    verified_at: Option<Timestamp>,
    now: Timestamp,
) -> Option<(Permission, Reason)> {
    let was_there_before =
        |time: Option<Timestamp>| time.is_some_and(|time| verified_at.is_none_or(|at| at < time));
    // What the registry said at a glance that no look has followed.
    let is_lapsing = record.background.has_spoken_lately(now) && record.background.is_deleting();
    let is_young = |at| now.duration_since(at) < FIRST_TERM;
    if is_lapsing {
        Some((Permission::Deny, Reason::Lapsing))
    } else if was_there_before(record.deleted_at) {
        Some((Permission::AskForMore, Reason::CameBack))
    } else if was_there_before(record.background.hands_changed_at) {
        Some((Permission::AskForMore, Reason::HandsChanged))
    } else if Risk::is_past_expiry(record, now) {
        Some((Permission::AskForMore, Reason::PastExpiry))
    } else if verified_at.is_none() && record.registered_at().is_some_and(is_young) {
        Some((Permission::AskForMore, Reason::RegisteredLately))
    } else {
        None
    }
}

/// What the last look says of the present owner's hold on a domain that was registered again.
fn of_present_owner(record: &Record) -> (Permission, Reason) {
    let Some(look) = &record.evidence else {
        return (Permission::AskForMore, Reason::Unknown);
    };
    match (look.fastly.registration(), record.background.phase()) {
        (_, Some(RdapPhase::Redemption | RdapPhase::PendingDelete))
        | (Registration::Expiring | Registration::Deleting, _) => {
            (Permission::Deny, Reason::Lapsing)
        }
        (Registration::Available, _) => (Permission::Deny, Reason::Lapsed),
        (Registration::Undecided, _) => (Permission::AskForMore, Reason::Unknown),
        (Registration::Registered | Registration::NotRegistrable, _) => {
            (Permission::Allow, Reason::VerifiedByPresentOwner)
        }
    }
}

#[cfg(test)]
mod tests;
