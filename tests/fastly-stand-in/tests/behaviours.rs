//! What a client sees, by real HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::time::Duration;

use fastly_stand_in::{Answer, Behaviour, Offer, Outage, RateLimit, Script, StandIn};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

async fn ask(stand_in: &StandIn, domain: &str) -> Response {
    ask_with(&Client::new(), stand_in, domain, "key").await
}

async fn ask_with(client: &Client, stand_in: &StandIn, domain: &str, key: &str) -> Response {
    client
        .get(format!(
            "{}/domain-management/v1/tools/status",
            stand_in.url()
        ))
        .query(&[("domain", domain)])
        .header("Fastly-Key", key)
        .send()
        .await
        .unwrap()
}

async fn status_of(stand_in: &StandIn, domain: &str) -> String {
    let answer: Value = ask(stand_in, domain).await.json().await.unwrap();
    answer["status"].as_str().unwrap().to_owned()
}

fn playing(behaviour: Behaviour) -> StandIn {
    StandIn::start(Script::default().on("a.example", [behaviour])).unwrap()
}

#[tokio::test]
async fn an_answer_has_the_shape_of_the_contract() {
    let offer = Offer {
        vendor: "afternic".into(),
        price: "25000.00".into(),
        currency: "USD".into(),
    };
    let stand_in = playing(Behaviour::Answer(Answer {
        status: "marketed priced transferable active".into(),
        offers: vec![offer],
        ..Answer::default()
    }));
    let answer: Value = ask(&stand_in, "a.example").await.json().await.unwrap();
    assert_eq!(
        answer,
        json!({
            "domain": "a.example", "zone": "example", "status": "marketed priced transferable active", "tags": "generic",
            "offers": [{"vendor": "afternic", "price": "25000.00", "currency": "USD"}],
        })
    );
}

#[tokio::test]
async fn an_estimate_is_answered_as_one() {
    let stand_in = StandIn::start(Script::answering("undelegated")).unwrap();
    let url = format!(
        "{}/domain-management/v1/tools/status?domain=a.example&scope=estimate",
        stand_in.url()
    );
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(answer["scope"], "estimate");
}

#[tokio::test]
async fn behaviours_are_played_in_the_order_of_calls_and_the_last_one_stays() {
    let busy = Behaviour::TooManyRequests {
        retry_after: Some(7),
        reset: Some(1_800_000_000),
    };
    let stand_in =
        StandIn::start(Script::default().on("a.example", [busy, Behaviour::answer("active")]))
            .unwrap();
    let first = ask(&stand_in, "a.example").await;
    assert_eq!(first.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(first.headers()["retry-after"], "7");
    assert_eq!(first.headers()["fastly-ratelimit-remaining"], "0");
    assert_eq!(first.headers()["fastly-ratelimit-reset"], "1800000000");
    assert_eq!(status_of(&stand_in, "a.example").await, "active");
    assert_eq!(status_of(&stand_in, "A.EXAMPLE").await, "active");
    assert_eq!(stand_in.calls("a.example"), 3);
}

#[tokio::test]
async fn a_step_holds_from_its_time_on_and_is_played_from_its_beginning() {
    let script = Script {
        now: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        ..Script::answering("active")
    }
    .on_from(
        "a.example",
        "2026-01-02T00:00:00Z".parse().unwrap(),
        [Behaviour::answer("expiring"), Behaviour::answer("inactive")],
    );
    let stand_in = StandIn::start(script).unwrap();
    assert_eq!(status_of(&stand_in, "a.example").await, "active");
    stand_in.set_now("2026-01-02T00:00:00Z".parse().unwrap());
    assert_eq!(status_of(&stand_in, "a.example").await, "expiring");
    assert_eq!(status_of(&stand_in, "a.example").await, "inactive");
    assert_eq!(status_of(&stand_in, "b.example").await, "active");
}

#[tokio::test]
async fn errors_are_answered_with_their_status_and_body() {
    for (behaviour, status, body) in [
        (Behaviour::Unauthorized, 401, "credentials"),
        (Behaviour::Forbidden, 403, "domain_research"),
        (Behaviour::ServerError { status: 502 }, 502, "failed"),
        (Behaviour::NotJson, 200, "<html>"),
        (Behaviour::WrongShape, 200, "[{"),
        (Behaviour::ErrorsList, 200, r#""code":404"#),
        (
            Behaviour::DomainNotFound,
            400,
            r#""title":"Domain not found""#,
        ),
        (
            Behaviour::AnotherName {
                domain: "b.example".into(),
                status: "inactive".into(),
            },
            200,
            r#""b.example""#,
        ),
        (
            Behaviour::Raw {
                status: 418,
                headers: [].into(),
                body: "teapot".into(),
            },
            418,
            "teapot",
        ),
    ] {
        let said = format!("{behaviour:?}");
        let answer = ask(&playing(behaviour), "a.example").await;
        assert_eq!(answer.status(), status, "{said}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(body), "{said}: {text}");
    }
}

#[tokio::test]
async fn a_redirect_names_the_other_place() {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let stand_in = playing(Behaviour::Redirect {
        to: "http://127.0.0.1:1/".into(),
    });
    let answer = ask_with(&client, &stand_in, "a.example", "key").await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "http://127.0.0.1:1/");
}

#[tokio::test]
async fn a_huge_body_is_as_huge_as_asked() {
    let answer = ask(&playing(Behaviour::Huge { bytes: 1_000_000 }), "a.example").await;
    assert!(answer.bytes().await.unwrap().len() > 1_000_000);
}

#[tokio::test]
async fn a_cut_connection_breaks_within_the_body() {
    let answer = ask(&playing(Behaviour::Cut), "a.example").await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn a_call_that_hangs_ends_with_the_stand_in() {
    let stand_in = playing(Behaviour::Hang);
    let url = format!(
        "{}/domain-management/v1/tools/status?domain=a.example",
        stand_in.url()
    );
    let call = tokio::spawn(async move { reqwest::get(url).await });
    while stand_in.total() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!call.is_finished());
    drop(stand_in);
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn another_key_than_the_scripts_is_rejected() {
    let stand_in = StandIn::start(Script {
        key: Some("right".into()),
        ..Script::default()
    })
    .unwrap();
    let client = Client::new();
    assert_eq!(
        ask_with(&client, &stand_in, "a.example", "wrong")
            .await
            .status(),
        401
    );
    assert_eq!(
        ask_with(&client, &stand_in, "a.example", "right")
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn an_outage_hits_every_domain() {
    let script = Script::default().on("a.example", [Behaviour::answer("inactive")]);
    let stand_in = StandIn::start(Script {
        outage: Some(Outage::Unknown),
        ..script.clone()
    })
    .unwrap();
    assert_eq!(status_of(&stand_in, "a.example").await, "unknown");
    stand_in.set_script(Script {
        outage: Some(Outage::Unavailable),
        ..script.clone()
    });
    assert_eq!(ask(&stand_in, "b.example").await.status(), 503);
    stand_in.set_script(script);
    assert_eq!(status_of(&stand_in, "a.example").await, "inactive");
    assert_eq!(stand_in.total(), 3);
}

#[tokio::test]
async fn calls_above_the_rate_limit_are_refused() {
    let rate_limit = Some(RateLimit {
        per_second: 0.001,
        burst: 2,
    });
    let stand_in = StandIn::start(Script {
        rate_limit,
        ..Script::default()
    })
    .unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(ask(&stand_in, "a.example").await.status().as_u16());
    }
    assert_eq!(seen, [200, 200, 429]);
}

#[tokio::test]
async fn arrivals_are_recorded_in_order() {
    let stand_in = StandIn::start(Script::default()).unwrap();
    for domain in ["a.example", "b.example", "a.example"] {
        ask(&stand_in, domain).await;
    }
    let arrivals = stand_in.arrivals();
    assert_eq!(arrivals.len(), 3);
    assert!(arrivals.is_sorted());
    assert_eq!(
        (
            stand_in.calls("a.example"),
            stand_in.calls("b.example"),
            stand_in.total()
        ),
        (2, 1, 3)
    );
}

#[tokio::test]
async fn the_control_plane_reads_and_sets_from_another_process() {
    let stand_in = StandIn::start(Script::default()).unwrap();
    let client = Client::new();
    let control = |path: &str| format!("{}/_stand-in/{path}", stand_in.url());

    let script = json!({
        "now": "2026-01-01T00:00:00Z",
        "domains": {"a.example": [{"from": "2026-01-02T00:00:00Z", "behaviours": [{"answer": {"status": "inactive"}}]}]},
    });
    assert_eq!(
        client
            .put(control("script"))
            .json(&script)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(status_of(&stand_in, "a.example").await, "active");
    let clock = json!({"now": "2026-01-02T00:00:00Z"});
    assert_eq!(
        client
            .put(control("clock"))
            .json(&clock)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(status_of(&stand_in, "a.example").await, "inactive");

    let seen: Value = client
        .get(control("calls?arrivals=true"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen["total"], 2);
    assert_eq!(seen["domains"], json!({"a.example": 2}));
    assert_eq!(seen["arrivals_us"].as_array().unwrap().len(), 2);

    assert_eq!(
        client.post(control("reset")).send().await.unwrap().status(),
        204
    );
    let seen: Value = client
        .get(control("calls"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(seen, json!({"total": 0, "domains": {}}));
}

#[tokio::test]
async fn a_script_with_a_misspelt_field_is_refused() {
    let stand_in = StandIn::start(Script::default()).unwrap();
    let url = format!("{}/_stand-in/script", stand_in.url());
    let answer = Client::new()
        .put(url)
        .json(&json!({"latency": 5}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
}

#[test]
fn every_behaviour_survives_the_way_through_json() {
    let script = Script::answering("active").on(
        "a.example",
        [
            Behaviour::Hang,
            Behaviour::Cut,
            Behaviour::TooManyRequests {
                retry_after: None,
                reset: None,
            },
            Behaviour::Huge { bytes: 3 },
            Behaviour::Raw {
                status: 200,
                headers: [("a".into(), "b".into())].into(),
                body: String::new(),
            },
        ],
    );
    let text = serde_json::to_string(&script).unwrap();
    assert_eq!(serde_json::from_str::<Script>(&text).unwrap(), script);
}

#[test]
fn the_script_in_the_readme_is_valid() {
    let readme = include_str!("../README.md");
    let json = readme
        .split("```json")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let script: Script = serde_json::from_str(json).unwrap();
    assert_eq!(script.domains.len(), 2);
}
