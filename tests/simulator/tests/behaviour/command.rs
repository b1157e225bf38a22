//! The command, as a process.

use std::process::{Command, Output};

use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lapsewatch-simulator"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_same_seed_gives_the_same_report_to_the_letter() {
    let arguments = ["--domains", "1500", "--years", "3", "--seed", "5", "--json"];
    let (first, second) = (run(&arguments), run(&arguments));
    assert!(first.status.success());
    assert_eq!(first.stdout, second.stdout);
    let report: Value = serde_json::from_slice(&first.stdout).unwrap();
    let names: Vec<_> = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rules| rules["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"pypi".to_owned()) && names.contains(&"rubygems".to_owned()));
}

#[test]
fn a_share_beyond_one_is_refused_with_a_sentence() {
    let output = run(&["--visible", "80"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--visible is a share: from 0 to 1"), "{said}");
}
