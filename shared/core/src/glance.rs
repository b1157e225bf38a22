//! A glance: what the registry or the DNS says for nothing, and whether that is worth a look. And the warnings that follow
//! from looks and glances.

use jiff::SignedDuration;

use crate::policy::deletion_after;
use crate::{
    DnsFinding, Event, EventKind, Lease, RdapFinding, RdapPhase, Record, Risk, Rules, RunId,
    Timestamp, Transition, Verdict,
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

/// How often a registered name without servers is paid for.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Weighs a glance. One at which nobody answered is quiet: the next comes sooner. Without a run it is taken beside whoever works at
/// the domain.
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
    record.deleted_at = deletion_after(previous, glance.rdap.as_ref(), glance.observed_at);
    if calls_for_a_look {
        let unsettled = &mut record.background.unsettled_since;
        unsettled.get_or_insert(glance.observed_at);
    } else if let Some(run) = run {
        record.checked_run = Some(run.clone());
    }
    record.next_check_at = rules.schedule.next_check(&record);
    let lease = if calls_for_a_look || run.is_none() {
        Lease::Stays
    } else {
        Lease::Ends
    };
    let transition = Box::new(Transition {
        record,
        event: None,
        lease,
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
            RdapPhase::Normal => facts
                .registered_at
                .is_some_and(|at| at > previous.relied_upon_since()),
            RdapPhase::Redemption | RdapPhase::Restoring | RdapPhase::PendingDelete => true,
        },
        Some(RdapFinding::NotRegistered) => true,
        Some(RdapFinding::NotSupported | RdapFinding::NoAnswer { .. }) | None => false,
    };
    let by_dns = match &glance.dns {
        Some(DnsFinding::NoSuchDomain) => !is_known_without_servers(previous, glance.observed_at),
        Some(
            DnsFinding::Delegated { .. } | DnsFinding::Lame { .. } | DnsFinding::NoAnswer { .. },
        )
        | None => false,
    };
    by_registry || by_dns
}

/// Whether the name has never been seen with servers, and a look of this week has found it registered without any: it need not be
/// paid for daily.
fn is_known_without_servers(record: &Record, now: Timestamp) -> bool {
    let never_had_any = record.background.hands.name_servers.is_empty();
    let was_so = record.evidence.as_ref().is_some_and(|look| {
        look.dns == Some(DnsFinding::NoSuchDomain) && now.duration_since(look.observed_at) < WEEK
    });
    never_had_any && record.verdict == Some(Verdict::Held) && was_so
}

impl Record {
    /// Somebody was asked at a time, and nobody answered in time; `None` if somebody has since. The next date stays.
    pub fn asked_in_vain(&self, asked_at: Timestamp) -> Option<Transition> {
        if self.asked_at().is_some_and(|known| known >= asked_at) {
            return None;
        }
        let mut record = self.clone();
        record.revision += 1;
        record.background.asked_at = Some(asked_at);
        Some(Transition {
            record,
            event: None,
            lease: Lease::Stays,
        })
    }
}

/// The warning that a record calls for after a look or a glance, if it has not been given; also what takes a warning back
/// once the sign is gone, without an event.
pub fn warning(record: &Record, run: Option<&RunId>, now: Timestamp) -> Option<Transition> {
    let risk = Risk::of(record, now);
    if risk == record.background.warned_of {
        return None;
    }
    // That a domain came back is told after the graver sign that led to it, too.
    let is_graver = risk > record.background.warned_of || risk == Some(Risk::CameBack);
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
        lease: Lease::Stays,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answered, at, day, domain};
    use crate::{Evidence, HostName, RdapFacts, RdapStatus, observe};

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
    fn a_registered_name_that_never_had_servers_is_paid_for_weekly_and_one_that_lost_them_daily() {
        let without = Some(DnsFinding::NoSuchDomain);
        let look = Evidence {
            rdap: Some(RdapFinding::NotSupported),
            dns: without.clone(),
            ..answered("undelegated active", at(0))
        };
        let new = Record::new(domain("example.jp"), None, at(-1000 * day()));
        let record = observe(&Rules::default(), &new, look, None).unwrap().record;
        assert_eq!(record.verdict, Some(Verdict::Held));
        let glanced = |record: &Record, on: i64| {
            let seen = Glance {
                observed_at: at(on * day()),
                rdap: Some(RdapFinding::NotSupported),
                dns: without.clone(),
            };
            glance(&Rules::default(), record, &seen, None)
        };
        assert!(matches!(glanced(&record, 6), Glanced::Quiet(_)));
        assert!(matches!(glanced(&record, 7), Glanced::LookNow(_)));
        let mut had_some = record;
        had_some.background.hands.name_servers =
            HostName::parse("ns.example.jp").into_iter().collect();
        assert!(matches!(glanced(&had_some, 1), Glanced::LookNow(_)));
    }

    #[test]
    fn that_a_domain_came_back_is_warned_of_after_the_loss_and_does_not_hide_the_next() {
        let mut record = held();
        record.background.warned_of = Some(Risk::LossSeen);
        record.deleted_at = Some(at(0));
        let warned = warning(&record, None, at(1)).unwrap();
        let risk = |transition: &Transition| match transition.event.as_ref().unwrap().kind {
            EventKind::DomainAtRisk { risk, .. } => risk,
            _ => panic!("no warning"),
        };
        assert_eq!(risk(&warned), Risk::CameBack);
        let mut again = warned.record;
        assert_eq!(warning(&again, None, at(2)), None);
        again.verdict = Some(Verdict::Lapsed);
        assert_eq!(risk(&warning(&again, None, at(3)).unwrap()), Risk::LossSeen);
    }

    #[test]
    fn a_date_in_a_glance_settles_whose_a_domain_is_that_came_back() {
        let mut record = held();
        record.deleted_at = Some(at(0));
        let seen = |registered_at| {
            let facts = RdapFacts {
                registered_at,
                ..RdapFacts::default()
            };
            let seen = Glance {
                observed_at: at(day()),
                rdap: Some(RdapFinding::Registered(facts)),
                dns: None,
            };
            match glance(&Rules::default(), &record, &seen, None) {
                Glanced::Quiet(transition) | Glanced::LookNow(transition) => {
                    transition.record.deleted_at
                }
                Glanced::Late => panic!("it is the newest"),
            }
        };
        assert_eq!(seen(None), Some(at(0)));
        assert_eq!(seen(Some(at(-2000 * day()))), None);
        assert_eq!(seen(Some(at(1))), None);
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
