//! The command, as a process.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lapsewatch-simulator"))
        .args(arguments)
        .output()
        .unwrap()
}

/// What the process prints with `--json`.
fn report(domains: &str, years: &str, seed: &str) -> Value {
    let output = run(&[
        "--domains",
        domains,
        "--years",
        years,
        "--seed",
        seed,
        "--json",
    ]);
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let keys = value.as_object().unwrap().keys();
    keys.map(String::as_str).collect()
}

/// How many addresses a figure counts.
fn count(figure: &Value) -> u64 {
    figure["count"].as_u64().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_report_to_the_letter() {
    let arguments = ["--domains", "500", "--years", "2", "--seed", "5", "--json"];
    let (first, second) = (run(&arguments), run(&arguments));
    assert!(first.status.success());
    assert!(!first.stdout.is_empty());
    assert_eq!(first.stdout, second.stdout);
}

#[test]
fn the_report_has_every_figure_of_three_sets_of_rules_and_lapsewatch_keeps_its_limits() {
    let report = report("1100", "3", "5");
    let rules = report["rules"].as_array().unwrap();
    let names: Vec<_> = rules.iter().map(|rules| &rules["name"]).collect();
    assert_eq!(names, ["lapsewatch", "pypi", "rubygems"]);
    for rules in rules {
        let of_classes = &rules["by_class"];
        let classes = BTreeSet::from(["generic", "country_rdap", "country_blind"]);
        assert_eq!(keys(of_classes), classes);
        let classes = of_classes.as_object().unwrap().values();
        for figures in classes.chain([rules]) {
            for shared in [
                "closed_before",
                "refused_at_use",
                "too_late",
                "never",
                "wrongly_unverified",
            ] {
                assert!(figures[shared]["count"].is_u64(), "{shared} of {figures}");
                assert!(figures[shared]["share"].is_f64(), "{shared} of {figures}");
            }
            assert!(figures["calls_per_healthy_domain_year"].is_f64());
        }
    }

    let lapsewatch = &rules[0];
    assert_eq!(count(&lapsewatch["wrongly_unverified"]), 0);
    let calls = lapsewatch["calls_per_healthy_domain_year"].as_f64();
    let calls = calls.unwrap();
    assert!(calls > 0.0 && calls <= 13.0, "{calls}");

    // Of deleted names that another registered, where the registry's RDAP tells dates.
    let sum = |figure: &dyn Fn(&Value) -> u64| -> u64 {
        ["generic", "country_rdap"]
            .iter()
            .map(|class| figure(&lapsewatch["by_class"][class]["by_way"]["reregistered"]))
            .sum()
    };
    let at_risk = sum(&|losses| losses["at_risk"].as_u64().unwrap());
    let closed = sum(&|losses| count(&losses["closed_before"]));
    let refused = sum(&|losses| count(&losses["refused_at_use"]));
    assert!(at_risk >= 40, "too few to show anything: {at_risk}");
    assert!(closed * 1000 >= at_risk * 995, "{closed} of {at_risk}");
    assert!(
        (closed + refused) * 1000 >= at_risk * 999,
        "{closed} and {refused} of {at_risk}"
    );
}

#[test]
fn a_share_beyond_one_is_refused_with_a_sentence() {
    let output = run(&["--visible", "80"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--visible is a share: from 0 to 1"), "{said}");
}
