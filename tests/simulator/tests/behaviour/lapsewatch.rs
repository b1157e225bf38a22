//! Lapsewatch's own pipeline on lives made by hand.

use lapsewatch_simulator::{
    Answer, Closings, History, Holder, Lapsewatch, Noise, Outages, Parameters, PyPi, Rules, State,
    World, score,
};

use crate::hand_made::{day, healthy, honest, passing, retaken, tld, world};

fn live(world: &World) -> Closings {
    Lapsewatch.live(world).unwrap()
}

fn wrong(rules: &dyn Rules, world: &World) -> u64 {
    let score = score(world, &rules.live(world).unwrap());
    let classes = score.by_class.values();
    classes.map(|class| class.wrongly_unverified).sum()
}

#[test]
fn a_domain_that_is_deleted_is_closed_before_another_has_it_and_he_is_denied() {
    let world = world(vec![retaken(60, Holder::Attacker)]);
    let closings = live(&world);
    let (address, _) = world.addresses(0).next().unwrap();
    let at = closings.unverified_at(address).unwrap();
    assert!(at > day(11) && at < day(45), "{at}");
    assert!(
        closings.warnings(0).iter().any(|warned| *warned <= at),
        "its owner could still renew"
    );
    let questions = world.questions_about(0);
    let mut answers = questions.map(|(place, _)| closings.answered(place));
    assert!(answers.all(|answer| answer == Answer::Deny));
}

#[test]
fn a_domain_that_is_restored_in_redemption_is_left_alone_if_its_owner_is_quick() {
    let quick = passing(&[
        (10, State::Redemption),
        (11, State::Restoring),
        (13, State::Held),
    ]);
    assert_eq!(wrong(&Lapsewatch, &world(vec![quick])), 0);
}

#[test]
fn a_source_that_calls_a_domain_free_for_weeks_unverifies_nobody_while_another_knows_better() {
    let parameters = Parameters {
        false_losses: 1.0,
        years: 3,
        pypi_rows: 60,
        ..honest()
    };
    let of = |suffix: &str| History {
        tld: tld(suffix),
        ..healthy()
    };
    // The registry knows better, then the DNS, where there is no registry to ask.
    let histories = (0..60).map(|number| of(["com", "de", "eu"][number % 3]));
    let histories = histories.collect();
    let world = World::of(parameters, histories, Outages::default(), Noise::NONE);
    assert_eq!(wrong(&Lapsewatch, &world), 0);
    assert!(wrong(&PyPi, &world) > 20, "the test would show it");
}
