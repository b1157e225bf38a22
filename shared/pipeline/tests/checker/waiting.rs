//! Looks that wait for hours, by a clock that stands still while there is work and jumps to the next timer when there is none.

use crate::support::{House, day, messages, name, now, wait_until};
use jiff::SignedDuration;
use lapsewatch_core::{Paced, RdapFacts, RdapFinding, RdapStatus, Verdict};
use lapsewatch_pipeline::{Checked, Deadline};
use lapsewatch_watchlist::{Look, Watchlist as _};

#[tokio::test(start_paused = true)]
async fn a_look_that_waits_for_hours_is_nobody_elses_meanwhile() {
    let house = House::watching(&["one.org"]).await;
    let checker = house.checker_from(day(1));
    let held_until = day(1) + SignedDuration::from_hours(3);
    let held = house.watchlist.hold_pace(&Paced::Fastly, held_until);
    held.await.unwrap();
    let waiting = messages(&house.run("sweep"), &["one.org"]);
    let waiting = tokio::spawn(async move { checker.check(&waiting, Deadline::Open).await });
    let (another, one) = (house.run("due"), [name("one.org")]);
    for minutes in [1, 10, 170] {
        wait_until(day(1) + SignedDuration::from_mins(minutes)).await;
        let begun = house.watchlist.begin_looks(&one, &another, now(), now());
        assert_eq!(begun.await.unwrap(), [Look::InProgress], "{minutes} min");
    }
    let answers = waiting.await.unwrap().unwrap();
    assert_eq!(answers, [Checked::Looked(Verdict::Held)]);
    assert!(now() >= held_until);
}

#[tokio::test(start_paused = true)]
async fn what_a_glance_heard_is_not_made_younger_by_the_look_that_follows() {
    let house = House::watching(&["one.org"]).await;
    let checker = house.checker_from(day(1));
    let sweep = messages(&house.run("sweep"), &["one.org"]);
    checker.check(&sweep, Deadline::Open).await.unwrap();
    let redemption = RdapFacts {
        statuses: vec![RdapStatus::RedemptionPeriod],
        ..RdapFacts::default()
    };
    let redemption = RdapFinding::Registered(redemption);
    house.sources.registry("one.org", redemption.clone());
    wait_until(day(3)).await;
    let held_until = day(3) + SignedDuration::from_mins(10);
    let held = house.watchlist.hold_pace(&Paced::Fastly, held_until);
    held.await.unwrap();
    let due = messages(&house.run("due"), &["one.org"]);
    let answers = checker.check(&due, Deadline::Open).await.unwrap();
    assert_eq!(answers, [Checked::Looked(Verdict::Lapsing)]);
    let record = house.watchlist.get(&name("one.org")).await.unwrap();
    let look = record.unwrap().evidence.unwrap();
    assert_eq!((look.observed_at, look.rdap), (day(3), Some(redemption)));
    assert!(now() >= held_until);
    assert_eq!(house.sources.asked("registry"), 2, "not asked once more");
}
