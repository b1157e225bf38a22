//! The client against the stand-in, over real HTTP: one test for each row of the contract.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::net::TcpListener;
use std::time::Duration;

use fastly_stand_in::{Answer, Behaviour, Outage, Script, StandIn};
use lapsewatch_core::{DomainName, FastlyFinding, NoAnswer, Registration, Scope, Timestamp};
use lapsewatch_sources::{Fastly, LookError, SetupError, StatusSource};

const KEY: &str = "a-token-of-32-characters-for-test";

fn domain() -> DomainName {
    "example.org".parse().unwrap()
}

fn client(stand_in: &StandIn) -> Fastly {
    Fastly::new(&stand_in.url(), &KEY.into(), Timestamp::now).unwrap()
}

fn playing(behaviours: impl IntoIterator<Item = Behaviour>) -> StandIn {
    let script = Script {
        key: Some(KEY.to_owned()),
        ..Script::default()
    };
    StandIn::start(script.on("example.org", behaviours)).unwrap()
}

async fn look(behaviour: Behaviour) -> Result<FastlyFinding, LookError> {
    let stand_in = playing([behaviour]);
    client(&stand_in).status(&domain()).await
}

fn raw(status: u16, body: &str) -> Behaviour {
    Behaviour::Raw {
        status,
        headers: [].into(),
        body: body.to_owned(),
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is compared with what a look returns"
)]
fn no_answer(reason: NoAnswer) -> Result<FastlyFinding, LookError> {
    Ok(FastlyFinding::NoAnswer { reason })
}

fn refused(http_status: u16, said: &str) -> Result<FastlyFinding, LookError> {
    no_answer(NoAnswer::Refused {
        http_status,
        said: said.to_owned(),
    })
}

fn unreadable(why: &str) -> Result<FastlyFinding, LookError> {
    no_answer(NoAnswer::Unreadable {
        why: why.to_owned(),
    })
}

fn retryable(reason: NoAnswer) -> Result<FastlyFinding, LookError> {
    Err(LookError::Retryable {
        reason,
        retry_after: None,
    })
}

#[tokio::test]
async fn a_status_is_read_with_all_its_tokens_in_one_call() {
    for status in [
        "active",
        "undelegated inactive",
        "marketed priced transferable active",
        "sparkling active",
    ] {
        let stand_in = playing([Behaviour::answer(status)]);
        let Ok(FastlyFinding::Answered {
            status: read,
            scope,
        }) = client(&stand_in).status(&domain()).await
        else {
            panic!("{status} was not read")
        };
        assert_eq!((read.to_string().as_str(), scope), (status, Scope::Precise));
        assert_eq!(stand_in.calls("example.org"), 1);
    }
}

#[tokio::test]
async fn every_known_token_arrives_as_what_it_means() {
    for (status, registration) in [
        ("unknown", Registration::Undecided),
        ("undelegated", Registration::Undecided),
        ("inactive", Registration::Available),
        ("pending", Registration::Undecided),
        ("disallowed", Registration::NotRegistrable),
        ("claimed", Registration::NotRegistrable),
        ("reserved", Registration::NotRegistrable),
        ("dpml", Registration::NotRegistrable),
        ("invalid", Registration::NotRegistrable),
        ("active", Registration::Registered),
        ("active parked", Registration::Registered),
        ("marketed", Registration::Registered),
        ("priced", Registration::Registered),
        ("transferable", Registration::Registered),
        ("active expiring", Registration::Expiring),
        ("active deleting", Registration::Deleting),
        ("inactive premium", Registration::Available),
        ("inactive suffix", Registration::Undecided),
        ("inactive zone", Registration::Undecided),
        ("inactive tld", Registration::Undecided),
        ("sparkling", Registration::Undecided),
    ] {
        let finding = look(Behaviour::answer(status)).await.unwrap();
        assert_eq!(finding.registration(), registration, "{status}");
    }
}

#[tokio::test]
async fn an_estimate_stays_one_and_decides_nothing() {
    let answer = Answer {
        status: "inactive".into(),
        scope: Some("estimate".into()),
        ..Answer::default()
    };
    let finding = look(Behaviour::Answer(answer)).await.unwrap();
    assert!(matches!(
        finding,
        FastlyFinding::Answered {
            scope: Scope::Estimate,
            ..
        }
    ));
    assert_eq!(finding.registration(), Registration::Undecided);
}

#[tokio::test]
async fn an_outage_that_looks_like_data_decides_nothing() {
    let stand_in = StandIn::start(Script {
        outage: Some(Outage::Unknown),
        ..Script::default()
    })
    .unwrap();
    let finding = client(&stand_in).status(&domain()).await.unwrap();
    assert_eq!(finding.registration(), Registration::Undecided);
}

#[tokio::test]
async fn a_name_that_is_not_found_is_refused_for_good() {
    assert_eq!(
        look(Behaviour::DomainNotFound).await,
        refused(400, "Domain not found: example.org")
    );
    assert_eq!(
        look(Behaviour::ErrorsList).await,
        refused(404, "Domain not found: example.org")
    );
    assert_eq!(
        look(raw(404, r#"{"errors":[{"message":"gone"}]}"#)).await,
        refused(404, "gone")
    );
    assert_eq!(
        look(raw(400, r#"{"msg":"Bad request","detail":"no zone"}"#)).await,
        refused(400, "Bad request: no zone")
    );
    assert_eq!(
        look(raw(418, "a\u{1b}[2Jteapot\n")).await,
        refused(418, "a [2Jteapot")
    );
}

#[tokio::test]
async fn a_long_refusal_is_kept_short() {
    let Ok(FastlyFinding::NoAnswer {
        reason: NoAnswer::Refused { said, .. },
    }) = look(raw(400, &"x".repeat(9999))).await
    else {
        panic!("not refused")
    };
    assert_eq!(said.len(), 200);
    assert_eq!(
        look(raw(400, &"x".repeat(99_999))).await,
        refused(400, "(more than 64 KiB)")
    );
}

#[tokio::test]
async fn a_rejected_key_ends_the_run_and_says_what_to_do() {
    for (behaviour, status) in [
        (Behaviour::Unauthorized, 401),
        (Behaviour::Forbidden, 403),
        (
            raw(200, r#"{"errors":[{"code":403,"message":"not enabled"}]}"#),
            403,
        ),
    ] {
        let error = look(behaviour).await.unwrap_err();
        assert_eq!(error, LookError::KeyRejected { status });
        assert!(!error.is_retryable());
        let said = error.to_string();
        assert!(
            said.contains("global:read") && said.contains("Domain Research") && !said.contains(KEY),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_key_that_was_replaced_is_taken_without_starting_anew() {
    let stand_in = playing([Behaviour::answer("active")]);
    let old = Fastly::new(&stand_in.url(), &"an-old-token".into(), Timestamp::now).unwrap();
    assert_eq!(
        old.status(&domain()).await,
        Err(LookError::KeyRejected { status: 401 })
    );
    let new = old.with_key(&format!("{KEY}\n").into()).unwrap();
    assert!(matches!(
        new.status(&domain()).await,
        Ok(FastlyFinding::Answered { .. })
    ));
}

#[tokio::test]
async fn too_many_requests_are_worth_another_attempt_after_the_wait_that_is_asked_for() {
    let throttled = |retry_after| {
        Err(LookError::Retryable {
            reason: NoAnswer::Throttled,
            retry_after,
        })
    };
    let busy = |retry_after, reset| Behaviour::TooManyRequests { retry_after, reset };
    assert_eq!(look(busy(None, None)).await, throttled(None));
    assert_eq!(
        look(busy(Some(7), None)).await,
        throttled(Some(Duration::from_secs(7)))
    );
    assert_eq!(
        look(busy(Some(86_400), None)).await,
        throttled(Some(Duration::from_hours(1)))
    );

    let stand_in = playing([busy(None, Some(1_767_225_630))]);
    let at_new_year = || "2026-01-01T00:00:00Z".parse().unwrap();
    let fastly = Fastly::new(&stand_in.url(), &KEY.into(), at_new_year).unwrap();
    let error = fastly.status(&domain()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_failing_service_is_worth_another_attempt() {
    for http_status in [500, 502, 503, 504, 599] {
        let failed = look(Behaviour::ServerError {
            status: http_status,
        })
        .await;
        assert_eq!(failed, retryable(NoAnswer::ServerFailed { http_status }));
    }
    let listed = look(raw(
        200,
        r#"{"errors":[{"code":"503","message":"upstream"}]}"#,
    ))
    .await;
    assert_eq!(
        listed,
        retryable(NoAnswer::ServerFailed { http_status: 503 })
    );
    let headers = [("Retry-After".to_owned(), "5".to_owned())].into();
    let busy = look(Behaviour::Raw {
        status: 503,
        headers,
        body: String::new(),
    })
    .await
    .unwrap_err();
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn after_a_throttled_attempt_the_next_one_is_answered() {
    let busy = Behaviour::TooManyRequests {
        retry_after: None,
        reset: None,
    };
    let stand_in = playing([busy, Behaviour::answer("active")]);
    let fastly = client(&stand_in);
    assert_eq!(
        fastly.status(&domain()).await,
        retryable(NoAnswer::Throttled)
    );
    assert_eq!(
        stand_in.calls("example.org"),
        1,
        "the client itself does not retry"
    );
    assert!(matches!(
        fastly.status(&domain()).await,
        Ok(FastlyFinding::Answered { .. })
    ));
}

#[tokio::test]
async fn a_service_that_never_answers_is_timed_out() {
    let stand_in = playing([Behaviour::Hang]);
    let fastly = client(&stand_in).with_timeout(Duration::from_millis(100));
    assert_eq!(
        fastly.status(&domain()).await,
        retryable(NoAnswer::TimedOut)
    );
    assert_eq!(stand_in.calls("example.org"), 1);
}

#[tokio::test]
async fn a_connection_cut_within_the_answer_is_worth_another_attempt() {
    let stand_in = playing([Behaviour::Cut]);
    assert_eq!(
        client(&stand_in).status(&domain()).await,
        retryable(NoAnswer::NotReached)
    );
    assert_eq!(stand_in.calls("example.org"), 1);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_not_reached() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fastly = Fastly::new(&format!("http://{free}"), &KEY.into(), Timestamp::now).unwrap();
    assert_eq!(
        fastly.status(&domain()).await,
        retryable(NoAnswer::NotReached)
    );
}

#[tokio::test]
async fn a_pooled_connection_that_died_costs_no_attempt() {
    let stand_in = playing([Behaviour::answer("active")]);
    let fastly = client(&stand_in);
    assert!(fastly.status(&domain()).await.is_ok());
    let address = stand_in
        .url()
        .trim_start_matches("http://")
        .parse()
        .unwrap();
    drop(stand_in);
    let again = StandIn::listen(address, Script::default()).unwrap();
    // The close has to reach the client: what is written into a connection that dies under it may have been served.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(matches!(
        fastly.status(&domain()).await,
        Ok(FastlyFinding::Answered { .. })
    ));
    assert_eq!(again.calls("example.org"), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_no_answer() {
    assert_eq!(
        look(Behaviour::NotJson).await,
        unreadable("it is not a JSON object")
    );
    assert_eq!(
        look(Behaviour::WrongShape).await,
        unreadable("it is not a JSON object")
    );
    assert_eq!(
        look(raw(204, "")).await,
        unreadable("it is not a JSON object")
    );
    assert_eq!(
        look(raw(200, r#"{"domain":"example.org"}"#)).await,
        unreadable("it has no status")
    );
    let other = Behaviour::AnotherName {
        domain: "example.com".into(),
        status: "inactive".into(),
    };
    assert_eq!(look(other).await, no_answer(NoAnswer::OtherName));
}

#[tokio::test]
async fn a_huge_body_is_not_read_to_its_end_even_where_it_is_valid() {
    assert_eq!(
        look(Behaviour::Huge { bytes: 70_000 }).await,
        unreadable("it is longer than 64 KiB")
    );
    assert_eq!(
        look(Behaviour::Huge { bytes: 50_000_000 }).await,
        unreadable("it is longer than 64 KiB")
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = StandIn::start(Script::answering("inactive")).unwrap();
    let to = format!(
        "{}/domain-management/v1/tools/status?domain=example.org",
        elsewhere.url()
    );
    let finding = look(Behaviour::Redirect { to }).await;
    assert_eq!(
        finding,
        unreadable("it is a redirect, which is not followed with the key")
    );
    assert_eq!(elsewhere.total(), 0);
}

#[tokio::test]
async fn an_answer_that_repeats_the_key_is_not_kept() {
    assert_eq!(
        look(raw(400, &format!("Fastly-Key: {KEY}"))).await,
        refused(400, "(withheld: it repeats the key)")
    );
    let errors = format!(r#"{{"errors":[{{"code":404,"message":"{KEY}"}}]}}"#);
    assert_eq!(
        look(raw(200, &errors)).await,
        unreadable("it repeats the key")
    );
}

#[test]
fn the_key_is_not_in_the_debug_output() {
    let fastly = Fastly::new("https://api.fastly.com", &KEY.into(), Timestamp::now).unwrap();
    assert!(!format!("{fastly:?}").contains(KEY));
}

#[test]
fn a_client_is_refused_a_base_url_that_would_leak_the_key() {
    let refused = Fastly::new("http://api.fastly.com", &KEY.into(), Timestamp::now);
    assert!(matches!(refused, Err(SetupError::BaseUrl { .. })));
}
