//! The main job on one machine, in real processes: addresses in, losses confirmed, addresses un-verified.

use crate::support::{DAY_1, DAY_2, House, domains, text};
use fastly_stand_in::{Behaviour, Script};

const LOST: &str = "undelegated inactive";

fn lost(script: Script, domain: &str) -> Script {
    script.on(domain, [Behaviour::answer(LOST)])
}

#[test]
fn a_released_domain_is_unverified_on_the_second_look_a_day_later_and_not_on_the_first() {
    let house = House::new(lost(Script::answering("active"), "gone.org"));
    house.import(&[
        "a@gone.org".into(),
        "b@mail.gone.org".into(),
        "c@kept.org".into(),
    ]);

    house.json(DAY_1, &["sweep"], 0);
    assert_eq!(
        house.json(DAY_1, &["apply"], 0)["unverified"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    house.json("2026-12-01T23:59:59Z", &["sweep"], 0);
    assert_eq!(
        house.json("2026-12-01T23:59:59Z", &["plan"], 0)["unverified"]
            .as_array()
            .unwrap()
            .len(),
        0
    );

    house.json(DAY_2, &["sweep"], 0);
    let plan = house.json(DAY_2, &["plan"], 0);
    let applied = house.json(DAY_2, &["apply"], 0);
    assert_eq!(domains(&applied["unverified"]), ["gone.org"]);
    let entry = &applied["unverified"][0];
    assert_eq!(
        (&entry["verdict"], &entry["addresses"]),
        (&"lapsed".into(), &2.into())
    );
    assert_eq!(entry["evidence"].as_array().unwrap().len(), 2);
    assert_eq!(entry["evidence"], plan["unverified"][0]["evidence"]);
    assert_eq!(plan["unverified"][0]["addresses"], 2);
    assert_eq!(
        house.json(DAY_2, &["apply"], 0)["unverified"]
            .as_array()
            .unwrap()
            .len(),
        0
    );

    let shown = house.json(DAY_2, &["show", "gone.org"], 0);
    let kinds: Vec<_> = shown["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "verdict_changed",
            "domain_at_risk",
            "confirmed",
            "planned",
            "unverified"
        ]
    );
}

#[test]
fn what_proves_no_loss_unverifies_nobody_however_often_seen() {
    let behaviours = [
        Behaviour::answer("active"),
        Behaviour::answer("undelegated active"),
        Behaviour::answer("unknown"),
        Behaviour::answer("undelegated"),
        Behaviour::answer("marketed priced transferable active"),
        Behaviour::answer("sparkling"),
        Behaviour::answer("inactive sparkling"),
    ];
    let mut script = Script::answering("active");
    let mut addresses = Vec::new();
    for (number, behaviour) in behaviours.into_iter().enumerate() {
        script = script.on(&format!("number{number}.org"), [behaviour]);
        addresses.push(format!("a@number{number}.org"));
    }
    let house = House::new(script);
    house.import(&addresses);
    for day in 1..=6 {
        let now = format!("2026-12-0{day}T00:00:00Z");
        house.json(&now, &["sweep"], 0);
        let applied = house.json(&now, &["apply"], 0);
        assert_eq!(
            applied["unverified"].as_array().unwrap().len(),
            0,
            "{applied}"
        );
    }
}

#[test]
fn a_killed_sweep_goes_on_and_repeats_at_most_the_calls_in_flight() {
    let house = House::new(Script {
        latency_ms: 20,
        ..Script::answering("active")
    });
    let addresses: Vec<String> = (0..1500).map(|n| format!("a@domain{n}.org")).collect();
    house.import(&addresses);
    for _ in 0..3 {
        let before = house.fastly.total();
        let mut sweep = house.start(DAY_1, &["sweep"]);
        while house.fastly.total() < before + 200 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        sweep.kill().expect("SIGKILL");
        sweep.wait().expect("it ends");
    }
    house.json(DAY_1, &["sweep"], 0);
    let calls = house.fastly.total();
    assert!((1500..=1500 + 3 * 120).contains(&calls), "{calls}");
    for n in 0..1500 {
        assert!(
            house.fastly.calls(&format!("domain{n}.org")) >= 1,
            "domain{n}.org was lost"
        );
    }
}

#[test]
fn four_sweeps_at_once_share_the_work_and_pay_once() {
    let house = House::new(Script {
        latency_ms: 20,
        ..Script::answering("active")
    });
    let addresses: Vec<String> = (0..800).map(|n| format!("a@domain{n}.org")).collect();
    house.import(&addresses);
    // On the real clock: each would name a run of its own.
    let start = || {
        house
            .command(DAY_1, &["sweep", "--json"])
            .env_remove("LAPSEWATCH_NOW")
            .env("FASTLY_RATE", "400")
            .spawn()
            .expect("it starts")
    };
    let sweeps: Vec<_> = (0..4).map(|_| start()).collect();
    let mut shares = Vec::new();
    for sweep in sweeps {
        let output = sweep.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", text(&output.stderr));
        let document: serde_json::Value =
            serde_json::from_slice(&output.stdout).expect("a document");
        shares.push(document["verdicts"]["held"].as_u64().unwrap_or(0));
    }
    assert_eq!(house.fastly.total(), 800);
    assert_eq!(shares.iter().sum::<u64>(), 800);
    assert!(
        shares.iter().filter(|share| **share > 0).count() > 1,
        "more than one had a share: {shares:?}"
    );
}

#[test]
fn the_budget_is_never_exceeded_and_the_run_says_what_waits_and_until_when() {
    let house = House::new(Script::answering("active"));
    house.import(
        &(0..30)
            .map(|n| format!("a@domain{n}.org"))
            .collect::<Vec<_>>(),
    );
    let output = house
        .command(DAY_1, &["sweep", "--json"])
        .env("FASTLY_MONTHLY_BUDGET", "10")
        .output()
        .expect("lapsewatch runs");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(house.fastly.total(), 10);
    assert_eq!(document["waiting"], 20);
    assert_eq!(document["waiting_until"], "2027-01-01T00:00:00Z");
}

#[test]
fn too_large_a_plan_is_held_until_a_person_releases_it_and_can_be_undone() {
    let mut script = Script::answering("active");
    let mut addresses = Vec::new();
    for n in 0..101 {
        script = lost(script, &format!("domain{n}.org"));
        addresses.push(format!("a@domain{n}.org"));
    }
    let house = House::new(script);
    house.import(&addresses);
    house.json(DAY_1, &["sweep"], 0);
    house.json(DAY_2, &["sweep"], 0);
    let held = house.json(DAY_2, &["apply"], 3);
    assert_eq!(held["unverified"].as_array().unwrap().len(), 0);
    assert_eq!(held["waiting"].as_array().unwrap().len(), 101);
    let plan = held["waiting"][0]["plan"].as_str().unwrap().to_owned();
    assert_eq!(
        house.json(DAY_2, &["apply"], 3)["waiting"]
            .as_array()
            .unwrap()
            .len(),
        101
    );

    let released = house.json(DAY_2, &["release", &plan], 0);
    assert_eq!(released["unverified"].as_array().unwrap().len(), 101);
    let restored = house.json(DAY_2, &["restore", &plan], 0);
    let addresses: u64 = restored["restored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["addresses"].as_u64().unwrap())
        .sum();
    assert_eq!(addresses, 101);
    assert_eq!(
        house.json(DAY_2, &["apply"], 0)["unverified"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn the_demo_runs_without_a_key_and_says_that_it_is_simulated() {
    let house = House::new(Script::default());
    let output = house
        .command(DAY_1, &["demo"])
        .env_clear()
        .output()
        .expect("lapsewatch runs");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("SIMULATED"), "{said}");
    assert!(
        said.contains("forgotten-startup.com: lapsed; 2 addresses un-verified"),
        "{said}"
    );
    assert!(said.contains("spanning-tree.co.uk: held"), "{said}");
    assert_eq!(house.fastly.total(), 0);
    assert!(!house.store().exists());
}

#[test]
fn an_unwatched_domain_cannot_be_swept_by_name_but_can_be_checked() {
    let house = House::new(Script::answering("active"));
    let output = house.run(DAY_1, &["sweep", "--domain", "elsewhere.org"]);
    assert_eq!(output.status.code(), Some(1));
    let checked = house.json(DAY_1, &["check", "elsewhere.org"], 0);
    assert_eq!(checked["verdict"], "held");
    assert_eq!(house.fastly.total(), 1);
}
