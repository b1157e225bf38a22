//! What `--json` prints is what `infra/schemas` says, and what users see changes only when we mean it to.

use ::documents::assert_is;
use fastly_stand_in::{Behaviour, Script};

use crate::support::{DAY_1, DAY_2, House, text};

/// One domain of each fate.
fn house() -> House {
    let answers = |status: &str| [Behaviour::answer(status)];
    let script = Script::answering("active")
        .on("gone.org", answers("undelegated inactive"))
        .on("going.org", answers("active expiring"))
        .on("silent.org", answers("unknown"));
    House::new(script)
}

fn addresses() -> Vec<String> {
    [
        "a@gone.org",
        "b@gone.org",
        "c@going.org",
        "d@silent.org",
        "e@held.org",
        "f@co.uk",
        "bad line",
    ]
    .map(String::from)
    .into()
}

#[test]
fn every_document_is_what_its_schema_says() {
    let house = house();
    let imported = house.import(&addresses());
    assert_is("import", &imported);
    insta::assert_json_snapshot!("import", imported);
    let swept = house.json(DAY_1, &["sweep"], 0);
    assert_is("sweep", &swept);
    insta::assert_json_snapshot!("sweep", swept);
    assert_is("plan", &house.json(DAY_1, &["plan"], 0));
    assert_is("sweep", &house.json(DAY_1, &["sweep", "--due"], 0));
    house.json(DAY_2, &["sweep"], 0);
    let plan = house.json(DAY_2, &["plan"], 0);
    assert_is("plan", &plan);
    insta::assert_json_snapshot!("plan", plan);
    let applied = house.json(DAY_2, &["apply"], 0);
    assert_is("plan", &applied);
    let shown = house.json(DAY_2, &["show", "gone.org"], 0);
    assert_is("show", &shown);
    insta::assert_json_snapshot!("show", shown);
    let warnings = house.json(DAY_2, &["warnings", "--since", DAY_1], 0);
    assert_is("warnings", &warnings);
    insta::assert_json_snapshot!("warnings", warnings);
    for domain in ["going.org", "silent.org", "held.org"] {
        assert_is("show", &house.json(DAY_2, &["show", domain], 0));
    }
    let name = applied["unverified"][0]["plan"].as_str().expect("the plan");
    let restored = house.json(DAY_2, &["restore", name], 0);
    assert_is("restore", &restored);
    insta::assert_json_snapshot!("restore", restored);
    assert_is("show", &house.json(DAY_2, &["show", "gone.org"], 0));
    assert_is("check", &house.json(DAY_2, &["check", "new.org"], 0));
    let named = house.json(DAY_2, &["sweep", "--domain", "held.org"], 0);
    assert_is("sweep", &named);
}

/// More losses than go through without a person, and what `apply` said of them.
fn with_a_held_plan() -> (House, serde_json::Value) {
    let domains: Vec<String> = (0..30).map(|n| format!("a@number{n}.org")).collect();
    let house = House::new(Script::answering("inactive"));
    house.import(&domains);
    house.json(DAY_1, &["sweep"], 0);
    house.json(DAY_2, &["sweep"], 0);
    let held = house.json(DAY_2, &["apply"], 3);
    (house, held)
}

#[test]
fn a_held_plan_says_which_limit_and_which_domains_wait() {
    let (house, held) = with_a_held_plan();
    assert_is("plan", &held);
    insta::assert_json_snapshot!(held["exceeded"], @r#"
    [
      {
        "limit": "share",
        "most": 0.01,
        "share": 0.5
      }
    ]
    "#);
    let plan = held["waiting"][0]["plan"].as_str().expect("the plan");
    assert_is("plan", &house.json(DAY_2, &["release", plan], 0));
}

#[test]
fn a_plan_that_waited_for_a_day_goes_through_once_each_domain_has_been_looked_at_again() {
    const DAY_3: &str = "2026-12-03T00:00:00Z";
    let (house, held) = with_a_held_plan();
    let plan = held["waiting"][0]["plan"].as_str().expect("the plan");
    let released = house.json(DAY_3, &["release", plan], 0);
    assert_eq!(
        released["unverified"],
        serde_json::json!([]),
        "its owners may have restored it"
    );
    assert_eq!(released["left_alone"][0]["reason"], "stale");
    house.json(DAY_3, &["sweep"], 0);
    let applied = house.json(DAY_3, &["apply"], 0);
    let unverified = applied["unverified"].as_array().expect("a list");
    assert_eq!(unverified.len(), 30);
    assert_eq!(unverified[0]["plan"], plan, "a person has decided");
}

#[test]
fn what_fails_prints_no_document_but_a_sentence() {
    let house = house();
    for arguments in [
        &["show", "nothing.org"][..],
        &["restore", "plan-of-nobody"],
        &["release", "plan-of-nobody"],
        &["import", "no-such-file.csv"],
        &["check", "co.uk"],
    ] {
        let mut command = house.command(DAY_1, arguments);
        let output = command.arg("--json").output().expect("lapsewatch runs");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(text(&output.stderr).starts_with("lapsewatch: "));
    }
}

#[test]
fn the_demo_tells_the_same_story_each_time() {
    let house = house();
    let demo = house.run(DAY_1, &["demo"]);
    // The demo plays today: what changes from day to day is made alike.
    let mut filters = insta::Settings::clone_current();
    filters.add_filter(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", "TIME");
    filters.add_filter(r"plan-[\d-]+", "PLAN");
    filters.bind(|| insta::assert_snapshot!("demo", text(&demo.stdout)));
    let document = house.run(DAY_1, &["demo", "--json"]);
    let document = serde_json::from_slice(&document.stdout).expect("one JSON document");
    assert_is("demo", &document);
}
