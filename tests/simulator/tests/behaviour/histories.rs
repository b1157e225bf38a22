//! The lives that are drawn: possible, as often as the parameters say, and the same for the same seed.

use jiff::SignedDuration;
use lapsewatch_simulator::parameters::{
    ADD_GRACE, CAUGHT_AT_ONCE, CAUGHT_ON_THE_DAY, DAY, PENDING_DELETE, REDEMPTION, YEAR,
};
use lapsewatch_simulator::{Life, Parameters, State, Way, World};

fn drawn(domains: u32, seed: u64) -> World {
    World::drawn(Parameters {
        domains,
        seed,
        ..Parameters::default()
    })
}

#[test]
fn the_same_seed_gives_the_same_lives_however_many_there_are() {
    let (few, many) = (drawn(50, 3), drawn(500, 3));
    for domain in few.domains() {
        assert_eq!(few.history(domain), many.history(domain));
    }
    let other = drawn(50, 4);
    assert!(
        few.domains()
            .any(|domain| few.history(domain) != other.history(domain))
    );
}

#[test]
fn what_the_sources_show_changes_no_life() {
    let shown = drawn(200, 5);
    let hidden = World::drawn(Parameters {
        visible: 0.0,
        ..*shown.parameters()
    });
    for domain in shown.domains() {
        assert_eq!(shown.history(domain), hidden.history(domain));
    }
}

/// Which state may follow which, within one tenure and from one to the next.
fn may_follow(before: State, after: State, life: Life) -> bool {
    use State::{
        Grace, Held, Interrupted, PendingDelete, Redemption, Released, Restoring, Suspended,
    };
    match (before, after) {
        (Held | Grace | Interrupted, Redemption) => life == Life::Icann || life == Life::Quarantine,
        (Held, Grace) | (Grace, Interrupted) => life != Life::Quarantine && life != Life::AtOnce,
        // Released within the add grace period, or by a registry that knows no redemption.
        (Held, Released)
        | (Grace | Interrupted | Suspended | Restoring | Released, Held)
        | (Redemption, Restoring) => true,
        (Grace | Interrupted, Released) => matches!(life, Life::GraceOnly { .. }),
        (Grace | Interrupted, Suspended) | (Suspended, Released) => {
            matches!(life, Life::Suspension { .. })
        }
        (Redemption, PendingDelete) | (PendingDelete, Released) => life == Life::Icann,
        (Redemption, Released) => life == Life::Quarantine,
        _ => false,
    }
}

#[test]
fn states_follow_each_other_as_registries_let_them() {
    let world = drawn(5000, 6);
    for domain in world.domains() {
        let history = world.history(domain);
        for pair in history.spans.windows(2) {
            let [before, after] = pair else { continue };
            assert!(before.from <= after.from, "{history:?}");
            assert!(
                may_follow(before.state, after.state, history.tld.life),
                "{:?} after {:?} in {history:?}",
                after.state,
                before.state
            );
        }
    }
}

#[test]
fn a_generic_name_is_registered_again_35_days_after_its_deletion_at_the_earliest() {
    let world = drawn(20_000, 7);
    let mut seen = 0;
    for domain in world.domains() {
        let history = world.history(domain);
        if history.tld.life != Life::Icann {
            continue;
        }
        for (number, tenure) in history.tenures.iter().enumerate() {
            if !matches!(tenure.way, Some(Way::Reregistered | Way::OwnerReturned)) {
                continue;
            }
            let deleted = history
                .spans
                .iter()
                .rfind(|span| usize::from(span.tenure) < number && span.state == State::Redemption);
            let before = history.tenures[number - 1];
            let released = history.spans.iter().find(|span| {
                usize::from(span.tenure) == number - 1 && span.state == State::Released
            });
            let lived = released.unwrap().from.duration_since(before.since);
            if before.way.is_some() && lived <= ADD_GRACE {
                continue;
            }
            seen += 1;
            let wait = tenure.since.duration_since(deleted.unwrap().from);
            assert!(wait >= REDEMPTION + PENDING_DELETE, "{history:?}");
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn as_many_are_taken_at_once_and_on_the_day_as_was_measured() {
    let world = drawn(30_000, 8);
    let (mut released, mut at_once, mut on_the_day) = (0_u32, 0_u32, 0_u32);
    for domain in world.domains() {
        let spans = &world.history(domain).spans;
        for (place, span) in spans.iter().enumerate() {
            if span.state != State::Released || span.from + DAY > world.end() {
                continue;
            }
            released += 1;
            let Some(next) = spans.get(place + 1) else {
                continue;
            };
            let wait = next.from.duration_since(span.from);
            at_once += u32::from(wait.is_zero());
            on_the_day += u32::from(wait < DAY);
        }
    }
    assert!(released > 5000);
    for (count, expected) in [(at_once, CAUGHT_AT_ONCE), (on_the_day, CAUGHT_ON_THE_DAY)] {
        let all = f64::from(released);
        let four_deviations = 4.0 * (expected * (1.0 - expected) / all).sqrt();
        let share = f64::from(count) / all;
        assert!((share - expected).abs() < four_deviations, "{share}");
    }
}

#[test]
fn a_few_percent_of_the_owners_lose_their_domain_in_a_year() {
    let world = drawn(20_000, 9);
    let (mut years, mut losses) = (0.0, 0_u32);
    for domain in world.domains() {
        let history = world.history(domain);
        let lost = history
            .spans
            .iter()
            .find(|span| span.tenure > 0 || span.state == State::Released)
            .map(|span| span.from)
            .filter(|at| *at <= world.end());
        let held = lost.unwrap_or(world.end()).duration_since(world.start());
        years += held.as_secs_f64() / YEAR.as_secs_f64();
        losses += u32::from(lost.is_some());
    }
    let yearly = f64::from(losses) / years;
    assert!((0.03..0.05).contains(&yearly), "{yearly}");
}

#[test]
fn a_sale_before_deletion_leaves_the_date_of_registration_and_any_other_change_makes_it_anew() {
    let world = drawn(20_000, 10);
    let (mut auctioned, mut registered) = (0, 0);
    for domain in world.domains() {
        for pair in world.history(domain).tenures.windows(2) {
            let [before, after] = pair else { continue };
            match after.way.unwrap() {
                Way::Auctioned => {
                    auctioned += 1;
                    assert_eq!(after.registered_at, before.registered_at);
                }
                Way::Reregistered | Way::OwnerReturned => {
                    registered += 1;
                    assert_eq!(after.registered_at, after.since);
                }
            }
        }
    }
    assert!(auctioned > 50 && registered > 500);
}

#[test]
fn an_address_is_verified_only_by_whoever_holds_the_domain_then() {
    let world = drawn(5000, 11);
    let mut of_new_holders = 0;
    for domain in world.domains() {
        let history = world.history(domain);
        assert!((1..=3 + history.tenures.len()).contains(&history.addresses.len()));
        for address in &history.addresses {
            let span = history.span_at(address.verified_at);
            assert_eq!(span.state, State::Held, "{history:?}");
            of_new_holders += u32::from(span.tenure > 0);
        }
    }
    assert!(of_new_holders > 50);
}

#[test]
fn a_new_holder_asks_twelve_minutes_after_his_purchase_and_an_owner_who_returns_never() {
    let world = drawn(10_000, 12);
    let mut first_questions = 0;
    for question in world.questions() {
        let history = world.history(question.domain);
        let (_, address) = world
            .addresses(question.domain)
            .find(|(id, _)| *id == question.address)
            .unwrap();
        let loss = world.loss(question.domain, address).unwrap();
        assert_ne!(loss.way, Way::OwnerReturned, "{history:?}");
        let after = question.at.duration_since(loss.at);
        first_questions += u32::from(after == SignedDuration::from_mins(12));
        assert!(after >= SignedDuration::from_mins(12));
    }
    assert!(first_questions > 100);
    // Those about each domain, one domain after the other, are all of them.
    let in_order = world
        .domains()
        .flat_map(|domain| world.questions_about(domain));
    let (places, questions): (Vec<_>, Vec<_>) = in_order.unzip();
    assert_eq!(questions, world.questions());
    assert_eq!(places, (0..world.questions().len()).collect::<Vec<_>>());
}
