//! The answer at the moment of use, told in questions.

use super::*;
use crate::testing::{answered, at, day, domain, no_answer};
use crate::{
    Glance, Glanced, RdapFacts, RdapFailure, RdapFinding, RdapStatus, Rules, glance, observe,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn after(looks: &[Evidence]) -> Record {
    let new = Record::new(domain("example.org"), None, at(-100 * day()));
    looks.iter().fold(new, |record, look| {
        observe(&Rules::default(), &record, look.clone(), None)
            .unwrap()
            .record
    })
}

fn asked(record: &Record, verified_at: Option<i64>, now: i64) -> (Permission, Reason) {
    let answer = answer(record, verified_at.map(at), DAY, at(now));
    (answer.permission, answer.reasons[0])
}

fn registered(facts: RdapFacts, time: i64) -> Evidence {
    Evidence {
        rdap: Some(RdapFinding::Registered(facts)),
        ..answered("active", at(time))
    }
}

#[test]
fn a_domain_held_by_a_fresh_look_is_allowed_and_by_an_old_one_is_not_alone() {
    let held = after(&[registered(RdapFacts::default(), 0)]);
    assert!(held.is_fresh(DAY, at(day())) && !held.is_fresh(DAY, at(day() + 1)));
    assert_eq!(asked(&held, None, day()), (Permission::Allow, Reason::Held));
    let stale = answer(&held, None, DAY, at(day() + 1));
    assert_eq!(stale.verdict, Verdict::Unknown);
    assert_eq!(stale.permission, Permission::AskForMore);
    assert_eq!(stale.reasons, [Reason::Stale]);
}

#[test]
fn a_loss_is_denied_on_the_first_look_and_while_nobody_answers() {
    let lost = after(&[answered("inactive", at(0))]);
    assert!(lost.is_fresh(DAY, at(3_600_000)) && !lost.is_fresh(DAY, at(3_600_001)));
    assert_eq!(asked(&lost, None, 1), (Permission::Deny, Reason::Lapsed));
    let silent = after(&[answered("active expiring", at(0)), no_answer(at(day()))]);
    assert_eq!(
        asked(&silent, None, day()),
        (Permission::Deny, Reason::Lapsing)
    );
    let never = after(&[no_answer(at(0))]);
    assert_eq!(
        asked(&never, None, 1),
        (Permission::AskForMore, Reason::Unknown)
    );
}

#[test]
fn an_address_verified_before_the_registration_is_denied_and_one_verified_since_is_not() {
    let facts = RdapFacts {
        registered_at: Some(at(-10 * day())),
        ..RdapFacts::default()
    };
    let record = after(&[registered(facts, 0)]);
    let registered_at = -10 * day();
    assert_eq!(
        asked(&record, None, 1),
        (Permission::Deny, Reason::RegisteredSince)
    );
    assert_eq!(
        asked(&record, Some(registered_at - 1000), 1),
        (Permission::Deny, Reason::RegisteredSince)
    );
    for since in [registered_at, registered_at + 1000] {
        assert_eq!(
            asked(&record, Some(since), 1),
            (Permission::Allow, Reason::VerifiedByPresentOwner)
        );
    }
}

#[test]
fn a_registry_that_was_not_heard_is_no_reason_to_allow() {
    let by_fastly_alone = after(&[answered("active", at(0))]);
    assert!(
        !by_fastly_alone.is_fresh(DAY, at(1)),
        "nobody has asked the registry"
    );
    assert_eq!(
        asked(&by_fastly_alone, None, 1),
        (Permission::AskForMore, Reason::Stale)
    );
    let long_ago = after(&[
        registered(RdapFacts::default(), 0),
        answered("active", at(9 * day())),
    ]);
    assert_eq!(
        asked(&long_ago, None, 9 * day()),
        (Permission::AskForMore, Reason::Stale)
    );
    let nobody_to_ask = after(&[Evidence {
        rdap: Some(RdapFinding::NotSupported),
        ..answered("active", at(0))
    }]);
    assert_eq!(
        asked(&nobody_to_ask, None, 1),
        (Permission::Allow, Reason::Held)
    );
}

#[test]
fn a_silent_registry_is_not_asked_again_within_the_hour() {
    let silent = after(&[Evidence {
        rdap: Some(RdapFinding::NoAnswer {
            reason: RdapFailure::Throttled,
        }),
        ..answered("active", at(0))
    }]);
    let hour = 3_600_000;
    assert!(silent.is_fresh(DAY, at(hour)) && !silent.is_fresh(DAY, at(hour + 1)));
    assert_eq!(
        asked(&silent, None, hour),
        (Permission::AskForMore, Reason::Stale)
    );
}

#[test]
fn the_present_owner_is_denied_too_once_he_loses_the_domain() {
    let facts = RdapFacts {
        registered_at: Some(at(-10 * day())),
        statuses: vec![RdapStatus::PendingDelete],
        ..RdapFacts::default()
    };
    let record = after(&[registered(facts, 0)]);
    assert_eq!(
        asked(&record, Some(-9 * day()), 1),
        (Permission::Deny, Reason::Lapsing)
    );
}

#[test]
fn a_domain_past_its_term_is_not_relied_upon_alone() {
    let facts = RdapFacts {
        expires_at: Some(at(-day())),
        ..RdapFacts::default()
    };
    let record = after(&[registered(facts, 0)]);
    assert_eq!(
        asked(&record, None, 1),
        (Permission::AskForMore, Reason::PastExpiry)
    );
}

#[test]
fn what_a_glance_has_shown_allows_nobody_until_a_look_settles_it() {
    let years_ago = RdapFacts {
        registered_at: Some(at(-4000 * day())),
        ..RdapFacts::default()
    };
    let held = after(&[registered(years_ago.clone(), 0)]);
    let glanced = |rdap| {
        let seen = Glance {
            observed_at: at(1000),
            rdap: Some(rdap),
            dns: None,
        };
        match glance(&Rules::default(), &held, &seen, None) {
            Glanced::LookNow(unlooked) => unlooked.record,
            Glanced::Quiet(_) | Glanced::Late => panic!("no look was asked for"),
        }
    };
    let unknown = glanced(RdapFinding::NotRegistered);
    assert!(!unknown.is_fresh(DAY, at(3_700_000)), "asked about again");
    let (verified, now) = (Some(-3000 * day()), 2000);
    assert_eq!(
        asked(&unknown, verified, now),
        (Permission::AskForMore, Reason::Unsettled)
    );
    let redemption = RdapFacts {
        statuses: vec![RdapStatus::RedemptionPeriod],
        ..years_ago
    };
    assert_eq!(
        asked(&glanced(RdapFinding::Registered(redemption)), verified, now),
        (Permission::Deny, Reason::Lapsing)
    );
    let anothers = glanced(RdapFinding::Registered(RdapFacts {
        registered_at: Some(at(-day())),
        ..RdapFacts::default()
    }));
    assert_eq!(
        asked(&anothers, verified, now),
        (Permission::Deny, Reason::RegisteredSince)
    );
    assert_eq!(
        asked(&anothers, Some(-1000), now),
        (Permission::AskForMore, Reason::Unsettled)
    );
}

#[test]
fn a_registration_that_lies_ahead_allows_nobody_who_was_there_before() {
    let caught_meanwhile = RdapFacts {
        registered_at: Some(at(2000)),
        ..RdapFacts::default()
    };
    let mut record = after(&[registered(caught_meanwhile, 1000)]);
    assert_eq!(
        asked(&record, Some(-day()), 3000),
        (Permission::AskForMore, Reason::Unknown)
    );
    record.verdict = Some(Verdict::Held);
    assert_eq!(
        asked(&record, Some(-day()), 3000),
        (Permission::AskForMore, Reason::Unknown),
        "whoever calls it held"
    );
}

#[test]
fn nobody_who_was_there_before_a_certain_deletion_is_allowed_by_mail_alone_after_it() {
    let not_supported = |status, days: i64| Evidence {
        rdap: Some(RdapFinding::NotSupported),
        ..answered(status, at(days * day()))
    };
    let came_back = after(&[
        not_supported("inactive", 0),
        not_supported("inactive", 1),
        not_supported("active", 2),
    ]);
    let now = 2 * day() + 1;
    for before in [None, Some(-day()), Some(day() - 1)] {
        assert_eq!(
            asked(&came_back, before, now),
            (Permission::AskForMore, Reason::CameBack)
        );
    }
    assert_eq!(
        asked(&came_back, Some(day()), now),
        (Permission::Allow, Reason::Held)
    );
    assert!(
        came_back.is_fresh(DAY, at(3 * day())),
        "to ask again tells no more"
    );
    assert_eq!(Risk::of(&came_back, at(now)), Some(Risk::CameBack));
}

#[test]
fn an_address_that_nobody_can_date_is_not_allowed_by_a_young_registration_alone() {
    let registered_ago = |days: i64| {
        let facts = RdapFacts {
            registered_at: Some(at(-days * day())),
            ..RdapFacts::default()
        };
        let new = Record::new(domain("example.org"), None, at(0));
        let look = registered(facts, 1);
        let looked = observe(&Rules::default(), &new, look, None);
        looked.unwrap().record
    };
    assert_eq!(
        asked(&registered_ago(1), None, 2),
        (Permission::AskForMore, Reason::RegisteredLately)
    );
    assert_eq!(
        asked(&registered_ago(1), Some(-1000), 2),
        (Permission::Allow, Reason::Held)
    );
    assert_eq!(
        asked(&registered_ago(365), None, 2),
        (Permission::Allow, Reason::Held)
    );
}
