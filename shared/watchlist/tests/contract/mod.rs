//! What every watchlist keeps, whatever it is stored in. Each adapter's test hands in fresh, empty watchlists.

use std::sync::Arc;

use jiff::SignedDuration;
use lapsewatch_core::{
    DomainName, Event, EventKind, Evidence, FastlyFinding, Gcra, HeldPlan, HostName, Lease, Mode,
    Month, Paced, PlanId, PlanState, Record, Rules, Run, RunId, Scope, Stage, StatusSet, Tally,
    Timestamp, Transition, WatchedDomain, observe,
};
use lapsewatch_watchlist::{Checks, Look, RunStart, Slots, Watchlist, Written};

/// Runs each promise as a test of its own, on a fresh watchlist that `$fresh` makes.
#[macro_export]
macro_rules! contract {
    ($fresh:path) => {
        contract! { $fresh:
            a_change_is_written_over_the_revision_it_was_made_from_and_over_no_other,
            watching_again_keeps_what_is_known_and_renews_the_verification_time,
            what_a_sweep_has_not_stamped_leaves_and_its_events_stay,
            what_is_due_comes_in_pages_the_soonest_first_without_what_the_run_has_checked,
            a_loss_under_way_is_listed_before_all_others_however_long_those_wait,
            a_look_is_leased_to_one_process_at_a_time_and_taken_once_a_run,
            what_is_pending_is_listed_until_it_is_applied_and_its_plan_knows_it,
            no_slot_is_given_twice_however_many_ask_at_once,
            each_source_has_a_pace_of_its_own,
            a_budget_is_never_exceeded_and_what_is_left_of_it_is_given,
            a_run_is_worked_at_by_one_and_taken_up_where_it_was_left,
            the_tally_is_of_today_and_yesterday,
            a_held_plan_is_kept_with_its_state_and_an_event_added_twice_is_one
        }
    };
    ($fresh:path: $($promise:ident),+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $promise() {
            let (watchlist, _keep) = $fresh().await;
            contract::$promise(watchlist).await;
        })+
    };
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

const DAY: i64 = 24 * 3600;

fn name(text: &str) -> DomainName {
    text.parse().unwrap()
}

fn run(text: &str) -> RunId {
    RunId::from_stored(text)
}

fn watched(domain: &str) -> WatchedDomain {
    WatchedDomain {
        domain: name(domain),
        earliest_verified_at: None,
    }
}

fn look(record: &Record, status: &str, observed_at: Timestamp, of: &RunId) -> Transition {
    let finding = FastlyFinding::Answered {
        status: StatusSet::parse(status),
        scope: Scope::Precise,
    };
    observe(
        &Rules::default(),
        record,
        Evidence::of_fastly(observed_at, finding),
        Some(of),
    )
    .unwrap()
}

/// Watches a domain and answers its record.
async fn new_record(watchlist: &impl Watchlist, domain: &str) -> Record {
    watchlist
        .watch(&[watched(domain)], None, at(0))
        .await
        .unwrap();
    watchlist.get(&name(domain)).await.unwrap().unwrap()
}

/// Writes two looks that confirm a loss.
async fn confirm(watchlist: &impl Watchlist, domain: &str) -> Record {
    let first = look(
        &new_record(watchlist, domain).await,
        "inactive",
        at(1),
        &run("one"),
    );
    assert_eq!(watchlist.record(&first).await.unwrap(), Written::Written);
    let second = look(&first.record, "inactive", at(DAY + 1), &run("two"));
    assert_eq!(watchlist.record(&second).await.unwrap(), Written::Written);
    second.record
}

async fn event_kinds(watchlist: &impl Watchlist, domain: &str) -> Vec<EventKind> {
    let page = watchlist.events(&name(domain), None).await.unwrap();
    page.items.into_iter().map(|event| event.kind).collect()
}

pub(crate) async fn a_change_is_written_over_the_revision_it_was_made_from_and_over_no_other<
    W: Watchlist,
>(
    watchlist: W,
) {
    let record = new_record(&watchlist, "example.org").await;
    let first = look(&record, "active", at(1), &run("one"));
    let rival = look(&record, "inactive", at(2), &run("one"));
    assert_eq!(watchlist.record(&first).await.unwrap(), Written::Written);
    assert_eq!(watchlist.record(&rival).await.unwrap(), Written::Superseded);
    assert_eq!(
        watchlist.record(&first).await.unwrap(),
        Written::Superseded,
        "doubled"
    );
    assert_eq!(
        watchlist.get(&record.domain).await.unwrap(),
        Some(first.record)
    );
    assert_eq!(
        event_kinds(&watchlist, "example.org").await.len(),
        1,
        "what loses leaves no event"
    );
    let absent = look(
        &Record::new(name("absent.org"), None, at(0)),
        "active",
        at(1),
        &run("one"),
    );
    assert_eq!(
        watchlist.record(&absent).await.unwrap(),
        Written::Superseded
    );
    assert!(event_kinds(&watchlist, "absent.org").await.is_empty());
}

pub(crate) async fn watching_again_keeps_what_is_known_and_renews_the_verification_time<
    W: Watchlist,
>(
    watchlist: W,
) {
    let record = new_record(&watchlist, "example.org").await;
    let looked = look(&record, "active", at(1), &run("one"));
    watchlist.record(&looked).await.unwrap();
    let verified = |seconds| WatchedDomain {
        domain: name("example.org"),
        earliest_verified_at: Some(at(seconds)),
    };
    watchlist
        .watch(
            &[verified(-50), verified(-70), verified(-60)],
            Some(&run("two")),
            at(9),
        )
        .await
        .unwrap();
    let known = watchlist.get(&record.domain).await.unwrap().unwrap();
    assert_eq!(
        known.earliest_verified_at,
        Some(at(-70)),
        "two pages of one run keep the earlier time"
    );
    assert_eq!(
        (known.verdict, known.watched_since),
        (looked.record.verdict, at(0))
    );
    watchlist
        .watch(&[verified(-40)], Some(&run("three")), at(10))
        .await
        .unwrap();
    let known = watchlist.get(&record.domain).await.unwrap().unwrap();
    assert_eq!(
        known.earliest_verified_at,
        Some(at(-40)),
        "another run sets it anew"
    );
    watchlist.watch(&[verified(5)], None, at(11)).await.unwrap();
    watchlist
        .watch(&[watched("example.org")], None, at(12))
        .await
        .unwrap();
    assert_eq!(
        watchlist.get(&record.domain).await.unwrap(),
        Some(known),
        "who asks about one address does not know the others"
    );
}

pub(crate) async fn what_a_sweep_has_not_stamped_leaves_and_its_events_stay<W: Watchlist>(
    watchlist: W,
) {
    watchlist
        .watch(
            &[watched("stays.org"), watched("leaves.org")],
            Some(&run("one")),
            at(0),
        )
        .await
        .unwrap();
    let record = watchlist.get(&name("leaves.org")).await.unwrap().unwrap();
    watchlist
        .record(&look(&record, "active", at(1), &run("one")))
        .await
        .unwrap();
    watchlist
        .watch(&[watched("stays.org")], Some(&run("two")), at(2))
        .await
        .unwrap();
    let (mut gone, mut after) = (0, None);
    loop {
        let page = watchlist
            .forget_unstamped(&run("two"), after.as_ref())
            .await
            .unwrap();
        gone += page.domains;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(gone, 1);
    assert_eq!(watchlist.get(&name("leaves.org")).await.unwrap(), None);
    assert!(watchlist.get(&name("stays.org")).await.unwrap().is_some());
    assert_eq!(event_kinds(&watchlist, "leaves.org").await.len(), 1);
}

pub(crate) async fn what_is_due_comes_in_pages_the_soonest_first_without_what_the_run_has_checked<
    W: Watchlist,
>(
    watchlist: W,
) {
    for n in 0..1100_i64 {
        watchlist
            .watch(&[watched(&format!("number{n}.org"))], None, at(5000 - n))
            .await
            .unwrap();
    }
    let checked = watchlist.get(&name("number7.org")).await.unwrap().unwrap();
    watchlist
        .record(&look(&checked, "active", at(6000), &run("now")))
        .await
        .unwrap();
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = watchlist
            .unchecked(&run("now"), None, after.as_ref())
            .await
            .unwrap();
        assert!(page.items.len() <= 1000);
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..1100)
        .rev()
        .filter(|n| *n != 7)
        .map(|n| name(&format!("number{n}.org")))
        .collect();
    assert_eq!(all, expected);
    assert_eq!(
        watchlist.count_unchecked(&run("now"), None).await.unwrap(),
        1099
    );
    assert_eq!(
        watchlist
            .count_unchecked(&run("now"), Some(at(4000)))
            .await
            .unwrap(),
        100
    );
    let due = watchlist
        .unchecked(&run("now"), Some(at(4000)), None)
        .await
        .unwrap();
    assert_eq!(due.items.len(), 100);
}

pub(crate) async fn a_look_is_leased_to_one_process_at_a_time_and_taken_once_a_run<W: Watchlist>(
    watchlist: W,
) {
    let record = new_record(&watchlist, "example.org").await;
    let asked = [name("example.org"), name("absent.org")];
    let begin = async |of: &str, wall: i64| {
        watchlist
            .begin_looks(&asked, &run(of), at(wall), at(wall + 100))
            .await
            .unwrap()
    };
    assert_eq!(
        begin("one", 0).await,
        [Look::Begun(Box::new(record.clone())), Look::NotWatched]
    );
    assert_eq!(begin("one", 99).await[0], Look::InProgress);
    assert!(
        matches!(begin("one", 100).await[0], Look::Begun(_)),
        "a lease that has passed is nobody's"
    );
    watchlist.extend_looks(&asked, at(300)).await.unwrap();
    assert_eq!(begin("one", 299).await[0], Look::InProgress);
    watchlist.abandon_looks(&asked[..1]).await.unwrap();
    watchlist.extend_looks(&asked, at(400)).await.unwrap();
    assert!(
        matches!(begin("one", 101).await[0], Look::Begun(_)),
        "a look given back can be begun at once, and there is no lease to extend"
    );
    let beside = Transition {
        record: Record {
            revision: record.revision + 1,
            ..record.clone()
        },
        event: None,
        lease: Lease::Stays,
    };
    watchlist.record(&beside).await.unwrap();
    assert_eq!(
        begin("two", 102).await[0],
        Look::InProgress,
        "what is written beside a look leaves it its lease"
    );
    watchlist
        .record(&look(&beside.record, "active", at(103), &run("one")))
        .await
        .unwrap();
    assert_eq!(begin("one", 104).await[0], Look::AlreadyChecked);
    assert!(
        matches!(begin("two", 104).await[0], Look::Begun(_)),
        "the record ended the lease"
    );
}

pub(crate) async fn what_is_pending_is_listed_until_it_is_applied_and_its_plan_knows_it<
    W: Watchlist,
>(
    watchlist: W,
) {
    let record = confirm(&watchlist, "gone.org").await;
    confirm(&watchlist, "lost.org").await;
    new_record(&watchlist, "kept.org").await;
    let pending = watchlist.pending(None).await.unwrap();
    assert_eq!(pending.items.len(), 2);
    assert_eq!(pending.items[0], record);

    let plan = PlanId::from_stored("plan-1");
    let week = SignedDuration::from_hours(7 * 24);
    let candidate = lapsewatch_core::plan_candidate(record, week, at(DAY + 2)).unwrap();
    let taken_up = candidate.taken_up(&plan, at(DAY + 2));
    assert_eq!(watchlist.record(&taken_up).await.unwrap(), Written::Written);
    assert_eq!(
        watchlist.plan_members(&plan, None).await.unwrap().items,
        [name("gone.org")]
    );
    let candidate = lapsewatch_core::plan_candidate(taken_up.record, week, at(DAY + 3)).unwrap();
    let applied = candidate.applied(&plan, &lapsewatch_core::Outcome::default(), at(DAY + 3));
    assert_eq!(watchlist.record(&applied).await.unwrap(), Written::Written);
    let pending = watchlist.pending(None).await.unwrap();
    assert_eq!(pending.items.len(), 1);
    assert_eq!(pending.items[0].domain, name("lost.org"));
    assert_eq!(
        watchlist.plan_members(&plan, None).await.unwrap().items,
        [name("gone.org")]
    );
    assert_eq!(event_kinds(&watchlist, "gone.org").await.len(), 4);
}

pub(crate) async fn no_slot_is_given_twice_however_many_ask_at_once<W: Watchlist>(watchlist: W) {
    let (watchlist, pace) = (Arc::new(watchlist), Gcra::new(10.0, 1));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let watchlist = Arc::clone(&watchlist);
            tokio::spawn(async move {
                let mut slots = Vec::new();
                for _ in 0..5 {
                    match watchlist
                        .reserve_slots(&Paced::Fastly, &pace, 3, at(0), at(10_000))
                        .await
                        .unwrap()
                    {
                        Slots::From(first) => slots.extend(pace.slots(first, 3)),
                        Slots::TooLate(first) => panic!("too late: {first}"),
                    }
                }
                slots
            })
        })
        .collect();
    let mut slots = Vec::new();
    for task in tasks {
        slots.extend(task.await.unwrap());
    }
    slots.sort();
    for pair in slots.windows(2) {
        assert_eq!(pair[1].duration_since(pair[0]), pace.interval());
    }
    assert_eq!(slots.len(), 120);
    let too_late = watchlist
        .reserve_slots(&Paced::Fastly, &pace, 1, at(0), at(11))
        .await
        .unwrap();
    assert_eq!(too_late, Slots::TooLate(at(12)));
    assert_eq!(
        watchlist
            .reserve_slots(&Paced::Fastly, &pace, 1, at(0), at(12))
            .await
            .unwrap(),
        Slots::From(at(12)),
        "none was taken"
    );
    watchlist.hold_pace(&Paced::Fastly, at(500)).await.unwrap();
    watchlist.hold_pace(&Paced::Fastly, at(400)).await.unwrap();
    assert_eq!(
        watchlist
            .reserve_slots(&Paced::Fastly, &pace, 1, at(0), at(900))
            .await
            .unwrap(),
        Slots::From(at(500))
    );
}

pub(crate) async fn a_loss_under_way_is_listed_before_all_others_however_long_those_wait<
    W: Watchlist,
>(
    watchlist: W,
) {
    new_record(&watchlist, "waiting.org").await;
    let losing = new_record(&watchlist, "losing.org").await;
    let late = at(90 * DAY);
    let lost = look(&losing, "inactive", late, &run("sweep-1"));
    watchlist.record(&lost).await.unwrap();
    let today = run("due-2");
    let due = |by| watchlist.unchecked(&today, Some(by), None);
    let tomorrow = due(at(91 * DAY)).await.unwrap().items;
    assert_eq!(tomorrow, [name("losing.org"), name("waiting.org")]);
}

pub(crate) async fn each_source_has_a_pace_of_its_own<W: Watchlist>(watchlist: W) {
    let pace = Gcra::new(1.0, 1);
    let registry = |server: &str| Paced::Registry(HostName::parse(server).unwrap());
    let reserve = async |paced: &Paced| {
        let slots = watchlist.reserve_slots(paced, &pace, 1, at(0), at(0));
        slots.await.unwrap()
    };
    let (one, other) = (registry("rdap.one.example"), registry("rdap.other.example"));
    watchlist.hold_pace(&one, at(6 * 3600)).await.unwrap();
    assert_eq!(reserve(&one).await, Slots::TooLate(at(6 * 3600)));
    assert_eq!(reserve(&other).await, Slots::From(at(0)));
    assert_eq!(reserve(&Paced::Fastly).await, Slots::From(at(0)));
    assert_eq!(reserve(&other).await, Slots::TooLate(at(1)));
}

pub(crate) async fn a_budget_is_never_exceeded_and_what_is_left_of_it_is_given<W: Watchlist>(
    watchlist: W,
) {
    let (watchlist, month) = (Arc::new(watchlist), Month::of(at(0)));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let watchlist = Arc::clone(&watchlist);
            tokio::spawn(async move {
                let mut granted = 0;
                for _ in 0..10 {
                    granted += watchlist.spend(month, 7, 100).await.unwrap();
                }
                granted
            })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += task.await.unwrap();
    }
    assert_eq!(granted, 100);
    assert_eq!(watchlist.spent(month).await.unwrap(), 100);
    assert_eq!(watchlist.spend(month, 1, 100).await.unwrap(), 0);
    assert_eq!(
        watchlist
            .spend(Month::of(month.end()), 1, 100)
            .await
            .unwrap(),
        1,
        "the next month has its own"
    );
}

pub(crate) async fn a_run_is_worked_at_by_one_and_taken_up_where_it_was_left<W: Watchlist>(
    watchlist: W,
) {
    let new = Run::new(run("sweep-1"), Mode::Sweep, at(0));
    let start = async |wall: i64| {
        watchlist
            .start_run(&new, at(wall), at(wall + 100))
            .await
            .unwrap()
    };
    assert_eq!(start(0).await, RunStart::Started);
    assert_eq!(start(1).await, RunStart::Busy);
    let mut left = Run {
        stage: Stage::Send { after: None },
        ..new.clone()
    };
    left.counters.synced = 12;
    watchlist.save_run(&left, at(150)).await.unwrap();
    watchlist
        .count_checks(
            &new.id,
            Checks {
                checked: 5,
                unknown: 1,
            },
            at(0),
        )
        .await
        .unwrap();
    left.counters.checked = 5;
    left.counters.unknown = 1;
    assert_eq!(start(149).await, RunStart::Busy);
    assert_eq!(start(150).await, RunStart::Resumed(left.clone()));
    left.finished_at = Some(at(160));
    left.stage = Stage::Done;
    watchlist.save_run(&left, at(200)).await.unwrap();
    assert_eq!(start(1000).await, RunStart::Finished(left.clone()));
    assert_eq!(watchlist.run(&new.id).await.unwrap(), Some(left));
    assert_eq!(watchlist.run(&run("sweep-2")).await.unwrap(), None);
}

pub(crate) async fn the_tally_is_of_today_and_yesterday<W: Watchlist>(watchlist: W) {
    let checks = Checks {
        checked: 10,
        unknown: 2,
    };
    for day in 0..3 {
        watchlist
            .count_checks(&run("any"), checks, at(day * DAY))
            .await
            .unwrap();
        watchlist.count_unverified(1, at(day * DAY)).await.unwrap();
    }
    assert_eq!(
        watchlist.tally(at(2 * DAY)).await.unwrap(),
        Tally {
            checked: 20,
            unknown: 4,
            unverified: 2
        }
    );
    assert_eq!(
        watchlist.tally(at(9 * DAY)).await.unwrap(),
        Tally::default()
    );
}

pub(crate) async fn a_held_plan_is_kept_with_its_state_and_an_event_added_twice_is_one<
    W: Watchlist,
>(
    watchlist: W,
) {
    let held = HeldPlan {
        id: PlanId::from_stored("plan-1"),
        held_at: at(0),
        domains: 3,
        exceeded: Vec::new(),
        state: PlanState::Held,
    };
    assert_eq!(watchlist.plan(&held.id).await.unwrap(), None);
    watchlist.save_plan(&held).await.unwrap();
    let released = HeldPlan {
        state: PlanState::Released { released_at: at(5) },
        ..held.clone()
    };
    watchlist.save_plan(&released).await.unwrap();
    assert_eq!(watchlist.plan(&held.id).await.unwrap(), Some(released));

    let kind = EventKind::Restored {
        plan: held.id,
        addresses: 2,
        left: Vec::new(),
    };
    let event = Event {
        domain: name("gone.org"),
        at: at(7),
        revision: 0,
        run: None,
        kind,
    };
    watchlist.append_event(&event).await.unwrap();
    watchlist.append_event(&event).await.unwrap();
    assert_eq!(
        watchlist.events(&event.domain, None).await.unwrap().items,
        [event]
    );
}
