//! The program: it says where it listens, and stops when it is told to.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fastly-stand-in"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .strip_prefix("listening on ")
        .unwrap()
        .trim_end()
        .to_owned();
    (child, url)
}

#[tokio::test]
async fn it_plays_the_script_of_a_file_and_stops_with_its_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.json");
    std::fs::write(
        &script,
        r#"{"default": {"answer": {"status": "undelegated inactive"}}}"#,
    )
    .unwrap();
    let (mut child, url) = start(&["--stop-with-stdin", "--script", script.to_str().unwrap()]);
    let answer = reqwest::get(format!(
        "{url}/domain-management/v1/tools/status?domain=a.example"
    ))
    .await
    .unwrap();
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("undelegated inactive")
    );
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_stops_when_it_is_terminated() {
    let (mut child, _) = start(&[]);
    let killed = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_script_that_cannot_be_read_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_fastly-stand-in"))
        .args(["--script", "/nowhere/script.json"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/script.json"));
}
