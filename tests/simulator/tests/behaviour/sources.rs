//! What the sources say of each state: as Fastly's contract, RFC 9083 and the DNS have it.

use jiff::SignedDuration;
use lapsewatch_core::{
    DnsFinding, FastlyFinding, RdapFacts, RdapFinding, RdapPhase, RdapStatus, Registration,
};
use lapsewatch_simulator::parameters::YEAR;
use lapsewatch_simulator::{
    FastlyAnswer, History, Holder, Noise, Outages, Parameters, START, Source, State, Way, World,
};

use crate::hand_made::{day, healthy, honest, passing, retaken, span, tenure, tld, world};

fn facts(world: &World, domain: u32, on: i64) -> RdapFacts {
    match world.rdap(domain, day(on)) {
        RdapFinding::Registered(facts) => facts,
        other @ (RdapFinding::NotRegistered
        | RdapFinding::NotSupported
        | RdapFinding::NoAnswer { .. }) => panic!("{other:?}"),
    }
}

fn status(world: &World, on: i64) -> Option<&'static str> {
    world.fastly_answer(0, day(on)).status()
}

#[test]
fn each_state_reads_as_the_contracts_say() {
    let world = world(vec![passing(&[
        (10, State::Redemption),
        (40, State::PendingDelete),
        (45, State::Released),
    ])]);
    assert_eq!(status(&world, 5), Some("active"));
    assert_eq!(status(&world, 15), Some("undelegated active expiring"));
    assert_eq!(status(&world, 42), Some("undelegated active deleting"));
    assert_eq!(status(&world, 50), Some("undelegated inactive"));

    assert_eq!(facts(&world, 0, 5).phase(), RdapPhase::Normal);
    assert_eq!(facts(&world, 0, 15).phase(), RdapPhase::Redemption);
    assert_eq!(facts(&world, 0, 42).phase(), RdapPhase::PendingDelete);
    assert_eq!(world.rdap(0, day(50)), RdapFinding::NotRegistered);

    assert!(matches!(
        world.dns(0, day(5)),
        DnsFinding::Delegated { mail_servers, .. } if mail_servers.len() == 1
    ));
    for on in [15, 42, 50] {
        assert_eq!(world.dns(0, day(on)), DnsFinding::NoSuchDomain);
    }
}

#[test]
fn a_name_being_restored_is_neither_lost_nor_safe_by_rdap() {
    let world = world(vec![passing(&[
        (10, State::Redemption),
        (20, State::Restoring),
        (24, State::Held),
    ])]);
    assert_eq!(facts(&world, 0, 22).phase(), RdapPhase::Restoring);
    assert_eq!(facts(&world, 0, 25).phase(), RdapPhase::Normal);
}

#[test]
fn fastly_shows_an_expiry_as_often_as_the_parameter_says() {
    let redemption = || passing(&[(10, State::Redemption), (40, State::PendingDelete)]);
    for visible in [0.0, 0.5, 1.0] {
        let parameters = Parameters {
            visible,
            ..honest()
        };
        let histories = (0..2000).map(|_| redemption()).collect();
        let world = World::of(parameters, histories, Outages::default(), Noise::NONE);
        for on in [20, 42] {
            let shown = world.domains().filter(|domain| {
                world.fastly_answer(*domain, day(on)) != FastlyAnswer::Undelegated
            });
            let share = f64::from(u32::try_from(shown.count()).unwrap()) / 2000.0;
            // Four standard deviations: 4 × √(0.25 / 2000).
            assert!((share - visible).abs() < 0.045, "{share} of {visible}");
        }
        // One redemption is shown all along, or not at all.
        for domain in world.domains() {
            assert_eq!(
                world.fastly_answer(domain, day(11)),
                world.fastly_answer(domain, day(39))
            );
        }
    }
}

#[test]
fn a_false_loss_is_said_for_a_week_on_end_as_often_as_the_parameter_says() {
    let parameters = Parameters {
        false_losses: 0.5,
        ..honest()
    };
    let histories = (0..2000).map(|_| healthy()).collect();
    let world = World::of(parameters, histories, Outages::default(), Noise::NONE);
    let mut weeks = 0;
    for domain in world.domains() {
        let free = |on| world.fastly_answer(domain, day(on)) == FastlyAnswer::Free;
        let on: Vec<bool> = (0..364).map(free).collect();
        for run in on.chunk_by(|one, next| one == next).filter(|run| run[0]) {
            let is_cut = on.starts_with(run) || on.ends_with(run);
            assert!(run.len() % 7 == 0 || is_cut, "{} days", run.len());
            weeks += run.len().div_ceil(7);
        }
    }
    // Five standard deviations of a count of 1,000.
    assert!((840..1160).contains(&weeks), "{weeks}");
}

#[test]
fn nothing_that_says_a_loss_is_ever_said_of_a_domain_that_its_owner_has() {
    let world = World::drawn(Parameters {
        domains: 3000,
        seed: 2,
        ..Parameters::default()
    });
    let mut doubts = 0;
    for domain in world.domains() {
        let history = world.history(domain);
        for number in 0..40 {
            let time = day(number * 90) + SignedDuration::from_mins(number * 7);
            if !history.span_at(time).state.is_with_its_owner() {
                continue;
            }
            match world.fastly(domain, time).registration() {
                Registration::Registered => {}
                Registration::Undecided => doubts += 1,
                lost @ (Registration::Available
                | Registration::NotRegistrable
                | Registration::Expiring
                | Registration::Deleting) => panic!("{lost:?} of {history:?}"),
            }
            match world.rdap(domain, time) {
                RdapFinding::Registered(facts) => assert_eq!(facts.phase(), RdapPhase::Normal),
                RdapFinding::NotSupported | RdapFinding::NoAnswer { .. } => {}
                RdapFinding::NotRegistered => panic!("{history:?}"),
            }
        }
    }
    // One in a hundred or so: silence, `unknown`, `undelegated`, outages.
    assert!((500..5000).contains(&doubts), "{doubts}");
}

#[test]
fn in_the_week_of_silence_no_source_answers_about_any_domain() {
    let world = World::drawn(Parameters {
        domains: 200,
        years: 1,
        seed: 5,
        ..Parameters::default()
    });
    let week = SignedDuration::from_hours(7 * 24);
    let silent_at = world
        .outages()
        .of(Source::Dns)
        .iter()
        .filter(|outage| outage.until.duration_since(outage.from) == week)
        .map(|outage| outage.from + SignedDuration::from_hours(80))
        .find(|time| {
            world
                .domains()
                .all(|domain| matches!(world.fastly(domain, *time), FastlyFinding::NoAnswer { .. }))
        })
        .unwrap();
    for domain in world.domains() {
        assert!(matches!(
            world.rdap(domain, silent_at),
            RdapFinding::NoAnswer { .. } | RdapFinding::NotSupported
        ));
        assert!(matches!(
            world.dns(domain, silent_at),
            DnsFinding::NoAnswer { .. }
        ));
    }
}

#[test]
fn a_generic_registry_moves_the_expiry_on_by_a_year_on_the_very_day_and_says_auto_renew_period() {
    // Registered 350 days before the start: the term ends on day 15, and nobody pays until day 30.
    let mut history = passing(&[(15, State::Grace), (30, State::Held)]);
    history.tenures = vec![tenure(Holder::Owner, None, -350, -350)];
    let world = world(vec![history]);
    let expiry = day(15);
    let before = facts(&world, 0, 14);
    assert_eq!(before.expires_at, Some(expiry));
    assert_eq!(before.registered_at, Some(day(-350)));
    assert!(!before.statuses.contains(&RdapStatus::AutoRenewPeriod));
    for on in [16, 29, 31, 59] {
        let after = facts(&world, 0, on);
        assert_eq!(after.expires_at, Some(expiry + YEAR), "day {on}");
        assert!(after.statuses.contains(&RdapStatus::AutoRenewPeriod));
    }
    assert!(
        !facts(&world, 0, 61)
            .statuses
            .contains(&RdapStatus::AutoRenewPeriod)
    );
}

#[test]
fn a_registry_that_does_not_renew_by_itself_leaves_the_date_in_the_past() {
    let mut history = passing(&[(15, State::Grace), (105, State::Released)]);
    history.tld = tld("uk");
    history.tenures = vec![tenure(Holder::Owner, None, -350, -350)];
    let world = world(vec![history]);
    let facts = facts(&world, 0, 60);
    assert_eq!(facts.expires_at, Some(day(15)));
    assert!(!facts.statuses.contains(&RdapStatus::AutoRenewPeriod));
}

#[test]
fn rdap_shows_a_new_registration_and_hides_a_sale_before_deletion() {
    let mut auctioned = passing(&[(10, State::Grace)]);
    auctioned.spans.push(span(30, State::Held, 1));
    let mut buyer = tenure(Holder::Speculator, Some(Way::Auctioned), 30, -400);
    buyer.registrar = 2;
    auctioned.tenures.push(buyer);
    let world = world(vec![retaken(60, Holder::Attacker), auctioned]);

    assert_eq!(facts(&world, 0, 5).registered_at, Some(day(-400)));
    assert_eq!(facts(&world, 0, 61).registered_at, Some(day(60)));

    let (before, after) = (facts(&world, 1, 5), facts(&world, 1, 31));
    assert_eq!(before.registered_at, after.registered_at);
    assert_ne!(before.registrar, after.registrar);
    assert_ne!(before.name_servers, after.name_servers);
    assert_eq!(after.transferred_at, Some(day(30)));
}

#[test]
fn a_registry_without_rdap_is_not_supported_and_one_without_dates_says_none() {
    let of = |suffix| History {
        tld: tld(suffix),
        ..healthy()
    };
    let world = world(vec![of("eu"), of("de")]);
    assert_eq!(world.rdap(0, day(1)), RdapFinding::NotSupported);
    let facts = facts(&world, 1, 1);
    assert_eq!((facts.registered_at, facts.expires_at), (None, None));
    assert_eq!(facts.name_servers.len(), 2);
}

#[test]
fn a_wrong_clock_gives_the_time_of_the_question_as_the_date_of_registration() {
    let noise = Noise {
        wrong_clock: 1.0,
        ..Noise::NONE
    };
    let world = World::of(honest(), vec![healthy()], Outages::default(), noise);
    for on in [1, 100] {
        assert_eq!(facts(&world, 0, on).registered_at, Some(day(on)));
    }
}

#[test]
fn name_servers_agree_between_rdap_and_dns() {
    let world = world(vec![healthy()]);
    let dns = world.dns(0, day(3));
    assert_eq!(
        dns.name_servers(),
        Some(facts(&world, 0, 3).name_servers.as_slice())
    );
}

#[test]
fn every_domain_has_a_name_that_can_be_watched() {
    let world = World::drawn(Parameters {
        domains: 500,
        ..Parameters::default()
    });
    for domain in world.domains() {
        assert!(world.name(domain).is_ok());
    }
    assert_eq!(world.start(), START);
}
