//! A function runs behind the Runtime Interface Emulator as behind Lambda.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use local_stack::Rie;
use serde_json::json;

/// A function in Python's standard library: says its event back with its greeting, writes a line, and sleeps when asked to.
const FUNCTION: &str = r#"#!/usr/bin/env python3
import json, os, time, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as invocation:
        id, event = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.load(invocation)
    print("seen", flush=True)
    time.sleep(event.get("sleep", 0))
    answer = json.dumps({"greeting": os.environ["GREETING"], "event": event}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{api}/{id}/response", data=answer))
"#;

fn bootstrap(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("bootstrap");
    std::fs::write(&path, FUNCTION).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_function_answers_an_event_with_its_environment_and_its_log_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let rie = Rie::start(&bootstrap(&directory), &[("GREETING", "hello")], 10)
        .await
        .unwrap();
    let answer = rie.invoke(&json!({ "n": 1 })).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({ "greeting": "hello", "event": { "n": 1 } })
    );
    assert!(rie.log().contains("seen\n"));
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_stopped_and_the_next_event_still_served() {
    let directory = tempfile::tempdir().unwrap();
    let rie = Rie::start(&bootstrap(&directory), &[("GREETING", "hello")], 1)
        .await
        .unwrap();
    let answer = rie.invoke(&json!({ "sleep": 60 })).await.unwrap();
    assert!(
        answer
            .body
            .as_str()
            .unwrap()
            .contains("Task timed out after 1.00 seconds"),
        "{answer:?}"
    );
    let answer = rie.invoke(&json!({})).await.unwrap();
    assert_eq!(answer.body["greeting"], "hello");
}

#[tokio::test]
async fn a_function_ends_with_its_emulator() {
    let directory = tempfile::tempdir().unwrap();
    let bootstrap = bootstrap(&directory);
    let rie = Rie::start(&bootstrap, &[("GREETING", "hello")], 10)
        .await
        .unwrap();
    rie.invoke(&json!({})).await.unwrap();
    assert!(running(&bootstrap));
    drop(rie);
    assert!(!running(&bootstrap));
}

#[tokio::test]
async fn a_missing_binary_is_said() {
    let error = Rie::start("/nonexistent/bootstrap".as_ref(), &[], 10)
        .await
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "there is no function binary at /nonexistent/bootstrap"
    );
}

fn running(program: &std::path::Path) -> bool {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .any(|command| String::from_utf8_lossy(&command).contains(program.to_str().unwrap()))
}
