//! A glance: what the registry or the DNS says for nothing, and whether that is worth a look. And the warnings that follow
//! from looks and glances.

use crate::{
    DnsFinding, Event, EventKind, RdapFinding, RdapPhase, Record, Risk, Rules, RunId, Timestamp,
    Transition,
};

/// The answers of one glance. `None` is who was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// When it was taken.
    pub observed_at: Timestamp,
    /// What the registry said.
    pub rdap: Option<RdapFinding>,
    /// What the DNS said.
    pub dns: Option<DnsFinding>,
}

/// What comes of a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glanced {
    /// Nothing that could change the verdict: the memory and the next date are to be written down.
    Quiet(Box<Transition>),
    /// Something that could: a look is worth its price, and takes the glance's answers over. If none can be taken, this is to be
    /// written down instead: what was heard is not forgotten, and nobody is allowed on what was known before.
    LookNow(Box<Transition>),
    /// A later look or glance is already recorded.
    Late,
}

/// Weighs a glance. One at which nobody answered is quiet: the next comes sooner.
pub fn glance(rules: &Rules, previous: &Record, glance: &Glance, run: Option<&RunId>) -> Glanced {
    if previous
        .asked_at()
        .is_some_and(|asked_at| asked_at >= glance.observed_at)
    {
        return Glanced::Late;
    }
    let background = previous.background.after(
        glance.observed_at,
        glance.rdap.as_ref(),
        glance.dns.as_ref(),
    );
    let has_other_hands = background.hands_changed_at != previous.background.hands_changed_at;
    let calls_for_a_look = has_other_hands || could_change_the_verdict(previous, glance);
    let mut record = Record {
        revision: previous.revision + 1,
        background,
        ..previous.clone()
    };
    if calls_for_a_look {
        let unsettled = &mut record.background.unsettled_since;
        unsettled.get_or_insert(glance.observed_at);
    } else if let Some(run) = run {
        record.checked_run = Some(run.clone());
    }
    record.next_check_at = rules.schedule.next_check(&record);
    let transition = Box::new(Transition {
        record,
        event: None,
    });
    if calls_for_a_look {
        Glanced::LookNow(transition)
    } else {
        Glanced::Quiet(transition)
    }
}

fn could_change_the_verdict(previous: &Record, glance: &Glance) -> bool {
    let by_registry = match &glance.rdap {
        Some(RdapFinding::Registered(facts)) => match facts.phase() {
            // A date that lies ahead is a wrong clock's, and no look makes it better.
            RdapPhase::Normal => facts
                .registered_at
                .is_some_and(|at| at > previous.relied_upon_since() && at <= glance.observed_at),
            RdapPhase::Redemption | RdapPhase::Restoring | RdapPhase::PendingDelete => true,
        },
        Some(RdapFinding::NotRegistered) => true,
        Some(RdapFinding::NotSupported | RdapFinding::NoAnswer { .. }) | None => false,
    };
    let by_dns = match &glance.dns {
        Some(DnsFinding::NoSuchDomain) => true,
        Some(
            DnsFinding::Delegated { .. } | DnsFinding::Lame { .. } | DnsFinding::NoAnswer { .. },
        )
        | None => false,
    };
    by_registry || by_dns
}

/// The warning that a record calls for after a look or a glance, if it has not been given; also what takes a warning back
/// once the sign is gone, without an event.
pub fn warning(record: &Record, run: Option<&RunId>, now: Timestamp) -> Option<Transition> {
    let risk = Risk::of(record, now);
    if risk == record.background.warned_of {
        return None;
    }
    let is_graver = risk > record.background.warned_of;
    let mut warned = record.clone();
    warned.revision += 1;
    warned.background.warned_of = risk;
    let event = risk.filter(|_| is_graver).map(|risk| Event {
        domain: warned.domain.clone(),
        at: now,
        revision: warned.revision,
        run: run.cloned(),
        kind: EventKind::DomainAtRisk {
            risk,
            expires_at: record
                .background
                .term_ended_at
                .or(record.background.expires_at()),
        },
    });
    Some(Transition {
        record: warned,
        event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answered, at, day, domain};
    use crate::{Evidence, RdapFacts, RdapStatus, Verdict, observe};

    fn held() -> Record {
        let record = Record::new(domain("example.org"), None, at(-1000 * day()));
        let look = answered("active", at(0));
        observe(&Rules::default(), &record, look, None)
            .unwrap()
            .record
    }

    fn saw(facts: RdapFacts) -> Glanced {
        let seen = Glance {
            observed_at: at(day()),
            rdap: Some(RdapFinding::Registered(facts)),
            dns: None,
        };
        glance(&Rules::default(), &held(), &seen, None)
    }

    #[test]
    fn a_healthy_registration_is_remembered_and_costs_no_look() {
        let facts = RdapFacts {
            registered_at: Some(at(-4000 * day())),
            expires_at: Some(at(100 * day())),
            ..RdapFacts::default()
        };
        let Glanced::Quiet(transition) = saw(facts) else {
            panic!("a look was asked for")
        };
        assert_eq!(transition.event, None);
        assert_eq!(
            transition.record.background.expires_at(),
            Some(at(100 * day()))
        );
        assert_eq!(
            transition.record.checked_at(),
            Some(at(0)),
            "the look stays"
        );
    }

    #[test]
    fn what_could_change_the_verdict_is_worth_a_look() {
        let status = |status: RdapStatus| RdapFacts {
            statuses: vec![status],
            ..RdapFacts::default()
        };
        let registered_again = RdapFacts {
            registered_at: Some(at(-1)),
            ..RdapFacts::default()
        };
        for facts in [
            status(RdapStatus::RedemptionPeriod),
            status(RdapStatus::PendingDelete),
            registered_again,
        ] {
            let seen = saw(facts.clone());
            assert!(matches!(seen, Glanced::LookNow(_)), "{facts:?}");
        }
        for (rdap, dns) in [
            (Some(RdapFinding::NotRegistered), None),
            (None, Some(DnsFinding::NoSuchDomain)),
        ] {
            let seen = Glance {
                observed_at: at(day()),
                rdap,
                dns,
            };
            let glanced = glance(&Rules::default(), &held(), &seen, None);
            assert!(matches!(glanced, Glanced::LookNow(_)), "{seen:?}");
        }
        assert!(matches!(
            saw(status(RdapStatus::AutoRenewPeriod)),
            Glanced::Quiet(_)
        ));
    }

    #[test]
    fn what_no_look_follows_is_remembered_until_one_settles_it() {
        let redemption = RdapFacts {
            statuses: vec![RdapStatus::RedemptionPeriod],
            ..RdapFacts::default()
        };
        let Glanced::LookNow(unlooked) = saw(redemption) else {
            panic!("no look was asked for")
        };
        let record = unlooked.record;
        assert_eq!(
            record.verdict,
            Some(Verdict::Held),
            "no verdict rests on a glance"
        );
        assert_eq!(record.background.unsettled_since, Some(at(day())));
        assert_eq!(record.next_check_at, at(day()), "it is due at once");
        assert!(record.due_order() < at(0), "before all others");
        assert_eq!(Risk::of(&record, at(day())), Some(Risk::Redemption));

        let look = |record: &Record, rdap, time| {
            let evidence = Evidence {
                rdap,
                ..answered("active", at(time))
            };
            let looked = observe(&Rules::default(), record, evidence, None);
            looked.unwrap().record
        };
        let unheard = look(&record, None, day() + 1);
        assert_eq!(unheard.background.unsettled_since, Some(at(day())));
        let next_look = Rules::default().schedule.look_at(&unheard);
        assert_eq!(next_look, at(2 * day() + 1), "as a loss is");
        let well = Some(RdapFinding::Registered(RdapFacts::default()));
        let settled = look(&unheard, well, 2 * day() + 1);
        assert_eq!(settled.background.unsettled_since, None);
    }

    #[test]
    fn a_glance_older_than_what_is_recorded_is_late() {
        let seen = Glance {
            observed_at: at(0),
            rdap: None,
            dns: None,
        };
        assert_eq!(
            glance(&Rules::default(), &held(), &seen, None),
            Glanced::Late
        );
    }

    #[test]
    fn each_sign_is_warned_of_once_and_again_only_when_it_is_graver() {
        let expired = RdapFacts {
            expires_at: Some(at(-day())),
            ..RdapFacts::default()
        };
        let Glanced::Quiet(transition) = saw(expired) else {
            panic!("a look was asked for")
        };
        assert!(warning(&held(), None, at(1)).is_none());
        let first = warning(&transition.record, None, at(day())).unwrap();
        assert_eq!(
            first.event.unwrap().kind,
            EventKind::DomainAtRisk {
                risk: Risk::PastExpiry,
                expires_at: Some(at(-day())),
            }
        );
        assert_eq!(warning(&first.record, None, at(2 * day())), None);
        let look = Evidence {
            rdap: Some(RdapFinding::Registered(RdapFacts {
                statuses: vec![RdapStatus::RedemptionPeriod],
                ..RdapFacts::default()
            })),
            ..answered("active expiring", at(3 * day()))
        };
        let lost = observe(&Rules::default(), &first.record, look, None).unwrap();
        let graver = warning(&lost.record, None, at(3 * day())).unwrap();
        assert!(matches!(
            graver.event.unwrap().kind,
            EventKind::DomainAtRisk {
                risk: Risk::Redemption,
                ..
            }
        ));
        let renewed = observe(
            &Rules::default(),
            &graver.record,
            Evidence {
                rdap: Some(RdapFinding::Registered(RdapFacts {
                    expires_at: Some(at(400 * day())),
                    ..RdapFacts::default()
                })),
                ..answered("active", at(4 * day()))
            },
            None,
        );
        let taken_back = warning(&renewed.unwrap().record, None, at(4 * day())).unwrap();
        assert_eq!(taken_back.event, None);
        assert_eq!(taken_back.record.background.warned_of, None);
    }

    fn risk_warned_of(transition: &Transition) -> Option<(Risk, Option<Timestamp>)> {
        match &transition.event.as_ref()?.kind {
            EventKind::DomainAtRisk { risk, expires_at } => Some((*risk, *expires_at)),
            other => panic!("{other:?} is no warning"),
        }
    }

    #[test]
    fn an_end_of_term_that_only_the_registrar_shows_is_warned_of_until_he_has_been_paid() {
        let dates = |registrars: i64| RdapFacts {
            expires_at: Some(at(364 * day())),
            registrar_expires_at: Some(at(registrars)),
            ..RdapFacts::default()
        };
        let quiet = |facts| match saw(facts) {
            Glanced::Quiet(transition) => transition.record,
            other => panic!("{other:?}"),
        };
        let paid = quiet(dates(364 * day()));
        assert_eq!(warning(&paid, None, at(day())), None);
        let unpaid = quiet(dates(-day()));
        let warned = warning(&unpaid, None, at(day())).unwrap();
        let past = (Risk::PastExpiry, Some(at(-day())));
        assert_eq!(risk_warned_of(&warned), Some(past));

        let seen = Glance {
            observed_at: at(2 * day()),
            rdap: Some(RdapFinding::Registered(dates(364 * day()))),
            dns: None,
        };
        let glanced = glance(&Rules::default(), &warned.record, &seen, None);
        let Glanced::Quiet(renewed) = glanced else {
            panic!("a look was asked for")
        };
        let taken_back = warning(&renewed.record, None, at(2 * day())).unwrap();
        assert_eq!(taken_back.event, None);
        assert_eq!(taken_back.record.background.warned_of, None);
    }

    #[test]
    fn a_name_that_is_parked_is_warned_of_and_once_more_when_it_is_for_sale() {
        let looked = |record: &Record, status: &str, time: i64| {
            let looked = observe(&Rules::default(), record, answered(status, at(time)), None);
            looked.unwrap().record
        };
        for sale in ["marketed", "priced", "transferable"] {
            let parked = looked(&held(), "active parked", day());
            assert_eq!(parked.verdict, Some(Verdict::Held), "it is only a sign");
            let first = warning(&parked, None, at(day())).unwrap();
            assert_eq!(risk_warned_of(&first), Some((Risk::Parked, None)));
            assert_eq!(warning(&first.record, None, at(2 * day())), None, "once");

            let status = format!("active parked {sale}");
            let for_sale = looked(&first.record, &status, 3 * day());
            assert_eq!(for_sale.verdict, Some(Verdict::Held), "{sale}");
            let second = warning(&for_sale, None, at(3 * day())).unwrap();
            assert_eq!(
                risk_warned_of(&second),
                Some((Risk::ForSale, None)),
                "{sale}"
            );

            let sold_to_nobody = looked(&second.record, "active parked", 4 * day());
            let lesser = warning(&sold_to_nobody, None, at(4 * day())).unwrap();
            assert_eq!(risk_warned_of(&lesser), None, "a lesser sign is no news");
            assert_eq!(lesser.record.background.warned_of, Some(Risk::Parked));
        }
    }
}
