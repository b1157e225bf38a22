//! The policy, told in judgements.

use proptest::prelude::*;

use super::*;
use crate::testing::{answered, at, day, domain, no_answer};
use crate::{HostName, RdapFacts, RdapFailure, RdapStatus, Rules, observe};

/// Judges a series of looks, each upon what the one before left.
fn series(looks: &[Evidence]) -> Judgement {
    upon(Record::new(domain("example.org"), None, at(0)), looks)
}

fn upon(record: Record, looks: &[Evidence]) -> Judgement {
    let last = looks.iter().fold(record, |record, look| {
        let looked = observe(&Rules::default(), &record, look.clone(), None);
        looked.unwrap().record
    });
    Judgement {
        verdict: last.verdict.unwrap(),
        lapse: last.lapse,
        pending: last.pending,
        deleted_at: last.deleted_at,
    }
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

/// The registry says that the domain was registered then, Fastly that it is registered.
fn registered(registered_at: i64, time: i64) -> Evidence {
    Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts {
            registered_at: Some(at(registered_at)),
            ..RdapFacts::default()
        })),
        ..answered("active", at(time))
    }
}

/// Judges looks at a domain whose only address was verified at the moment 0.
fn verified_at_0(looks: &[Evidence]) -> Judgement {
    upon(
        Record::new(domain("example.org"), Some(at(0)), at(0)),
        looks,
    )
}

#[test]
fn a_registration_a_second_after_the_verification_is_anothers_and_at_or_before_it_is_not() {
    let resurrected = Verdict::Resurrected {
        registered_at: at(1000),
    };
    let look = |registered_at| verified_at_0(&[registered(registered_at, day())]).verdict;
    assert_eq!(look(1000), resurrected);
    assert_eq!(look(0), Verdict::Held);
    assert_eq!(look(-1000), Verdict::Held);
}

#[test]
fn a_resurrected_domain_is_pending_after_two_looks_that_name_one_date_and_covers_what_was_before_it()
 {
    let once = verified_at_0(&[registered(1000, day())]);
    assert_eq!(once.pending, None);
    let twice = verified_at_0(&[registered(1000, day()), registered(1000, 2 * day())]);
    let pending = twice.pending.unwrap();
    assert_eq!(pending.verified_before, at(1000));
    assert_eq!(pending.confirmation, Confirmation::TwoLooks);
    assert_eq!(pending.evidence.len(), 2);
}

#[test]
fn a_registry_with_a_wrong_clock_unverifies_nobody() {
    let always_now: Vec<_> = (1..40).map(|n| registered(n * day(), n * day())).collect();
    assert_eq!(verified_at_0(&always_now).pending, None);
    let mut moves_on = vec![registered(1000, day()), registered(1000, 2 * day())];
    assert!(verified_at_0(&moves_on).pending.is_some());
    moves_on.push(registered(2 * day(), 3 * day()));
    let judgement = verified_at_0(&moves_on);
    assert_eq!(judgement.pending, None, "one look has named this date");
    let ahead: Vec<_> = (1..40).map(|n| registered(99 * day(), n * day())).collect();
    let judgement = verified_at_0(&ahead);
    assert_eq!(
        (judgement.verdict, judgement.pending),
        (Verdict::Unknown, None),
        "neither a loss nor the owner's"
    );
}

#[test]
fn a_domain_registered_while_the_sources_are_asked_is_not_its_owners_by_that() {
    let lost = [
        answered("inactive", at(day())),
        answered("inactive", at(2 * day())),
    ];
    let caught = [&lost[..], &[registered(3 * day() + 1, 3 * day())]].concat();
    let judgement = verified_at_0(&caught);
    assert_eq!(judgement.verdict, Verdict::Unknown);
    let doubted_at = judgement.pending.unwrap().doubted_at;
    assert_eq!(doubted_at, Some(at(3 * day())), "held back");
    assert!(judgement.lapse.is_some(), "nothing is forgotten");
    let later = [&caught[..], &[registered(3 * day() + 1, 4 * day())]].concat();
    let pending = verified_at_0(&later).pending.unwrap();
    assert_eq!(pending.verified_before, at(3 * day() + 1));
}

#[test]
fn what_the_registry_alone_has_seen_fastly_alone_cannot_take_back() {
    let silent = |time| Evidence {
        rdap: Some(RdapFinding::NoAnswer {
            reason: RdapFailure::Throttled,
        }),
        ..answered("active", at(time))
    };
    let redemption = |time| Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts {
            statuses: vec![RdapStatus::RedemptionPeriod],
            ..RdapFacts::default()
        })),
        ..answered("active", at(time))
    };
    let looks = [redemption(day()), silent(day() + 1), redemption(2 * day())];
    let between = verified_at_0(&looks[..2]);
    assert_eq!(between.verdict, Verdict::Unknown);
    assert!(between.lapse.is_some());
    let pending = verified_at_0(&looks).pending.unwrap();
    assert_eq!(pending.evidence[0].observed_at, at(day()));
    let doubted = [&looks[..], &[silent(2 * day() + 1)]].concat();
    let pending = verified_at_0(&doubted).pending.unwrap();
    assert_eq!(pending.doubted_at, Some(at(2 * day() + 1)), "held back");
    let again = [&doubted[..], &[redemption(2 * day() + 2)]].concat();
    let pending = verified_at_0(&again).pending.unwrap();
    assert_eq!((pending.doubted_at, pending.since), (None, at(2 * day())));
    let unsupported = |time| Evidence {
        rdap: Some(RdapFinding::NotSupported),
        ..answered("active", at(time))
    };
    let another_list = [&looks[..], &[unsupported(2 * day() + 1)]].concat();
    assert_eq!(verified_at_0(&another_list).verdict, Verdict::Unknown);
    let for_good = [
        &another_list[..],
        &[unsupported(90 * day()), unsupported(91 * day())],
    ]
    .concat();
    let judgement = verified_at_0(&for_good);
    assert_eq!(
        (judgement.verdict, judgement.lapse),
        (Verdict::Held, None),
        "a registry that is gone blocks nobody for ever"
    );
    let fastlys_own = [answered("inactive", at(day())), silent(day() + 1)];
    let judgement = verified_at_0(&fastlys_own);
    assert_eq!((judgement.verdict, judgement.lapse), (Verdict::Held, None));
}

#[test]
fn an_answer_without_a_date_does_not_take_a_later_registration_back() {
    let undated = |time| Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts::default())),
        ..answered("active", at(time))
    };
    let looks = [
        registered(1000, day()),
        undated(2 * day()),
        registered(1000, 3 * day()),
    ];
    assert_eq!(verified_at_0(&looks[..2]).verdict, Verdict::Unknown);
    assert!(verified_at_0(&looks).pending.is_some());
    let waiting = [
        registered(1000, day()),
        registered(1000, 2 * day()),
        undated(3 * day()),
    ];
    assert!(verified_at_0(&waiting).pending.is_some(), "it waits on");
}

#[test]
fn a_loss_that_was_confirmed_before_the_domain_came_back_needs_no_second_proof() {
    let mut record = Record::new(domain("example.org"), Some(at(0)), at(0));
    for look in [
        answered("inactive", at(day())),
        answered("inactive", at(2 * day())),
    ] {
        let judgement = Policy::default().judge(&record, &look);
        record.lapse = judgement.lapse;
        record.pending = judgement.pending;
    }
    let judgement = Policy::default().judge(&record, &registered(2 * day() + 1, 3 * day()));
    assert_eq!(
        judgement.pending.unwrap().verified_before,
        at(2 * day() + 1)
    );
    record.lapse.as_mut().unwrap().confirmation = None;
    record.pending = None;
    let judgement = Policy::default().judge(&record, &registered(2 * day() + 1, 3 * day()));
    assert_eq!(judgement.pending, None, "one look of Fastly's is no proof");
}

#[test]
fn a_certain_deletion_is_remembered_if_nobody_dates_the_registration_that_came_after() {
    let after = |looks: &[Evidence]| {
        let mut record = Record::new(domain("example.org"), Some(at(0)), at(0));
        for look in looks {
            let judgement = Policy::default().judge(&record, look);
            record.lapse = judgement.lapse;
            record.pending = judgement.pending;
            record.deleted_at = judgement.deleted_at;
        }
        record.deleted_at
    };
    let deleted = |days: i64| answered("inactive", at(days * day()));
    let undated = answered("active", at(4 * day()));
    let lost = [deleted(1), deleted(2), deleted(3)];
    let came_back = [&lost[..], std::slice::from_ref(&undated)].concat();
    assert_eq!(after(&lost), None, "the loss is still under way");
    assert_eq!(after(&came_back), Some(at(3 * day())));
    let dated = |at: i64| [&came_back[..], &[registered(at, 5 * day())]].concat();
    assert_eq!(after(&dated(-day())), None, "it never was deleted");
    assert_eq!(after(&dated(3 * day() + 1)), None, "the date tells more");
    let suspected = [deleted(1), undated];
    assert_eq!(after(&suspected), None, "one look is no certainty");
    let restorable = [
        answered("active expiring", at(day())),
        answered("active expiring", at(2 * day())),
        answered("active", at(3 * day())),
    ];
    assert_eq!(after(&restorable), None, "its owner has renewed");
}

#[test]
fn a_name_past_its_term_is_losing_only_if_the_zone_above_has_dropped_it_too() {
    let known = |servers: &[&str]| {
        let mut record = Record::new(domain("example.org"), None, at(0));
        let servers = servers.iter().map(|name| HostName::parse(name).unwrap());
        record.background.hands.name_servers = servers.collect();
        record
    };
    let series = |record: Record, looks: &[Evidence]| {
        let mut record = record;
        let mut last = None;
        for look in looks {
            let judgement = Policy::default().judge(&record, look);
            record.lapse.clone_from(&judgement.lapse);
            last = Some(judgement);
        }
        last.unwrap()
    };
    let look = |ended_at: i64, dns: Option<DnsFinding>, time: i64| Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts {
            expires_at: Some(at(ended_at)),
            ..RdapFacts::default()
        })),
        dns,
        ..answered("undelegated active", at(time))
    };
    let gone = || Some(DnsFinding::NoSuchDomain);
    let suspended = [look(0, gone(), 40 * day()), look(0, gone(), 41 * day())];
    let had_servers = || known(&["ns.example.org"]);
    let pending = series(had_servers(), &suspended).pending.unwrap();
    assert_eq!(pending.verdict, Verdict::Lapsing);
    let never_had = series(known(&[]), &suspended);
    assert_eq!(
        (never_had.verdict, never_had.pending),
        (Verdict::Held, None)
    );
    for (ended_at, dns) in [(0, None), (40 * day(), gone()), (90 * day(), gone())] {
        let looks = [
            look(ended_at, dns.clone(), 40 * day()),
            look(ended_at, dns, 40 * day() + 1),
        ];
        assert_eq!(series(had_servers(), &looks).verdict, Verdict::Held);
    }
}

#[test]
fn fastly_cannot_take_a_resurrection_back_and_the_registry_can() {
    let seen = registered(1000, day());
    let silent = answered("active", at(2 * day()));
    let judgement = verified_at_0(&[seen.clone(), silent.clone()]);
    assert_eq!(judgement.verdict, Verdict::Unknown);
    let later = verified_at_0(&[seen.clone(), silent, registered(1000, 3 * day())]);
    assert!(later.pending.is_some());
    let corrected = verified_at_0(&[seen, registered(-9 * day(), 3 * day())]);
    assert_eq!((corrected.verdict, corrected.lapse), (Verdict::Held, None));
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

#[test]
fn a_suspicion_that_was_spoken_against_or_is_old_begins_anew() {
    let lost = |days: i64| answered("inactive", at(days * day()));
    let delegated = |days: i64| Evidence {
        dns: Some(DnsFinding::Lame {
            name_servers: Vec::new(),
        }),
        ..lost(days)
    };
    assert!(series(&[lost(0), lost(1)]).pending.is_some());
    let spoken_against = [lost(0), delegated(1), lost(2)];
    assert_eq!(series(&spoken_against).pending, None);
    assert!(
        series(&[&spoken_against[..], &[lost(3)]].concat())
            .pending
            .is_some()
    );
    let silent: Vec<_> = (1..15).map(|days| no_answer(at(days * day()))).collect();
    let within = [&[lost(0)], &silent[..13], &[lost(14)]].concat();
    assert!(series(&within).pending.is_some());
    let old = [&[lost(0)], &silent[..], &[lost(15)]].concat();
    assert_eq!(series(&old).pending, None);
}

#[test]
fn what_a_zone_contradicts_is_none_though_it_was_confirmed_and_needs_two_looks_again() {
    let lost = |days: i64| answered("inactive", at(days * day()));
    let delegated = Evidence {
        dns: Some(DnsFinding::Lame {
            name_servers: Vec::new(),
        }),
        ..lost(2)
    };
    let looks = [lost(0), lost(1), delegated, lost(40), lost(41)];
    let contradicted = series(&looks[..3]);
    assert_eq!((contradicted.lapse, contradicted.pending), (None, None));
    assert_eq!(contradicted.deleted_at, Some(at(day())), "remembered");
    assert_eq!(series(&looks[..4]).pending, None);
    assert!(series(&looks).pending.is_some());
}

#[test]
fn a_zone_that_is_not_heard_does_not_take_back_that_it_has_dropped_the_name() {
    let look = |dns: Option<DnsFinding>, days: i64| Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts {
            expires_at: Some(at(0)),
            ..RdapFacts::default()
        })),
        dns,
        ..answered("undelegated active", at(days * day()))
    };
    let gone = |days| look(Some(DnsFinding::NoSuchDomain), days);
    let mut known = Record::new(domain("example.org"), None, at(0));
    known.background.hands.name_servers = HostName::parse("ns.example.org").into_iter().collect();
    let unheard = upon(known.clone(), &[gone(40), look(None, 41)]);
    assert_eq!(unheard.verdict, Verdict::Unknown);
    let confirmed = [gone(40), look(None, 41), gone(42)];
    assert!(upon(known.clone(), &confirmed).pending.is_some());
    let back = look(
        Some(DnsFinding::Lame {
            name_servers: Vec::new(),
        }),
        43,
    );
    let renewed = upon(known, &[&confirmed[..], &[back]].concat());
    assert_eq!((renewed.verdict, renewed.lapse), (Verdict::Held, None));
}

#[test]
fn a_later_registration_is_nobodys_loss_once_only_newer_addresses_are_left() {
    let mut record = Record::new(domain("example.org"), Some(at(0)), at(0));
    for look in [registered(1000, day()), registered(1000, 2 * day())] {
        let looked = observe(&Rules::default(), &record, look, None);
        record = looked.unwrap().record;
    }
    record.earliest_verified_at = Some(at(day()));
    let undated = Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts::default())),
        ..answered("active", at(3 * day()))
    };
    let judgement = upon(record, &[undated]);
    assert_eq!((judgement.verdict, judgement.lapse), (Verdict::Held, None));
}

#[test]
fn a_name_past_its_term_that_the_zone_never_dropped_is_not_losing_by_that() {
    let expiring = answered("active expiring", at(0));
    let past_its_term = Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts {
            expires_at: Some(at(-9 * day())),
            ..RdapFacts::default()
        })),
        ..answered("active expiring", at(day()))
    };
    let mut known = Record::new(domain("example.org"), None, at(-day()));
    known.background.hands.name_servers = HostName::parse("ns.example.org").into_iter().collect();
    let judgement = upon(known, &[expiring, past_its_term]);
    assert_eq!(
        (judgement.verdict, judgement.pending),
        (Verdict::Unknown, None)
    );
}

#[test]
fn a_suspicion_that_nobody_confirms_or_refutes_comes_to_an_end() {
    let contradicted = |days: i64| Evidence {
        rdap: Some(RdapFinding::NotRegistered),
        ..answered("active", at(days * day()))
    };
    let first = Evidence {
        rdap: Some(RdapFinding::NotRegistered),
        ..no_answer(at(0))
    };
    let looks: Vec<_> = std::iter::once(first)
        .chain((1..=15).map(contradicted))
        .collect();
    assert!(series(&looks[..15]).lapse.is_some());
    let judgement = series(&looks);
    assert_eq!(
        (judgement.verdict, judgement.lapse),
        (Verdict::Unknown, None)
    );
}

#[test]
fn a_delegation_says_nothing_against_a_name_that_is_only_expiring() {
    let delegated = Evidence {
        dns: Some(DnsFinding::Lame {
            name_servers: Vec::new(),
        }),
        ..no_answer(at(1000))
    };
    let looks = [
        answered("active expiring", at(0)),
        delegated,
        answered("active expiring", at(day())),
    ];
    assert!(series(&looks).pending.is_some());
}

#[test]
fn a_name_that_is_back_in_the_zone_is_not_unverified_though_it_left_it_only_at_the_second_look() {
    let expiring = |dns: DnsFinding, days: i64| Evidence {
        rdap: Some(RdapFinding::NotSupported),
        dns: Some(dns),
        ..answered("active expiring", at(days * day()))
    };
    let there = || DnsFinding::Lame {
        name_servers: Vec::new(),
    };
    let confirmed = [expiring(there(), 0), expiring(DnsFinding::NoSuchDomain, 1)];
    assert!(series(&confirmed).pending.is_some());
    let back = Evidence {
        dns: Some(there()),
        ..no_answer(at(2 * day()))
    };
    let judgement = series(&[&confirmed[..], &[back]].concat());
    assert_eq!((judgement.lapse, judgement.pending), (None, None));
}

#[test]
fn a_confirmed_loss_that_is_spoken_against_for_weeks_needs_two_looks_again() {
    let redemption = |days: i64| Evidence {
        rdap: Some(RdapFinding::Registered(RdapFacts {
            statuses: vec![RdapStatus::RedemptionPeriod],
            ..RdapFacts::default()
        })),
        ..answered("active", at(days * day()))
    };
    let doubt = |days: i64| Evidence {
        rdap: Some(RdapFinding::NoAnswer {
            reason: RdapFailure::Throttled,
        }),
        ..answered("active", at(days * day()))
    };
    let glitch = |days: i64| Evidence {
        fastly: answered("active expiring", at(0)).fastly,
        ..doubt(days)
    };
    let confirmed = [redemption(0), redemption(1)];
    let doubts = |until: i64| (2..until).map(doubt).collect::<Vec<_>>();
    let soon = [&confirmed[..], &doubts(9), &[glitch(9)]].concat();
    assert_eq!(series(&soon).pending.unwrap().doubted_at, None);
    let late = [&confirmed[..], &doubts(60), &[glitch(60)]].concat();
    assert_eq!(series(&late).pending, None, "one look in two months");
    let for_good = [&confirmed[..], &doubts(90)].concat();
    let judgement = series(&for_good);
    assert_eq!((judgement.verdict, judgement.lapse), (Verdict::Held, None));
}
