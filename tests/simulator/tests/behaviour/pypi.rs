//! PyPI's rules, fact by fact.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use lapsewatch_simulator::{
    Answer, Closings, History, Holder, Noise, Outages, Parameters, PyPi, Rules, Shows, State, World,
};

use crate::hand_made::{day, fastly_out, healthy, honest, passing, retaken, verified, world};

fn unverified(world: &World, closings: &Closings) -> Vec<Option<Timestamp>> {
    let domains = world.domains();
    domains
        .flat_map(|domain| world.addresses(domain))
        .map(|(id, _)| closings.unverified_at(id))
        .collect()
}

fn live(world: &World) -> (Vec<Option<Timestamp>>, Closings) {
    let closings = PyPi.live(world).unwrap();
    (unverified(world, &closings), closings)
}

#[test]
fn each_row_is_asked_every_thirty_days_and_not_each_domain() {
    let mut three = healthy();
    three.addresses = vec![verified(-30), verified(-20), verified(-10)];
    let (_, closings) = live(&world(vec![healthy(), three]));
    // It asks at the same hour each day, and so after 31 days: 11 or 12 times a year.
    assert!(
        (11..=13).contains(&closings.calls(0)),
        "{}",
        closings.calls(0)
    );
    assert!(
        (33..=39).contains(&closings.calls(1)),
        "{}",
        closings.calls(1)
    );
}

#[test]
fn a_thousand_rows_a_day_take_more_than_two_years_for_850000() {
    let parameters = Parameters {
        years: 10,
        pypi_rows: 850_000,
        ..honest()
    };
    let histories: Vec<History> = (0..850).map(|_| healthy()).collect();
    let world = World::of(parameters, histories, Outages::default(), Noise::NONE);
    let (_, closings) = live(&world);
    for domain in world.domains() {
        // 3,650 days in sweeps of 850.
        assert!((4..=5).contains(&closings.calls(domain)));
    }
}

#[test]
fn one_look_suffices_and_the_row_is_unverified_a_quarter_of_an_hour_later() {
    let world = world(vec![passing(&[(10, State::Redemption)])]);
    let (unverified, _) = live(&world);
    let at = unverified[0].unwrap();
    assert!(at > day(10) && at < day(42));
    let midnight = day(at.duration_since(day(0)).as_hours() / 24);
    assert_eq!(at.duration_since(midnight), SignedDuration::from_mins(255));
}

#[test]
fn a_registered_domain_without_dns_is_unverified_too() {
    let parameters = Parameters {
        visible: 0.0,
        ..honest()
    };
    let histories = vec![passing(&[(10, State::Redemption)])];
    let world = World::of(parameters, histories, Outages::default(), Noise::NONE);
    assert!(live(&world).0[0].is_some());
}

#[test]
fn an_outage_that_answers_unknown_unverifies_the_healthy_addresses_that_are_due() {
    let parameters = Parameters {
        pypi_rows: 5000,
        ..honest()
    };
    let histories = (0..5000).map(|_| healthy()).collect();
    let outages = fastly_out(100, 103, Shows::Unknown);
    let world = World::of(parameters, histories, outages, Noise::NONE);
    let mut by_day = BTreeMap::<i64, u32>::new();
    for at in live(&world).0.into_iter().flatten() {
        *by_day
            .entry(at.duration_since(day(0)).as_hours() / 24)
            .or_default() += 1;
    }
    // As many as were due then: with 5,000 rows, about 160 a day; never outside the outage but for those without DNS.
    for on in 100..103 {
        assert!(by_day[&on] > 50, "{by_day:?}");
    }
    assert!(by_day.values().all(|count| *count <= 1000));
}

#[test]
fn no_more_than_a_thousand_are_asked_and_unverified_in_a_day() {
    let parameters = Parameters {
        pypi_rows: 40_000,
        ..honest()
    };
    let histories = (0..40_000).map(|_| healthy()).collect();
    let outages = fastly_out(100, 107, Shows::Unknown);
    let world = World::of(parameters, histories, outages, Noise::NONE);
    let (unverified, closings) = live(&world);
    let asked: u32 = world.domains().map(|domain| closings.calls(domain)).sum();
    assert_eq!(asked, 365 * 1000);
    // A sweep of 40 days is always behind: the daily thousand is always full, but for the few without DNS, closed before.
    for on in 100..107 {
        let that_day = unverified
            .iter()
            .flatten()
            .filter(|at| (day(on)..day(on + 1)).contains(at));
        assert!((980..=1000).contains(&that_day.count()));
    }
}

#[test]
fn a_failed_look_is_made_again_after_a_week_and_unverifies_nobody() {
    let outages = fastly_out(0, 365, Shows::Silence);
    let world = World::of(honest(), vec![healthy()], outages, Noise::NONE);
    let (unverified, closings) = live(&world);
    assert_eq!(unverified, [None]);
    // Over seven days, at the same hour: after eight.
    assert!(
        (41..=53).contains(&closings.calls(0)),
        "{}",
        closings.calls(0)
    );
}

#[test]
fn an_answer_that_cannot_be_read_undoes_the_batch_and_the_next_day_begins_with_the_same_row() {
    let noise = Noise {
        fastly_unreadable: 1.0,
        ..Noise::NONE
    };
    let histories = vec![passing(&[(0, State::Released)])];
    let world = World::of(honest(), histories, Outages::default(), noise);
    let (unverified, closings) = live(&world);
    assert_eq!(unverified, [None]);
    assert!(closings.calls(0) > 330, "{}", closings.calls(0));
}

#[test]
fn a_domain_bought_between_two_looks_is_never_noticed() {
    let mut history = retaken(46, Holder::Attacker);
    // Deleted and bought within an hour, as some registries let it be.
    history.spans = vec![history.spans[0], crate::hand_made::span(10, State::Held, 1)];
    history.tenures[1].since = day(10);
    history.tenures[1].registered_at = day(10);
    let world = world(vec![history]);
    let (unverified, closings) = live(&world);
    assert_eq!(unverified, [None]);
    // And nothing is asked at the moment of use.
    assert_eq!(world.questions().len(), 4);
    for question in 0..4 {
        assert_eq!(closings.answered(question), Answer::Allow);
    }
}

#[test]
fn rows_that_are_not_verified_are_asked_on_and_nobody_is_warned() {
    let world = world(vec![passing(&[(0, State::Released)])]);
    let (unverified, closings) = live(&world);
    assert!(unverified[0].unwrap() < day(32));
    assert!(closings.calls(0) >= 11);
    assert!(closings.warnings(0).is_empty());
}

#[test]
fn a_new_row_is_asked_first() {
    let mut history = healthy();
    history.addresses = vec![verified(50)];
    let parameters = Parameters {
        pypi_rows: 850_000,
        years: 2,
        ..honest()
    };
    let histories = (0..850).map(|_| healthy()).chain([history]).collect();
    let world = World::of(parameters, histories, Outages::default(), Noise::NONE);
    let (_, closings) = live(&world);
    // In 315 days of 730 its turn would not have come again.
    assert_eq!(closings.calls(850), 1);
}
