//! What can be said of a domain before it is lost, so that its owner can be told in time.

use serde::{Deserialize, Serialize};

use crate::{FastlyFinding, LossKind, RdapFinding, RdapPhase, Record, Timestamp, Token, Verdict};

/// A sign that a domain may be lost, the weightier the later. None of them un-verifies anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// It shows a parking page.
    Parked,
    /// It is for sale.
    ForSale,
    /// It was deleted, for certain, and is registered again: nobody tells when, or by whom.
    CameBack,
    /// Its term has ended, and nobody has renewed it.
    PastExpiry,
    /// Its registrar and name servers have both changed after its term ended; without a registry to ask, its name servers.
    HandsChanged,
    /// A look showed a loss that is not confirmed yet, or a glance what only a look can settle.
    LossSeen,
    /// It is deleted, and its owner can still restore it.
    Redemption,
    /// It is about to be released.
    PendingDelete,
}

impl Risk {
    /// The sign's name, as documents have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::ForSale => "for_sale",
            Self::CameBack => "came_back",
            Self::PastExpiry => "past_expiry",
            Self::HandsChanged => "hands_changed",
            Self::LossSeen => "loss_seen",
            Self::Redemption => "redemption",
            Self::PendingDelete => "pending_delete",
        }
    }

    /// Whether a term has ended by `now` that the registry has not moved on.
    pub(crate) fn is_past_expiry(record: &Record, now: Timestamp) -> bool {
        record.background.facts().is_some_and(|facts| {
            [facts.expires_at, facts.registrar_expires_at]
                .into_iter()
                .flatten()
                .any(|end| end <= now)
        })
    }

    /// The weightiest sign in what is known of a domain at `now`.
    pub fn of(record: &Record, now: Timestamp) -> Option<Self> {
        Self::of_loss(record)
            .max(Self::of_glance(record))
            .max(Self::of_background(record, now))
            .max(
                record
                    .evidence
                    .as_ref()
                    .and_then(|look| Self::of_sale(&look.fastly)),
            )
    }

    fn of_loss(record: &Record) -> Option<Self> {
        match record.verdict? {
            Verdict::Lapsing | Verdict::Lapsed => {}
            // A loss under way stays one while nobody can tell.
            Verdict::Unknown => {
                return match record.lapse.as_ref()?.kind {
                    LossKind::Lapsing | LossKind::Lapsed => Some(Self::of_memory(record)),
                    LossKind::Resurrected { .. } => None,
                };
            }
            Verdict::Held | Verdict::Resurrected { .. } => return None,
        }
        let rdap = record.evidence.as_ref().and_then(|look| look.rdap.as_ref());
        Some(match rdap {
            Some(RdapFinding::Registered(facts)) => Self::of_phase(facts.phase()),
            Some(RdapFinding::NotRegistered) => Self::LossSeen,
            // What a silent registry said before still holds.
            Some(RdapFinding::NotSupported | RdapFinding::NoAnswer { .. }) | None => {
                Self::of_memory(record)
            }
        })
    }

    fn of_memory(record: &Record) -> Self {
        let phase = record.background.phase();
        phase.map_or(Self::LossSeen, Self::of_phase)
    }

    fn of_phase(phase: RdapPhase) -> Self {
        match phase {
            RdapPhase::Normal | RdapPhase::Restoring => Self::LossSeen,
            RdapPhase::Redemption => Self::Redemption,
            RdapPhase::PendingDelete => Self::PendingDelete,
        }
    }

    /// What a glance has shown and no look has settled. Of a domain that others have registered there is nothing to warn: it is lost.
    /// Other hands are a sign of their own.
    fn of_glance(record: &Record) -> Option<Self> {
        let background = &record.background;
        let others_have_it = background
            .facts()
            .and_then(|facts| facts.registered_at)
            .is_some_and(|at| at > record.relied_upon_since());
        let since = background.unsettled_since.filter(|_| !others_have_it)?;
        let risk = Self::of_memory(record);
        let is_of_hands = risk == Self::LossSeen && background.hands_changed_at == Some(since);
        (!is_of_hands).then_some(risk)
    }

    fn of_background(record: &Record, now: Timestamp) -> Option<Self> {
        let past = Self::is_past_expiry(record, now).then_some(Self::PastExpiry);
        let changed = record.background.hands_changed_at;
        let came_back = record
            .deleted_at
            .filter(|at| record.relied_upon_since() < *at);
        past.max(changed.map(|_| Self::HandsChanged))
            .max(came_back.map(|_| Self::CameBack))
    }

    fn of_sale(finding: &FastlyFinding) -> Option<Self> {
        let FastlyFinding::Answered { status, .. } = finding else {
            return None;
        };
        let for_sale = [Token::Marketed, Token::Priced, Token::Transferable];
        if for_sale.iter().any(|token| status.has(token)) {
            Some(Self::ForSale)
        } else {
            status.has(&Token::Parked).then_some(Self::Parked)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answered, at, day, domain, no_answer};
    use crate::{Evidence, RdapFacts, RdapStatus, Rules, observe};

    #[test]
    fn a_loss_under_way_is_a_sign_while_nobody_answers_too() {
        let redemption = RdapFacts {
            statuses: vec![RdapStatus::RedemptionPeriod],
            ..RdapFacts::default()
        };
        let look = Evidence {
            rdap: Some(RdapFinding::Registered(redemption)),
            ..answered("active", at(0))
        };
        let mut record = Record::new(domain("example.org"), None, at(-1));
        for look in [look, no_answer(at(day()))] {
            let looked = observe(&Rules::default(), &record, look, None);
            record = looked.unwrap().record;
            assert_eq!(Risk::of(&record, at(day())), Some(Risk::Redemption));
        }
        assert_eq!(record.verdict, Some(Verdict::Unknown));
    }

    #[test]
    fn a_sign_has_one_name_everywhere() {
        for risk in [
            Risk::Parked,
            Risk::ForSale,
            Risk::CameBack,
            Risk::PastExpiry,
            Risk::HandsChanged,
            Risk::LossSeen,
            Risk::Redemption,
            Risk::PendingDelete,
        ] {
            assert_eq!(serde_json::to_value(risk).unwrap(), risk.name());
        }
    }
}
