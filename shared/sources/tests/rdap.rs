//! RDAP over real HTTP, against a stand-in for what a real server does not say: one test for each thing that can go wrong.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

use std::time::Duration;

use jiff::Timestamp;
use lapsewatch_core::{DomainName, RdapFailure, RdapFinding};
use lapsewatch_sources::{
    Bootstrap, BootstrapSetting, DnsSetting, Rdap, RegistryReply, RegistrySource, WitnessSettings,
};
use rdap_stand_in::{Reply, StandIn, registered};

fn domain() -> DomainName {
    "example.org".parse().unwrap()
}

/// A client of an operator who names the stand-in as the registry of `.org`.
fn client(stand_in: &StandIn) -> Rdap {
    client_for(stand_in, &["org"])
}

fn client_for(stand_in: &StandIn, tlds: &[&str]) -> Rdap {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), stand_in.bootstrap(tlds)).unwrap();
    Rdap::new(Bootstrap::of_file(file.path()).unwrap(), Timestamp::now).unwrap()
}

async fn asked(reply: Reply) -> RegistryReply {
    let stand_in = StandIn::start().unwrap();
    stand_in.says("example.org", reply);
    client(&stand_in).registration(&domain()).await
}

async fn failure(reply: Reply) -> RdapFailure {
    match asked(reply).await.finding {
        RdapFinding::NoAnswer { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn example() -> Reply {
    Reply::object(&registered(
        "example.org",
        &[("registration", "2020-01-01T00:00:00Z")],
    ))
}

#[tokio::test]
async fn a_registered_name_is_read_and_one_that_the_registry_does_not_know_is_not_registered() {
    let RdapFinding::Registered(facts) = asked(example()).await.finding else {
        panic!("it is registered")
    };
    assert_eq!(
        facts.registered_at,
        Some("2020-01-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(
        asked(Reply::not_found()).await.finding,
        RdapFinding::NotRegistered
    );
    let empty = Reply {
        body: (String::new(), 1),
        ..Reply::not_found()
    };
    assert_eq!(asked(empty).await.finding, RdapFinding::NotRegistered);
}

#[tokio::test]
async fn a_404_that_is_not_rdaps_says_nothing_about_the_name() {
    for reply in [
        Reply::page(404, "<html>not found</html>"),
        Reply::page(404, ""),
        Reply::page(404, "{}"),
    ] {
        assert_eq!(
            failure(reply).await,
            RdapFailure::Failed { http_status: 404 }
        );
    }
}

#[tokio::test]
async fn a_404_behind_a_redirect_says_nothing_about_the_name() {
    let stand_in = StandIn::start().unwrap();
    stand_in.says("example.org", Reply::redirect("/domain/other.org"));
    let finding = client(&stand_in).registration(&domain()).await.finding;
    let reason = RdapFailure::Failed { http_status: 404 };
    assert_eq!(finding, RdapFinding::NoAnswer { reason });
    assert_eq!(stand_in.calls("other.org"), 1);
}

#[tokio::test]
async fn a_top_level_domain_without_a_server_is_not_supported_and_nobody_is_asked() {
    let stand_in = StandIn::start().unwrap();
    let rdap = client(&stand_in);
    let elsewhere = "example.net".parse().unwrap();
    assert_eq!(rdap.server(&elsewhere), None);
    assert_eq!(
        rdap.registration(&elsewhere).await.finding,
        RdapFinding::NotSupported
    );
    assert_eq!(rdap.server(&domain()).unwrap().as_str(), "127.0.0.1");
    assert_eq!(stand_in.total(), 0);
}

#[tokio::test]
async fn throttling_is_told_with_its_hours_and_never_more_than_a_day() {
    let throttled = |value: &str| Reply::page(429, "").with_header("retry-after", value);
    let hours = |hours: u64| Some(Duration::from_hours(hours));
    let reply = asked(throttled("21600")).await;
    let reason = RdapFailure::Throttled;
    assert_eq!(reply.finding, RdapFinding::NoAnswer { reason });
    assert_eq!(reply.retry_after, hours(6));
    assert_eq!(
        asked(throttled("99999999999999999999")).await.retry_after,
        hours(24)
    );
    let silent = asked(Reply::page(429, "")).await;
    assert!(
        silent.retry_after.is_some(),
        "left alone for a while all the same"
    );
    let busy = asked(Reply::page(503, "").with_header("retry-after", "60")).await;
    assert_eq!(busy.retry_after, Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn a_server_that_fails_or_is_gone_is_no_answer() {
    for status in [500, 502, 400, 403, 204] {
        let failed = RdapFailure::Failed {
            http_status: status,
        };
        assert_eq!(failure(Reply::page(status, "")).await, failed);
    }
    let stand_in = StandIn::start().unwrap();
    let rdap = client(&stand_in);
    drop(stand_in);
    let reason = RdapFailure::NotReached;
    let gone = rdap.registration(&domain()).await.finding;
    assert_eq!(gone, RdapFinding::NoAnswer { reason });
}

#[tokio::test]
async fn a_redirect_is_followed_within_the_server_only() {
    let stand_in = StandIn::start().unwrap();
    stand_in.says("example.org", Reply::redirect("/domain/EXAMPLE.org"));
    stand_in.says("EXAMPLE.org", example());
    let finding = client(&stand_in).registration(&domain()).await.finding;
    assert!(matches!(finding, RdapFinding::Registered(_)));

    let other = StandIn::start().unwrap();
    other.says("example.org", example());
    for location in [
        format!("{}domain/example.org", other.url()),
        "https://rdap.example/domain/example.org".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        assert_eq!(
            failure(Reply::redirect(&location)).await,
            RdapFailure::Redirected
        );
    }
    assert_eq!(other.total(), 0);
    let no_location = Reply::page(302, "");
    assert_eq!(failure(no_location).await, RdapFailure::Redirected);
}

#[tokio::test]
async fn a_redirect_to_itself_ends() {
    let stand_in = StandIn::start().unwrap();
    stand_in.says("example.org", Reply::redirect("/domain/example.org"));
    let finding = client(&stand_in).registration(&domain()).await.finding;
    let reason = RdapFailure::Redirected;
    assert_eq!(finding, RdapFinding::NoAnswer { reason });
    assert!(stand_in.total() <= 4);
}

#[tokio::test]
async fn a_body_of_50_megabytes_is_not_read_on() {
    let body = Reply {
        body: ("x".repeat(1024), 50 * 1024),
        ..example()
    };
    assert!(matches!(
        failure(body).await,
        RdapFailure::Unreadable { .. }
    ));
}

#[tokio::test]
async fn an_answer_about_another_name_is_no_answer() {
    let other = Reply::object(&registered("example.net", &[]));
    assert_eq!(failure(other).await, RdapFailure::OtherName);
}

#[tokio::test]
async fn what_is_no_domain_object_cannot_be_read() {
    for body in ["", "{", "null", "<html>", r#"{"objectClassName":"entity"}"#] {
        let reply = Reply {
            body: (body.to_owned(), 1),
            ..example()
        };
        assert!(matches!(
            failure(reply).await,
            RdapFailure::Unreadable { .. }
        ));
    }
}

#[tokio::test]
async fn a_registry_whose_clock_is_wrong_is_quoted_and_the_policy_decides() {
    let ahead = registered("example.org", &[("registration", "2199-01-01T00:00:00Z")]);
    let RdapFinding::Registered(facts) = asked(Reply::object(&ahead)).await.finding else {
        panic!("it is registered")
    };
    assert_eq!(
        facts.registered_at,
        Some("2199-01-01T00:00:00Z".parse().unwrap())
    );
}

#[tokio::test]
async fn a_404_for_a_name_in_a_zone_below_the_listed_one_says_nothing() {
    let stand_in = StandIn::start().unwrap();
    let rdap = client_for(&stand_in, &["uk"]);
    let university = "example.ac.uk".parse().unwrap();
    let reason = RdapFailure::Failed { http_status: 404 };
    let finding = rdap.registration(&university).await.finding;
    assert_eq!(finding, RdapFinding::NoAnswer { reason });
    let direct = rdap.registration(&"example.uk".parse().unwrap()).await;
    assert_eq!(direct.finding, RdapFinding::NotRegistered);
}

#[tokio::test]
async fn nobody_is_asked_for_the_list_before_a_refresh_and_then_every_clone_has_it() {
    let stand_in = StandIn::start().unwrap();
    let list = Reply {
        body: (stand_in.bootstrap(&["org"]), 1),
        ..Reply::page(200, "")
    };
    stand_in.says("dns.json", list);
    stand_in.says("example.org", example());
    let url = format!("{}domain/dns.json", stand_in.url());
    let witnesses = WitnessSettings {
        rdap: BootstrapSetting::read(Some(&url)).unwrap(),
        dns: DnsSetting::Off,
    };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("rdap.json");
    let open = || witnesses.registries(&copy, Timestamp::now);

    let rdap = open().unwrap().unwrap();
    let built_in = rdap.server(&domain()).unwrap();
    assert_eq!(built_in.as_str(), "rdap.publicinterestregistry.org");
    assert_eq!(stand_in.total(), 0);

    let clone = rdap.clone();
    rdap.refresh().await;
    rdap.refresh().await;
    assert_eq!(stand_in.calls("dns.json"), 1, "it is of today");
    let finding = clone.registration(&domain()).await.finding;
    assert!(matches!(finding, RdapFinding::Registered(_)));

    let of_another_run = open().unwrap().unwrap();
    assert_eq!(
        of_another_run.server(&domain()).unwrap().as_str(),
        "127.0.0.1"
    );
    assert_eq!(stand_in.calls("dns.json"), 1);
}
