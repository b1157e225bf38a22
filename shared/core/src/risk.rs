//! What can be said of a domain before it is lost, so that its owner can be told in time.

use serde::{Deserialize, Serialize};

use crate::{FastlyFinding, RdapFinding, RdapPhase, Record, Timestamp, Token, Verdict};

/// A sign that a domain may be lost, the weightier the later. None of them un-verifies anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// It shows a parking page.
    Parked,
    /// It is for sale.
    ForSale,
    /// Its term has ended, and nobody has renewed it.
    PastExpiry,
    /// Its registrar and name servers have both changed after its term ended; without a registry to ask, its name servers.
    HandsChanged,
    /// A look showed a loss that is not confirmed yet.
    LossSeen,
    /// It is deleted, and its owner can still restore it.
    Redemption,
    /// It is about to be released.
    PendingDelete,
}

impl Risk {
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
            Verdict::Held | Verdict::Resurrected { .. } | Verdict::Unknown => return None,
        }
        let rdap = record.evidence.as_ref().and_then(|look| look.rdap.as_ref());
        let Some(RdapFinding::Registered(facts)) = rdap else {
            return Some(Self::LossSeen);
        };
        Some(match facts.phase() {
            RdapPhase::Normal | RdapPhase::Restoring => Self::LossSeen,
            RdapPhase::Redemption => Self::Redemption,
            RdapPhase::PendingDelete => Self::PendingDelete,
        })
    }

    fn of_background(record: &Record, now: Timestamp) -> Option<Self> {
        let past = Self::is_past_expiry(record, now).then_some(Self::PastExpiry);
        let changed_at = record.background.hands_changed_at;
        past.max(changed_at.map(|_| Self::HandsChanged))
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
