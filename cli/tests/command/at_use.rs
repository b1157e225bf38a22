//! The answer at the moment of use, where those it depends upon do not do their part: there is one all the same, in time.

use std::process::Command;
use std::time::{Duration, Instant};

use ::documents::assert_is;
use fastly_stand_in::{Behaviour, Script};
use rdap_stand_in::{Reply, StandIn, registered};
use serde_json::{Value, json};

use crate::support::{DAY_1, House, path, text};

/// When what was known on the first day is too old to be answered from.
const LATER: &str = "2026-12-09T00:00:00Z";

/// Who waits for a call to Fastly to time out waits for longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A house, and the registry of `.dev`.
fn house_with_registry(script: Script) -> (House, StandIn) {
    let house = House::new(script);
    let registry = StandIn::start().expect("the stand-in starts");
    std::fs::write(bootstrap(&house), registry.bootstrap(&["dev"])).expect("a file");
    (house, registry)
}

fn bootstrap(house: &House) -> std::path::PathBuf {
    house.path("bootstrap.json")
}

/// A name that its registry has known for long.
fn old(domain: &str) -> Value {
    registered(domain, &[("registration", "2010-01-01T00:00:00Z")])
}

/// Runs a command that asks the registry of `.dev`; answers its document and what was said on standard error.
fn asked(house: &House, now: &str, key: &str, arguments: &[&str]) -> (Value, String) {
    let mut command = house.command(now, arguments);
    command
        .env("LAPSEWATCH_RDAP_BOOTSTRAP", bootstrap(house))
        .env("FASTLY_API_TOKEN", key);
    answered(&mut command)
}

fn answered(command: &mut Command) -> (Value, String) {
    let output = command.arg("--json").output().expect("lapsewatch runs");
    let said = text(&output.stderr);
    assert!(output.status.success(), "there is an answer: {said}");
    let document = serde_json::from_slice(&output.stdout).expect("one JSON document");
    (document, said)
}

/// The answer is that nobody could tell in time, and comes with what the first day's look has shown.
fn is_of_the_last_record(answer: &Value) {
    assert_is("check", answer);
    assert_eq!(answer["answer"], "ask_for_more", "{answer}");
    assert_eq!(answer["verdict"], "unknown");
    assert_eq!(answer["reasons"], json!(["stale"]));
    assert_eq!(answer["looked_up"], false);
    assert_eq!(answer["record"]["verdict"], "held");
    assert_eq!(answer["record"]["evidence"]["observed_at"], DAY_1);
}

#[test]
fn a_fastly_that_hangs_is_not_waited_for_past_the_callers_time() {
    let behaviours = [Behaviour::answer("active"), Behaviour::Hang];
    let house = House::new(Script::default().on("slow.org", behaviours));
    house.import(&["a@slow.org".into()]);
    house.json(DAY_1, &["sweep"], 0);
    let begun = Instant::now();
    let answer = house.json(LATER, &["check", "slow.org", "--within", "1"], 0);
    assert!(begun.elapsed() < PATIENCE, "the source was waited for");
    is_of_the_last_record(&answer);
    assert_eq!(house.fastly.calls("slow.org"), 2, "it was asked");
}

#[test]
fn a_registry_that_hangs_is_not_waited_for_past_the_callers_time() {
    let (house, registry) = house_with_registry(Script::default());
    registry.says("slow.dev", Reply::object(&old("slow.dev")));
    house.import(&["a@slow.dev".into()]);
    asked(&house, DAY_1, "key-of-the-tests", &["sweep"]);
    let calls = registry.calls("slow.dev");
    let never = Duration::from_hours(1);
    registry.says("slow.dev", Reply::object(&old("slow.dev")).after(never));
    let question = ["check", "slow.dev", "--within", "1"];
    let (answer, _) = asked(&house, LATER, "key-of-the-tests", &question);
    // Whoever had waited would have written down that the registry gave no answer.
    is_of_the_last_record(&answer);
    assert_eq!(registry.calls("slow.dev"), calls + 1, "it was asked");
}

#[test]
fn without_a_key_it_is_said_and_a_glance_at_the_registry_answers() {
    let (house, registry) = house_with_registry(Script::default());
    registry.says("held.dev", Reply::object(&old("held.dev")));
    house.import(&["a@held.dev".into()]);
    asked(&house, DAY_1, "key-of-the-tests", &["sweep"]);
    let looks = house.fastly.total();
    for (key, now, complaint) in [
        ("", LATER, "FASTLY_API_TOKEN is not set"),
        (" \n", "2026-12-10T00:00:00Z", "FASTLY_API_TOKEN is not set"),
        (
            "two words",
            "2026-12-11T00:00:00Z",
            "the Fastly key contains",
        ),
    ] {
        let question = ["check", "held.dev", "--max-age", "0"];
        let (answer, said) = asked(&house, now, key, &question);
        assert_is("check", &answer);
        assert_eq!(answer["answer"], "allow", "{answer}");
        assert_eq!(answer["verdict"], "held");
        assert!(said.contains(complaint), "{said}");
        // The domain is in no registry, and nobody has ever looked at it.
        let (answer, said) = asked(&house, now, key, &["check", "new.dev"]);
        assert_eq!(answer["answer"], "ask_for_more", "{answer}");
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(house.fastly.total(), looks, "nobody pays");
}

#[test]
fn without_a_key_and_with_nobody_else_to_ask_nobody_is_allowed() {
    let house = House::new(Script::default());
    house.import(&["a@one.org".into()]);
    let mut command = house.command(DAY_1, &["check", "one.org"]);
    let (answer, said) = answered(command.env_remove("FASTLY_API_TOKEN"));
    assert_eq!(answer["answer"], "ask_for_more", "{answer}");
    assert_eq!(answer["verdict"], "unknown");
    assert!(said.contains("FASTLY_API_TOKEN is not set"), "{said}");
}

#[test]
fn a_wrong_key_is_told_and_allows_nobody() {
    let house = House::new(Script {
        key: Some("another-key".into()),
        ..Script::answering("active")
    });
    house.import(&["a@one.org".into()]);
    let (answer, said) = answered(&mut house.command(DAY_1, &["check", "one.org"]));
    assert!(said.contains("rejected the key"), "{said}");
    assert_eq!(answer["answer"], "ask_for_more");
}

#[test]
fn a_list_of_registries_that_cannot_be_read_is_an_error_with_a_key_and_without() {
    let house = House::new(Script::default());
    for key in ["key-of-the-tests", ""] {
        let mut command = house.command(DAY_1, &["check", "one.dev"]);
        command.env("LAPSEWATCH_RDAP_BOOTSTRAP", path(&bootstrap(&house)));
        let output = command.env("FASTLY_API_TOKEN", key).output();
        let output = output.expect("lapsewatch runs");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("bootstrap.json cannot be read"), "{said}");
    }
}
