//! RubyGems' rules, fact by fact.

use lapsewatch_core::Timestamp;
use lapsewatch_simulator::{
    Closings, History, Holder, Noise, Outages, Parameters, RubyGems, Rules, Shows, State, World,
};

use crate::hand_made::{day, fastly_out, healthy, honest, passing, retaken, verified, world};

fn live(world: &World) -> (Vec<Option<Timestamp>>, Closings) {
    let closings = RubyGems.live(world).unwrap();
    let domains = world.domains();
    let unverified = domains
        .flat_map(|domain| world.addresses(domain))
        .map(|(id, _)| closings.unverified_at(id))
        .collect();
    (unverified, closings)
}

#[test]
fn each_domain_is_asked_daily_whatever_the_number_of_its_addresses() {
    let mut three = healthy();
    three.addresses = vec![verified(-30), verified(-20), verified(-10)];
    let (_, closings) = live(&world(vec![healthy(), three]));
    assert_eq!((closings.calls(0), closings.calls(1)), (365, 365));
}

#[test]
fn a_name_in_redemption_is_blocked_the_same_day_with_all_its_addresses() {
    let mut history = passing(&[(10, State::Redemption)]);
    history.addresses.push(verified(5));
    let (unverified, closings) = live(&world(vec![history]));
    for at in unverified {
        assert!((day(10)..day(11)).contains(&at.unwrap()));
    }
    // Afterwards there is no confirmed address to ask about.
    assert_eq!(closings.calls(0), 11);
}

#[test]
fn undelegated_and_unknown_are_not_used() {
    let hidden = Parameters {
        visible: 0.0,
        ..honest()
    };
    let redemption = vec![passing(&[(10, State::Redemption)])];
    let world = World::of(hidden, redemption, Outages::default(), Noise::NONE);
    assert_eq!(live(&world).0, [None]);

    let outages = fastly_out(0, 300, Shows::Unknown);
    let world = World::of(honest(), vec![healthy()], outages, Noise::NONE);
    assert_eq!(live(&world).0, [None]);
}

#[test]
fn a_day_on_which_every_question_fails_blocks_nobody() {
    let outages = fastly_out(0, 365, Shows::Silence);
    let histories = vec![passing(&[(10, State::Released)])];
    let world = World::of(honest(), histories, outages, Noise::NONE);
    assert_eq!(live(&world).0, [None]);
}

#[test]
fn twenty_users_are_blocked_by_themselves_and_twenty_one_only_by_a_person() {
    let lost = || passing(&[(10, State::Released)]);
    let (twenty, _) = live(&world((0..20).map(|_| lost()).collect()));
    for at in twenty {
        assert!((day(10)..day(11)).contains(&at.unwrap()));
    }
    let (too_many, _) = live(&world((0..21).map(|_| lost()).collect()));
    for at in too_many {
        assert!((day(13)..day(14)).contains(&at.unwrap()));
    }
}

#[test]
fn the_limit_counts_users_and_not_domains() {
    let with_three = |_| {
        let mut history = passing(&[(10, State::Released)]);
        history.addresses.extend([verified(-90), verified(-80)]);
        history
    };
    let (unverified, _) = live(&world((0..7).map(with_three).collect()));
    for at in unverified {
        assert!((day(13)..day(14)).contains(&at.unwrap()));
    }
}

#[test]
fn a_bought_domain_with_a_mail_server_passes() {
    let mut history = retaken(46, Holder::Attacker);
    history.spans = vec![history.spans[0], crate::hand_made::span(10, State::Held, 1)];
    assert_eq!(live(&world(vec![history])).0, [None]);
}

#[test]
fn a_parked_domain_is_blocked_exactly_if_it_takes_no_mail() {
    // Speculators park half of their names, and half of these take mail: which, the seed decides.
    let bought = |_| {
        let mut history = retaken(46, Holder::Speculator);
        history.spans = vec![history.spans[0], crate::hand_made::span(10, State::Held, 1)];
        history
    };
    let histories: Vec<History> = (0..60).map(bought).collect();
    let world = world(histories);
    let (unverified, _) = live(&world);
    let mut blocked = 0;
    for (domain, at) in world.domains().zip(unverified) {
        let is_parked = world.fastly_answer(domain, day(20)).status() == Some("active parked");
        let takes_mail = matches!(
            world.dns(domain, day(20)),
            lapsewatch_core::DnsFinding::Delegated { mail_servers, .. } if !mail_servers.is_empty()
        );
        assert_eq!(at.is_some(), is_parked && !takes_mail);
        blocked += u32::from(at.is_some());
    }
    assert!((3..57).contains(&blocked), "{blocked}");
}

#[test]
fn an_address_that_a_new_owner_verifies_brings_the_domain_back() {
    let mut history = retaken(60, Holder::Attacker);
    history.addresses.push(verified(100));
    let (unverified, closings) = live(&world(vec![history]));
    assert!(unverified[0].is_some());
    assert_eq!(unverified[1], None);
    // Eleven days until it is blocked, and from day 100 to the end.
    assert_eq!(closings.calls(0), 11 + 265);
}
