//! From evidence to a verdict, and from a verdict to an un-verification. No verdict is reached anywhere else.

use jiff::SignedDuration;

use crate::evidence::Registry;
use crate::{
    Confirmation, DnsFinding, Evidence, Lapse, LossKind, Pending, Record, Registration, Timestamp,
    Verdict,
};

/// When evidence is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How far apart two looks must be to confirm each other. Redemption and pending delete last 35 days for generic
    /// top-level domains, so the default of a day costs no safety there.
    pub confirm_after: SignedDuration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            confirm_after: SignedDuration::from_hours(24),
        }
    }
}

/// What one look amounts to, given what was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// The loss under way after this look.
    pub lapse: Option<Lapse>,
    /// The un-verification that now waits.
    pub pending: Option<Pending>,
}

impl Policy {
    /// Judges a look at the domain of `previous`. Total: every evidence has a judgement.
    pub fn judge(&self, previous: &Record, evidence: &Evidence) -> Judgement {
        let verdict = Self::verdict(evidence);
        match verdict {
            Verdict::Held | Verdict::Resurrected { .. } => Judgement {
                verdict,
                lapse: None,
                pending: None,
            },
            // Unknown neither clears a suspicion nor strengthens it. What was confirmed stays pending: the unverifier
            // refuses it once its evidence is stale. But nothing is applied while the registry says "registered".
            Verdict::Unknown => Judgement {
                verdict,
                lapse: previous.lapse.clone(),
                pending: match evidence.registry() {
                    Registry::Registered => None,
                    Registry::Silent | Registry::Losing | Registry::NotRegistered => {
                        previous.pending.clone()
                    }
                },
            },
            Verdict::Lapsing => self.lost(previous, evidence, LossKind::Lapsing),
            Verdict::Lapsed => self.lost(previous, evidence, LossKind::Lapsed),
        }
    }

    /// The verdict of one look, whatever was known before: what the sources say together. Where they contradict each other it
    /// is unknown; where one is silent, the others speak. `docs/verdicts.md` shows every case.
    fn verdict(evidence: &Evidence) -> Verdict {
        let verdict = match evidence.fastly.registration() {
            // Fastly's list of tokens does not promise `expiring` and `deleting`: a name in redemption may read as
            // registered, and there the registry knows better. One that it does not know at all, it contradicts.
            Registration::Registered | Registration::NotRegistrable => match evidence.registry() {
                Registry::Silent | Registry::Registered => Verdict::Held,
                Registry::Losing => Verdict::Lapsing,
                Registry::NotRegistered => Verdict::Unknown,
            },
            Registration::Expiring | Registration::Deleting => match evidence.registry() {
                Registry::Silent | Registry::Losing => Verdict::Lapsing,
                Registry::Registered => Verdict::Unknown,
                Registry::NotRegistered => Verdict::Lapsed,
            },
            Registration::Available => match evidence.registry() {
                Registry::Silent | Registry::NotRegistered => Verdict::Lapsed,
                Registry::Registered => Verdict::Unknown,
                Registry::Losing => Verdict::Lapsing,
            },
            Registration::Undecided => match evidence.registry() {
                Registry::Silent => Verdict::Unknown,
                Registry::Registered => Verdict::Held,
                Registry::Losing => Verdict::Lapsing,
                Registry::NotRegistered => Verdict::Lapsed,
            },
        };
        // The registry's own zone still has the name: nobody can register it.
        let is_delegated = evidence.dns.as_ref().is_some_and(DnsFinding::is_delegated);
        if verdict == Verdict::Lapsed && is_delegated {
            return Verdict::Unknown;
        }
        verdict
    }

    fn lost(&self, previous: &Record, evidence: &Evidence, kind: LossKind) -> Judgement {
        // A loss that went back a step (released, then in redemption) contradicts itself: the suspicion begins anew.
        let known = previous.lapse.as_ref().filter(|lapse| lapse.kind <= kind);
        let mut lapse = known.cloned().map_or_else(
            || Lapse {
                kind,
                first: evidence.clone(),
                confirmation: None,
                applied: None,
            },
            |lapse| Lapse { kind, ..lapse },
        );
        lapse.confirmation = lapse
            .confirmation
            .or_else(|| self.confirmation(&lapse.first, evidence));
        let pending = lapse
            .confirmation
            .filter(|_| Self::has_addresses_to_cover(previous, &lapse))
            .map(|confirmation| pending(previous, evidence, &lapse, confirmation));
        Judgement {
            verdict: kind.into(),
            lapse: Some(lapse),
            pending,
        }
    }

    fn confirmation(&self, first: &Evidence, evidence: &Evidence) -> Option<Confirmation> {
        if evidence.has_two_witnesses() {
            Some(Confirmation::TwoSources)
        } else if evidence.observed_at.duration_since(first.observed_at) >= self.confirm_after {
            Some(Confirmation::TwoLooks)
        } else {
            None
        }
    }

    /// After an un-verification for this loss, another is due only for addresses that have been verified since.
    fn has_addresses_to_cover(previous: &Record, lapse: &Lapse) -> bool {
        match &lapse.applied {
            None => true,
            Some(applied) => previous
                .earliest_verified_at
                .is_some_and(|earliest| earliest >= applied.verified_before),
        }
    }
}

/// The waiting un-verification with this look as its newest proof; what waited already keeps its place and its plan.
fn pending(
    previous: &Record,
    evidence: &Evidence,
    lapse: &Lapse,
    confirmation: Confirmation,
) -> Pending {
    let waiting = previous.pending.as_ref();
    let mut looks = vec![lapse.first.clone()];
    if lapse.first.observed_at != evidence.observed_at {
        looks.push(evidence.clone());
    }
    Pending {
        verdict: lapse.kind.into(),
        since: waiting.map_or(evidence.observed_at, |pending| pending.since),
        verified_before: covered_until(evidence),
        confirmation,
        evidence: looks,
        plan: waiting.and_then(|pending| pending.plan.clone()),
    }
}

/// Whoever verified an address after the look had the mail of the domain then: he is left alone.
fn covered_until(evidence: &Evidence) -> Timestamp {
    evidence.observed_at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{answered, at, day, domain, no_answer};

    /// Judges a series of looks, each `(time, evidence)` upon what the one before left.
    fn series(looks: &[Evidence]) -> Judgement {
        let mut record = Record::new(domain("example.org"), None, at(0));
        let mut last = None;
        for look in looks {
            let judgement = Policy::default().judge(&record, look);
            record.verdict = Some(judgement.verdict);
            record.lapse.clone_from(&judgement.lapse);
            record.pending.clone_from(&judgement.pending);
            record.evidence = Some(look.clone());
            last = Some(judgement);
        }
        last.unwrap()
    }

    #[test]
    fn a_released_domain_is_not_pending_on_the_first_look_and_is_on_the_second_a_day_later() {
        let first = answered("undelegated inactive", at(0));
        assert_eq!(series(std::slice::from_ref(&first)).pending, None);
        let almost = answered("undelegated inactive", at(day() - 1));
        assert_eq!(series(&[first.clone(), almost]).pending, None);
        let second = answered("undelegated inactive", at(day()));
        let pending = series(&[first.clone(), second.clone()]).pending.unwrap();
        assert_eq!(pending.verdict, Verdict::Lapsed);
        assert_eq!(pending.confirmation, Confirmation::TwoLooks);
        assert_eq!(pending.evidence, [first, second]);
        assert_eq!(pending.verified_before, at(day()));
    }

    #[test]
    fn what_proves_no_loss_is_never_pending_however_often_seen() {
        for status in [
            "active",
            "undelegated active",
            "unknown",
            "undelegated",
            "marketed priced transferable active",
            "sparkling",
            "inactive sparkling",
            "",
        ] {
            let looks: Vec<_> = (0..40).map(|n| answered(status, at(n * day()))).collect();
            assert_eq!(series(&looks).pending, None, "{status}");
        }
        let looks: Vec<_> = (0..40).map(|n| no_answer(at(n * day()))).collect();
        assert_eq!(series(&looks).pending, None);
    }

    #[test]
    fn a_look_that_shows_the_domain_held_clears_the_suspicion() {
        let judgement = series(&[
            answered("inactive", at(0)),
            answered("active", at(1000)),
            answered("inactive", at(day() + 1000)),
        ]);
        assert_eq!(judgement.pending, None);
        assert_eq!(judgement.lapse.unwrap().first.observed_at, at(day() + 1000));
    }

    #[test]
    fn unknown_between_two_looks_neither_clears_nor_confirms() {
        let unsure = series(&[answered("inactive", at(0)), no_answer(at(2 * day()))]);
        assert_eq!(unsure.pending, None);
        let sure = series(&[
            answered("inactive", at(0)),
            no_answer(at(day())),
            answered("inactive", at(2 * day())),
        ]);
        assert!(sure.pending.is_some());
    }

    #[test]
    fn a_loss_may_go_on_but_not_back_between_two_looks() {
        let on = series(&[
            answered("active expiring", at(0)),
            answered("inactive", at(day())),
        ]);
        assert_eq!(on.pending.unwrap().verdict, Verdict::Lapsed);
        let back = series(&[
            answered("inactive", at(0)),
            answered("active expiring", at(day())),
        ]);
        assert_eq!(back.pending, None);
    }

    proptest! {
        /// Whatever the looks, an un-verification rests on two looks that both show a loss, a day apart.
        #[test]
        fn nothing_is_pending_without_two_agreeing_looks_a_day_apart(
            looks in proptest::collection::vec(
                (0..6_usize, 1..50_i64), 1..12
            )
        ) {
            let statuses = ["active", "inactive", "active expiring", "unknown", "undelegated", "active deleting"];
            let mut now = 0;
            let looks: Vec<_> = looks.into_iter().map(|(status, hours)| {
                now += hours * 3_600_000;
                answered(statuses[status], at(now))
            }).collect();
            if let Some(pending) = series(&looks).pending {
                prop_assert_eq!(pending.evidence.len(), 2);
                let apart = pending.evidence[1].observed_at.duration_since(pending.evidence[0].observed_at);
                prop_assert!(apart >= SignedDuration::from_hours(24));
                for look in &pending.evidence {
                    prop_assert!(matches!(
                        look.fastly.registration(),
                        Registration::Available | Registration::Expiring | Registration::Deleting
                    ));
                }
                let held_between = looks.iter().any(|look| {
                    look.observed_at > pending.evidence[0].observed_at
                        && look.fastly.registration() == Registration::Registered
                });
                prop_assert!(!held_between);
            }
        }
    }
}
