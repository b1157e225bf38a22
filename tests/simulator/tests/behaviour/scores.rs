//! What counts as closed in time, refused, too late, never, and wrong.

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use lapsewatch_simulator::{
    Answer, Closings, Holder, Losses, Report, Score, State, TldClass, Way, World, chart, score,
};

use crate::hand_made::{day, healthy, passing, retaken, tld, verified, world};

/// The score of closing the address of one domain at a time, and of answers to the new holder's questions.
fn scored(world: &World, closed_at: Option<Timestamp>, answers: &[Answer]) -> Score {
    let mut closings = Closings::none(world);
    let (address, _) = world.addresses(0).next().unwrap();
    if let Some(at) = closed_at {
        closings.unverify(address, at);
    }
    for (question, answer) in answers.iter().enumerate() {
        closings.answer(question, *answer);
    }
    score(world, &closings)
}

fn losses(score: &Score) -> &Losses {
    &score.by_class[&TldClass::Generic].by_way[&Way::Reregistered]
}

fn attacked() -> World {
    world(vec![retaken(60, Holder::Attacker)])
}

#[test]
fn closed_up_to_the_moment_of_the_change_is_closed_before() {
    for at in [day(10), day(60)] {
        let score = scored(&attacked(), Some(at), &[]);
        assert_eq!(losses(&score).closed_before, 1);
        assert_eq!(losses(&score).taken_over, 0);
    }
    let world = attacked();
    let late = scored(&world, Some(day(60) + SignedDuration::from_hours(5)), &[]);
    assert_eq!(losses(&late).closed_before, 0);
    assert_eq!(losses(&late).too_late, 1);
    assert_eq!(losses(&late).exposed, [SignedDuration::from_hours(5)]);
    assert_eq!(losses(&late).taken_over, 1);
}

#[test]
fn it_is_refused_at_use_only_if_every_question_is_refused_until_it_is_closed() {
    use Answer::{Allow, Deny};
    let outcome = |closed_at, answers: &[Answer]| {
        let score = scored(&attacked(), closed_at, answers);
        let losses = losses(&score).clone();
        (
            losses.refused_at_use,
            losses.never + losses.too_late,
            losses.taken_over,
        )
    };
    assert_eq!(outcome(None, &[Deny, Deny, Deny, Deny]), (1, 0, 0));
    assert_eq!(outcome(None, &[Deny, Deny, Allow, Deny]), (0, 1, 1));
    // Closed three days after: only the questions of the first three days matter.
    assert_eq!(
        outcome(Some(day(63)), &[Deny, Deny, Allow, Allow]),
        (1, 0, 0)
    );
    assert_eq!(
        outcome(Some(day(63)), &[Allow, Deny, Deny, Deny]),
        (0, 1, 1)
    );
}

#[test]
fn every_new_holder_tries_but_the_owner_who_returns() {
    let bought = world(vec![retaken(60, Holder::Speculator)]);
    assert_eq!(bought.questions().len(), 4);
    let score = scored(&bought, None, &[]);
    assert_eq!((losses(&score).tried, losses(&score).taken_over), (1, 1));

    let mut history = retaken(60, Holder::Owner);
    history.tenures[1].way = Some(Way::OwnerReturned);
    let returned = world(vec![history]);
    assert!(returned.questions().is_empty());
    let score = scored(&returned, None, &[]);
    let losses = &score.by_class[&TldClass::Generic].by_way[&Way::OwnerReturned];
    assert_eq!((losses.never, losses.tried), (1, 0));
}

#[test]
fn an_address_that_the_new_holder_verified_is_not_at_risk_and_closing_it_is_wrong() {
    let mut history = retaken(60, Holder::Speculator);
    history.addresses = vec![verified(100)];
    let score = scored(&world(vec![history]), Some(day(200)), &[]);
    let class = &score.by_class[&TldClass::Generic];
    assert!(class.by_way.is_empty());
    assert_eq!(class.wrongly_unverified, 1);
}

#[test]
fn closing_is_wrong_while_the_owner_has_the_domain_and_right_once_he_is_losing_it() {
    let wrong = |history, on: i64| {
        let score = scored(&world(vec![history]), Some(day(on)), &[]);
        score.by_class[&TldClass::Generic].wrongly_unverified
    };
    assert_eq!(wrong(healthy(), 50), 1);
    let paid_late = passing(&[(10, State::Grace), (30, State::Held)]);
    assert_eq!(wrong(paid_late.clone(), 20), 1);
    assert_eq!(wrong(paid_late, 40), 1);
    let lost = passing(&[(10, State::Grace), (30, State::Redemption)]);
    assert_eq!(wrong(lost.clone(), 5), 1);
    assert_eq!(wrong(lost.clone(), 20), 0);
    assert_eq!(wrong(lost, 35), 0);
    let restored = passing(&[
        (10, State::Redemption),
        (20, State::Restoring),
        (22, State::Held),
    ]);
    assert_eq!(wrong(restored.clone(), 15), 0);
    assert_eq!(wrong(restored, 22), 1, "he has it back");
}

#[test]
fn closing_by_mistake_before_the_loss_begins_is_no_merit() {
    let score = scored(&attacked(), Some(day(2)), &[]);
    assert_eq!(losses(&score).closed_by_mistake, 1);
    assert_eq!(losses(&score).closed_before, 0);
    assert_eq!(losses(&score).at_risk(), 1);
}

#[test]
fn a_warning_counts_from_the_expiry_to_the_change_of_hands() {
    let warned = |on: i64| {
        let world = attacked();
        let mut closings = Closings::none(&world);
        closings.warn(0, day(on));
        losses(&score(&world, &closings)).warned_before
    };
    assert_eq!(warned(5), 0);
    assert_eq!(warned(10), 1);
    assert_eq!(warned(60), 1);
    assert_eq!(warned(61), 0);
}

#[test]
fn paid_calls_are_counted_for_healthy_domains_alone() {
    let world = world(vec![healthy(), retaken(60, Holder::Attacker)]);
    let mut closings = Closings::none(&world);
    closings.paid(0, 12);
    closings.paid(1, 400);
    let mut report = Report::of(&world);
    report.add("some", &score(&world, &closings));
    let all = &report.rules[0].all;
    assert_eq!(all.healthy_domains, 1);
    assert!((all.calls_per_healthy_domain_year - 12.0).abs() < 1e-9);
}

#[test]
fn the_report_names_every_figure_and_its_parts_add_up() {
    let world = world(vec![
        healthy(),
        retaken(60, Holder::Attacker),
        retaken(70, Holder::Speculator),
    ]);
    let mut closings = Closings::none(&world);
    closings.unverify(world.addresses(1).next().unwrap().0, day(20));
    let mut report = Report::of(&world);
    report.add("some", &score(&world, &closings));
    let json = serde_json::to_value(&report).unwrap();
    let rules = &json["rules"][0];
    assert_eq!(rules["name"], "some");
    let parts = [
        "closed_before",
        "refused_at_use",
        "too_late",
        "never",
        "closed_by_mistake",
    ];
    let share: f64 = parts
        .iter()
        .map(|part| rules[part]["share"].as_f64().unwrap())
        .sum();
    let count: u64 = parts
        .iter()
        .map(|part| rules[part]["count"].as_u64().unwrap())
        .sum();
    assert!((share - 1.0).abs() < 1e-9);
    assert_eq!(Some(count), rules["at_risk"].as_u64());
    assert_eq!(rules["closed_before"]["count"], 1);
    assert_eq!(rules["never"]["count"], 1);
    assert_eq!(rules["wrongly_unverified"]["count"], 0);
    let way = &rules["by_class"]["generic"]["by_way"]["reregistered"];
    assert_eq!(way["at_risk"], 2);
    assert_eq!(json["parameters"]["seed"], 1);

    let text = report.to_string();
    assert!(text.contains("| some"), "{text}");
    assert!(text.contains("1 (50.0 %)"), "{text}");
    let svg = chart("some runs", &report.rules);
    assert!(svg.contains("some: closed before 50.0 %"), "{svg}");
    assert!(svg.contains(">some runs<"), "{svg}");
    assert!(svg.contains("prefers-color-scheme: dark"));
}

#[test]
fn scores_of_several_worlds_add_up_count_by_count() {
    let early = scored(&attacked(), Some(day(20)), &[]);
    let late = |hours| {
        let at = day(60) + SignedDuration::from_hours(hours);
        scored(&attacked(), Some(at), &[])
    };
    let kept = {
        let world = world(vec![healthy()]);
        let mut closings = Closings::none(&world);
        closings.unverify(world.addresses(0).next().unwrap().0, day(50));
        closings.paid(0, 12);
        score(&world, &closings)
    };
    let mut sum = Score::default();
    for score in [&early, &late(5), &late(7), &kept] {
        sum.add(score);
    }
    let losses = losses(&sum);
    assert_eq!((losses.closed_before, losses.too_late), (1, 2));
    assert_eq!((losses.tried, losses.taken_over), (3, 2));
    let hours = [5, 7].map(SignedDuration::from_hours);
    assert_eq!(losses.exposed, hours);
    let class = &sum.by_class[&TldClass::Generic];
    assert_eq!((class.addresses, class.wrongly_unverified), (4, 1));
    assert_eq!((class.healthy_domains, class.healthy_calls), (1, 12));
}

#[test]
fn a_retaken_name_counts_where_its_registrys_rdap_tells_dates() {
    let of = |suffix: &str| {
        let mut history = retaken(60, Holder::Attacker);
        history.tld = tld(suffix);
        let score = scored(&world(vec![history]), None, &[]);
        score.retaken_where_dates_are_told().at_risk()
    };
    assert_eq!((of("com"), of("nl")), (1, 1));
    assert_eq!(of("eu"), 0, "it has no RDAP");
    assert_eq!(of("de"), 0, "its RDAP tells no dates");

    let mut returned = retaken(60, Holder::Owner);
    returned.tenures[1].way = Some(Way::OwnerReturned);
    let score = scored(&world(vec![returned]), None, &[]);
    assert_eq!(score.retaken_where_dates_are_told().at_risk(), 0);
}
