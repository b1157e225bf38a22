//! The answer at the moment of use, over a real store and sources that are played.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{House, PlayedChecker, day, name, verified};
use jiff::SignedDuration;
use lapsewatch_core::{
    EventKind, Paced, Permission, RdapFacts, RdapFinding, RdapStatus, Reason, Risk, RunId,
    Timestamp, Verdict, WatchedDomain,
};
use lapsewatch_pipeline::{
    AtUse, Checked, Clock, FromRecord, MAX_AGE, Question, Unanswered, answer_by_asking,
    answer_from_record,
};
use lapsewatch_watchlist::{Look, Watchlist as _};

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(20);

impl House {
    async fn ask(&self, domain: &str, verified_at: Option<Timestamp>, now: Timestamp) -> AtUse {
        let within = SignedDuration::try_from(WITHIN).unwrap();
        self.ask_within(domain, verified_at, now, within).await
    }

    async fn answer(
        &self,
        checker: &Arc<PlayedChecker>,
        question: &Question,
        why: Unanswered,
        deadline: Timestamp,
    ) -> AtUse {
        let (run, domain) = (self.run("domains"), question.domain.clone());
        let asking = checker.look_at_use(run, domain, deadline);
        let clock = checker.clock;
        let answered = answer_by_asking(&self.watchlist, question, why, asking, deadline, clock);
        answered.await.unwrap()
    }

    async fn ask_within(
        &self,
        domain: &str,
        verified_at: Option<Timestamp>,
        now: Timestamp,
        within: SignedDuration,
    ) -> AtUse {
        let question = Question {
            domain: name(domain),
            verified_at,
            max_age: MAX_AGE,
        };
        let checker = self.checker(now);
        let known = answer_from_record(&self.watchlist, &question, checker.clock).await;
        match known.unwrap() {
            FromRecord::Answered(answered) => *answered,
            FromRecord::Unanswered(why) => {
                let deadline = Timestamp::now() + within;
                self.answer(&checker, &question, why, deadline).await
            }
        }
    }
}

#[tokio::test]
async fn a_fresh_record_is_answered_from_and_nobody_is_asked() {
    let house = House::watching(&["one.org"]).await;
    let first = house.ask("one.org", None, day(1)).await;
    assert_eq!((first.answer, first.looked_up), (Permission::Allow, true));
    let again = house.ask("one.org", None, day(2)).await;
    assert_eq!((again.answer, again.looked_up), (Permission::Allow, false));
    assert_eq!(house.sources.asked("fastly"), 1);
    let old = house
        .ask("one.org", None, day(2) + SignedDuration::from_millis(1))
        .await;
    assert!(old.looked_up);
}

#[tokio::test]
async fn a_domain_that_nobody_watched_is_looked_up_answered_and_watched_from_then_on() {
    let house = House::watching(&[]).await;
    house.sources.fastly("new.org", "undelegated inactive");
    house
        .sources
        .registry("new.org", RdapFinding::NotRegistered);
    let answered = house.ask("new.org", Some(verified()), day(1)).await;
    assert_eq!(answered.answer, Permission::Deny);
    assert_eq!(answered.reasons, [Reason::Lapsed]);
    let record = house
        .watchlist
        .get(&name("new.org"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.earliest_verified_at, Some(verified()));
}

#[tokio::test]
async fn an_address_that_nobody_can_date_is_not_allowed_at_a_domain_registered_yesterday() {
    let house = House::watching(&[]).await;
    let facts = RdapFacts {
        registered_at: Some(day(0)),
        ..RdapFacts::default()
    };
    house
        .sources
        .registry("new.org", RdapFinding::Registered(facts));
    for now in [day(1), day(1) + SignedDuration::from_secs(1), day(9)] {
        let answered = house.ask("new.org", None, now).await;
        assert_eq!(answered.answer, Permission::AskForMore);
        assert_eq!(answered.reasons[0], Reason::RegisteredLately);
    }
    let dated = house.ask("new.org", Some(day(0)), day(9)).await;
    assert_eq!(dated.answer, Permission::Allow);
}

#[tokio::test]
async fn a_domain_registered_again_is_denied_to_the_older_address_and_allowed_to_the_newer() {
    let house = House::watching(&["one.org"]).await;
    let facts = RdapFacts {
        registered_at: Some(day(20)),
        ..RdapFacts::default()
    };
    house
        .sources
        .registry("one.org", RdapFinding::Registered(facts));
    let older = house.ask("one.org", Some(day(3)), day(21)).await;
    assert_eq!(
        (older.answer, older.verdict),
        (Permission::Deny, "resurrected")
    );
    let newer = house.ask("one.org", Some(day(20)), day(21)).await;
    assert_eq!(newer.answer, Permission::Allow);
    assert_eq!(newer.reasons, [Reason::VerifiedByPresentOwner]);
}

#[tokio::test]
async fn slow_sources_are_not_waited_for_past_the_deadline_and_the_last_record_comes_with_unknown()
{
    let house = House::watching(&["one.org"]).await;
    house.ask("one.org", None, day(1)).await;
    house.sources.slow(Duration::from_hours(1));
    let within = SignedDuration::from_millis(100);
    let answered = house.ask_within("one.org", None, day(9), within).await;
    assert_eq!(answered.answer, Permission::AskForMore);
    assert_eq!((answered.verdict, answered.looked_up), ("unknown", false));
    assert_eq!(answered.reasons, [Reason::Stale]);
    assert_eq!(answered.record.unwrap().checked_at(), Some(day(1)));
    for minutes in [1, 59] {
        let now = day(9) + SignedDuration::from_mins(minutes);
        let again = house.ask_within("one.org", None, now, within).await;
        assert_eq!(again.answer, Permission::AskForMore);
    }
    assert_eq!(house.sources.asked("fastly"), 2, "not paid for in a row");
}

#[tokio::test]
async fn while_somebody_else_is_about_to_look_a_glance_answers() {
    let house = House::watching(&["one.org"]).await;
    house.ask("one.org", Some(verified()), day(1)).await;
    let sweep = house.run("sweep");
    let lease = Timestamp::now() + SignedDuration::from_mins(3);
    let begin = async |run: &RunId| {
        let one = [name("one.org")];
        let begun = house
            .watchlist
            .begin_looks(&one, run, Timestamp::now(), lease);
        begun.await.unwrap().remove(0)
    };
    assert!(matches!(begin(&sweep).await, Look::Begun(_)));
    let answered = house.ask("one.org", Some(verified()), day(9)).await;
    assert_eq!(
        (answered.answer, answered.looked_up),
        (Permission::Allow, true)
    );
    assert_eq!(house.sources.asked("fastly"), 1);
    let another = house.run("due");
    assert_eq!(
        begin(&another).await,
        Look::InProgress,
        "its lease is its own"
    );
}

#[tokio::test]
async fn who_asks_for_resets_in_a_row_does_not_make_us_pay_in_a_row() {
    let house = House::watching(&["lost.org"]).await;
    house.sources.fastly("lost.org", "undelegated inactive");
    house
        .sources
        .registry("lost.org", RdapFinding::NotRegistered);
    for seconds in 0..20 {
        let now = day(1) + SignedDuration::from_secs(seconds);
        let answered = house.ask("lost.org", None, now).await;
        assert_eq!(answered.answer, Permission::Deny);
    }
    assert_eq!(house.sources.asked("fastly"), 1);
    let later = house
        .ask("lost.org", None, day(1) + SignedDuration::from_mins(61))
        .await;
    assert!(later.looked_up, "a suspicion is asked about again soon");
}

#[tokio::test]
async fn a_registry_that_is_silent_is_not_paid_around_question_by_question() {
    let house = House::watching(&["one.org"]).await;
    house.sources.throttled("one.org", Duration::from_hours(6));
    for minutes in [0, 5, 59] {
        let now = day(1) + SignedDuration::from_mins(minutes);
        let answered = house.ask("one.org", None, now).await;
        assert_eq!(
            answered.answer,
            Permission::AskForMore,
            "silence allows nobody"
        );
    }
    assert_eq!(house.sources.asked("fastly"), 1);
    // By now the pace is held for hours: the registry is not asked, and that is no answer either.
    for minutes in [61, 70] {
        let now = day(1) + SignedDuration::from_mins(minutes);
        let answered = house.ask("one.org", None, now).await;
        assert_eq!(answered.answer, Permission::AskForMore);
    }
    assert_eq!(house.sources.asked("fastly"), 2);
    assert_eq!(house.sources.asked("registry"), 1);
}

#[tokio::test]
async fn what_was_asked_for_this_question_is_fresh_however_long_it_took() {
    let house = House::watching(&["one.org"]).await;
    house.sources.slow(Duration::from_millis(30));
    let checker = house.checker_by(Clock::new(Timestamp::now, None));
    let question = Question {
        domain: name("one.org"),
        verified_at: Some(verified()),
        max_age: SignedDuration::ZERO,
    };
    let deadline = Timestamp::now() + SignedDuration::from_secs(20);
    let why = Unanswered::NotFresh;
    let answered = house.answer(&checker, &question, why, deadline).await;
    assert_eq!(
        (answered.answer, answered.looked_up),
        (Permission::Allow, true)
    );
}

#[tokio::test]
async fn with_the_budget_spent_a_glance_answers_for_nothing_and_what_needs_a_look_allows_nobody() {
    let mut house = House::watching(&["one.org", "back.org", "gone.org"]).await;
    for domain in ["one.org", "back.org", "gone.org"] {
        house.ask(domain, Some(verified()), day(1)).await;
    }
    house.budget = 3;
    let glanced = house.ask("one.org", Some(verified()), day(9)).await;
    assert_eq!(
        (glanced.answer, glanced.looked_up),
        (Permission::Allow, true)
    );
    let facts = RdapFacts {
        registered_at: Some(day(8)),
        ..RdapFacts::default()
    };
    house
        .sources
        .registry("back.org", RdapFinding::Registered(facts));
    let older = house.ask("back.org", Some(verified()), day(9)).await;
    assert_eq!(older.answer, Permission::Deny);
    assert_eq!(older.reasons, [Reason::RegisteredSince]);
    let newer = house.ask("back.org", Some(day(8)), day(9)).await;
    assert_eq!(newer.answer, Permission::AskForMore);
    assert_eq!(newer.reasons, [Reason::Unsettled]);
    house
        .sources
        .registry("gone.org", RdapFinding::NotRegistered);
    let gone = house.ask("gone.org", Some(verified()), day(9)).await;
    assert_eq!(
        (gone.answer, gone.looked_up),
        (Permission::AskForMore, true)
    );
    assert_eq!(gone.reasons, [Reason::Unsettled]);
    assert_eq!(house.sources.asked("fastly"), 3, "nothing more is paid");
}

#[tokio::test]
async fn while_fastly_wishes_to_be_left_alone_a_glance_answers_at_once() {
    let house = House::watching(&["one.org", "jp.jp"]).await;
    house.ask("one.org", Some(verified()), day(1)).await;
    let hours = Timestamp::now() + SignedDuration::from_hours(6);
    let held = house.watchlist.hold_pace(&Paced::Fastly, hours);
    held.await.unwrap();
    let asked = Instant::now();
    let glanced = house.ask("one.org", Some(verified()), day(9)).await;
    assert_eq!(
        (glanced.answer, glanced.looked_up),
        (Permission::Allow, true)
    );
    let never_looked_at = house.ask("jp.jp", Some(verified()), day(9)).await;
    assert_eq!(never_looked_at.answer, Permission::AskForMore);
    assert_eq!(never_looked_at.reasons, [Reason::Unknown]);
    assert_eq!(house.sources.asked("fastly"), 1);
    assert!(asked.elapsed() < WITHIN, "nobody waits for the hours");
}

#[tokio::test]
async fn what_a_glance_has_shown_is_not_forgotten_where_the_budget_is_spent_and_the_next_look_goes_there_first()
 {
    let mut house = House::watching(&["one.org", "two.org", "longer.org"]).await;
    house.check("sweep", day(0), &["longer.org"]).await;
    house.check("sweep", day(1), &["one.org", "two.org"]).await;
    house.budget = 3;
    let redemption = RdapFacts {
        statuses: vec![RdapStatus::RedemptionPeriod],
        ..RdapFacts::default()
    };
    house
        .sources
        .registry("two.org", RdapFinding::Registered(redemption));
    let answers = house.check("due", day(2), &["one.org", "two.org"]).await;
    assert_eq!(answers, [Checked::Glanced, Checked::OverBudget]);
    let is_warning = |event: &EventKind| {
        matches!(
            event,
            EventKind::DomainAtRisk {
                risk: Risk::Redemption,
                ..
            }
        )
    };
    let events = house.events("two.org").await;
    assert!(events.iter().any(is_warning), "its owner can still renew");
    let moment_later = day(2) + SignedDuration::from_secs(1);
    let answered = house.ask("two.org", Some(verified()), moment_later).await;
    assert_eq!(
        (answered.answer, answered.looked_up),
        (Permission::Deny, false),
        "a record of yesterday would have allowed"
    );
    assert_eq!(answered.reasons[0], Reason::Lapsing);

    let on_day_3 = house.check("due", day(3), &["two.org"]).await;
    assert_eq!(on_day_3, [Checked::OverBudget]);
    assert_eq!(
        house.sources.asked("registry"),
        3 + 3,
        "it is kept in sight"
    );

    house.budget = 4;
    let run = house.run("due");
    let due = house.watchlist.unchecked(&run, Some(day(4)), None).await;
    assert_eq!(due.unwrap().items[0], name("two.org"));
    let answers = house.check("due", day(4), &["two.org"]).await;
    assert_eq!(answers, [Checked::Looked(Verdict::Lapsing)]);
}

#[tokio::test]
async fn with_the_budget_spent_a_silent_registry_allows_nobody_at_a_domain_that_came_back() {
    let mut house = House::watching(&["back.org"]).await;
    let facts = RdapFacts {
        registered_at: Some(day(2)),
        ..RdapFacts::default()
    };
    house
        .sources
        .registry("back.org", RdapFinding::Registered(facts));
    let newer = Some(day(2));
    let heard = house.ask("back.org", newer, day(3)).await;
    assert_eq!(
        (heard.answer, heard.verdict),
        (Permission::Allow, "resurrected")
    );
    house.budget = 1;
    house.sources.throttled("back.org", Duration::from_hours(6));
    for minutes in [0, 5] {
        let now = day(20) + SignedDuration::from_mins(minutes);
        let silent = house.ask("back.org", newer, now).await;
        assert_eq!(silent.answer, Permission::AskForMore);
        assert_eq!(silent.reasons, [Reason::Stale]);
    }
}

#[tokio::test]
async fn an_answer_is_the_document_that_both_hosts_give() {
    let house = House::watching(&[]).await;
    house
        .watchlist
        .watch(
            &[WatchedDomain {
                domain: name("one.org"),
                earliest_verified_at: Some(verified()),
            }],
            None,
            verified(),
        )
        .await
        .unwrap();
    let answered = house.ask("one.org", None, day(1)).await;
    let document = serde_json::to_value(&answered).unwrap();
    assert_eq!(document["answer"], "allow");
    assert_eq!(document["verdict"], "held");
    assert_eq!(document["reasons"], serde_json::json!(["held"]));
    assert_eq!(document["looked_up"], true);
    assert_eq!(document["record"]["domain"], "one.org");
}
