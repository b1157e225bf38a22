//! Checking, over a real store and sources that are played.

use std::time::Duration;

use crate::support::{House, day, messages, name, now, verified, wait_until};
use lapsewatch_core::{
    Confirmation, DnsFinding, EventKind, HostName, Month, RdapFacts, RdapFinding, RdapStatus, Risk,
    Verdict,
};
use lapsewatch_pipeline::{Checked, Deadline};
use lapsewatch_watchlist::Watchlist as _;

fn looked() -> Checked {
    Checked::Looked(Verdict::Held)
}

/// Registered long ago, until so many days after the addresses were verified.
fn term_until(days: i64) -> RdapFacts {
    RdapFacts {
        registered_at: Some(day(-4000)),
        expires_at: Some(day(days)),
        ..RdapFacts::default()
    }
}

#[tokio::test]
async fn a_panic_in_one_message_fails_that_message_only_and_it_can_be_tried_again() {
    let domains = ["one.org", "poison.org", "two.org"];
    let house = House::watching(&domains).await;
    let messages = messages(&house.run("sweep"), &domains);
    let checker = house.checker(day(1));
    let answers = checker.check(&messages, Deadline::Open).await.unwrap();
    let failed = || Checked::Failed("the look panicked".to_owned());
    assert_eq!(answers, [looked(), failed(), looked()]);
    let again = checker.check(&messages, Deadline::Open).await.unwrap();
    let done = || Checked::AlreadyChecked;
    assert_eq!(
        again,
        [done(), failed(), done()],
        "its lease was given back"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_is_asked_again_at_the_first_look_and_once_at_those_that_follow() {
    let house = House::watching(&["one.jp"]).await;
    house.sources.failing();
    let checker = house.checker_from(day(1));
    for (calls, days) in [(3, 1), (4, 2), (5, 3)] {
        wait_until(day(days)).await;
        let sweep = messages(&house.run("sweep"), &["one.jp"]);
        let looked = checker.check(&sweep, Deadline::Open).await.unwrap();
        assert_eq!(looked, [Checked::Looked(Verdict::Unknown)]);
        assert_eq!(house.sources.asked("fastly"), calls);
        assert_eq!(
            house.watchlist.spent(Month::of(now())).await.unwrap(),
            u64::from(calls)
        );
    }
}

#[tokio::test]
async fn a_run_over_what_is_due_does_not_pay_for_what_another_run_has_looked_at_meanwhile() {
    let house = House::watching(&["one.org", "two.org"]).await;
    assert_eq!(house.check("sweep", day(1), &["one.org"]).await, [looked()]);
    assert_eq!(
        house.check("due", day(1), &["one.org", "two.org"]).await,
        [Checked::AlreadyChecked, looked()]
    );
    let spent = house.watchlist.spent(Month::of(day(1))).await.unwrap();
    assert_eq!(spent, 2);
    assert_eq!(
        house
            .check(
                "sweep",
                day(1) + jiff::SignedDuration::from_secs(1),
                &["one.org"]
            )
            .await,
        [looked()],
        "a sweep looks at every domain, and nobody holds its lease"
    );
}

#[tokio::test]
async fn after_a_term_the_registry_is_glanced_at_for_nothing_until_it_shows_something() {
    let house = House::watching(&["one.org"]).await;
    house
        .sources
        .registry("one.org", RdapFinding::Registered(term_until(10)));
    assert_eq!(house.check("due", day(1), &["one.org"]).await, [looked()]);
    assert_eq!(
        house.check("due", day(5), &["one.org"]).await,
        [Checked::AlreadyChecked],
        "nothing can happen before the term ends"
    );
    house
        .sources
        .registry("one.org", RdapFinding::Registered(term_until(375)));
    for days in [11, 15, 20] {
        assert_eq!(
            house.check("due", day(days), &["one.org"]).await,
            [Checked::Glanced]
        );
    }
    assert_eq!(house.sources.asked("fastly"), 1);
    let redemption = RdapFacts {
        statuses: vec![RdapStatus::RedemptionPeriod, RdapStatus::PendingDelete],
        ..term_until(375)
    };
    house
        .sources
        .registry("one.org", RdapFinding::Registered(redemption));
    house
        .sources
        .fastly("one.org", "undelegated active expiring");
    let asked = house.sources.asked("registry");
    assert_eq!(
        house.check("due", day(24), &["one.org"]).await,
        [Checked::Looked(Verdict::Lapsing)]
    );
    assert_eq!(
        house.sources.asked("fastly"),
        2,
        "now a look was worth its price"
    );
    assert_eq!(
        house.sources.asked("registry"),
        asked + 1,
        "and went on with what was heard"
    );
    let record = house
        .watchlist
        .get(&name("one.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        record.pending.unwrap().confirmation,
        Confirmation::TwoSources
    );
}

#[tokio::test]
async fn a_domain_at_risk_is_told_of_once_before_it_is_lost() {
    let house = House::watching(&["one.org"]).await;
    house
        .sources
        .registry("one.org", RdapFinding::Registered(term_until(10)));
    for days in [1, 11, 14, 18] {
        house.check("due", day(days), &["one.org"]).await;
    }
    let warnings: Vec<_> = house
        .events("one.org")
        .await
        .into_iter()
        .filter(|kind| matches!(kind, EventKind::DomainAtRisk { .. }))
        .collect();
    assert_eq!(
        warnings,
        [EventKind::DomainAtRisk {
            risk: Risk::PastExpiry,
            expires_at: Some(day(10)),
        }]
    );
}

#[tokio::test]
async fn a_domain_registered_again_is_pending_after_two_looks_though_fastly_calls_it_active() {
    let house = House::watching(&["one.org"]).await;
    let again = RdapFacts {
        registered_at: Some(day(20)),
        ..RdapFacts::default()
    };
    house
        .sources
        .registry("one.org", RdapFinding::Registered(again));
    let registered_at = day(20);
    let resurrected = || Checked::Looked(Verdict::Resurrected { registered_at });
    assert_eq!(
        house.check("sweep", day(21), &["one.org"]).await,
        [resurrected()]
    );
    let record = house
        .watchlist
        .get(&name("one.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.pending, None);
    assert_eq!(
        house.check("due", day(22), &["one.org"]).await,
        [resurrected()]
    );
    let record = house
        .watchlist
        .get(&name("one.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.pending.unwrap().verified_before, day(20));
}

#[tokio::test]
async fn a_loss_is_confirmed_at_once_by_the_registry_and_without_one_by_the_dns() {
    let house = House::watching(&["one.org", "two.jp", "three.jp"]).await;
    for domain in ["one.org", "two.jp", "three.jp"] {
        house.sources.fastly(domain, "undelegated inactive");
    }
    house
        .sources
        .registry("one.org", RdapFinding::NotRegistered);
    house.sources.dns("two.jp", DnsFinding::NoSuchDomain);
    let lapsed = || Checked::Looked(Verdict::Lapsed);
    assert_eq!(
        house
            .check("sweep", day(1), &["one.org", "two.jp", "three.jp"])
            .await,
        [lapsed(), lapsed(), lapsed()]
    );
    let pending = house.watchlist.pending(None).await.unwrap().items;
    let mut pending: Vec<_> = pending
        .iter()
        .map(|record| record.domain.as_str())
        .collect();
    pending.sort_unstable();
    assert_eq!(pending, ["one.org", "two.jp"], "three.jp has one witness");
}

#[tokio::test]
async fn a_registry_that_asks_to_be_left_alone_is_left_alone_for_all_its_domains_and_others_are_not()
 {
    let domains = ["one.org", "two.org", "three.net"];
    let house = House::watching(&domains).await;
    for domain in domains {
        house
            .sources
            .registry(domain, RdapFinding::Registered(term_until(2)));
    }
    house.check("due", day(1), &domains).await;
    house.sources.throttled("one.org", Duration::from_hours(6));
    let asked = house.sources.asked("registry");
    assert_eq!(
        house.check("due", day(3), &["one.org"]).await,
        [Checked::Glanced]
    );
    assert_eq!(
        house.check("due", day(3), &["two.org", "three.net"]).await,
        [Checked::Glanced, Checked::Glanced]
    );
    assert_eq!(
        house.sources.asked("registry"),
        asked + 2,
        "two.org was not asked about"
    );
    let two = house
        .watchlist
        .get(&name("two.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        two.next_check_at,
        day(4),
        "and is asked about again tomorrow"
    );
    assert_eq!(two.verdict, Some(Verdict::Held));
}

#[tokio::test]
async fn where_there_is_no_registry_the_dns_is_glanced_at_daily_and_its_denial_leads_to_a_look() {
    let house = House::watching(&["one.jp"]).await;
    let delegated = |server: &str| DnsFinding::Delegated {
        name_servers: vec![HostName::parse(server).unwrap()],
        mail_servers: Vec::new(),
    };
    house.sources.dns("one.jp", delegated("ns.one.jp"));
    assert_eq!(house.check("due", day(1), &["one.jp"]).await, [looked()]);
    assert_eq!(
        house.check("due", day(2), &["one.jp"]).await,
        [Checked::Glanced]
    );
    house.sources.dns("one.jp", DnsFinding::NoSuchDomain);
    house.sources.fastly("one.jp", "undelegated inactive");
    assert_eq!(
        house.check("due", day(3), &["one.jp"]).await,
        [Checked::Looked(Verdict::Lapsed)]
    );
    assert_eq!(house.sources.asked("registry"), 0);
}

#[tokio::test]
async fn other_hands_after_a_term_are_looked_at_and_warned_of_and_unverify_nobody() {
    let house = House::watching(&["one.org"]).await;
    let with = |days: i64, registrar, server: &str| {
        RdapFinding::Registered(RdapFacts {
            registrar: Some(registrar),
            name_servers: vec![HostName::parse(server).unwrap()],
            ..term_until(days)
        })
    };
    house.sources.registry("one.org", with(10, 1, "ns.one.org"));
    house.check("due", day(1), &["one.org"]).await;
    house
        .sources
        .registry("one.org", with(375, 2, "ns.auction.example"));
    for days in [30, 45, 60] {
        house.check("sweep", day(days), &["one.org"]).await;
    }
    let record = house
        .watchlist
        .get(&name("one.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (record.verdict, record.pending),
        (Some(Verdict::Held), None)
    );
    let last = house
        .events("one.org")
        .await
        .into_iter()
        .rev()
        .find_map(|kind| match kind {
            EventKind::DomainAtRisk { risk, .. } => Some(risk),
            _ => None,
        });
    assert_eq!(last, Some(Risk::HandsChanged));
    assert!(verified() < day(1));
}
