//! The emulator starts, does its work and leaves nothing.

#![expect(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::net::TcpStream;

use local_stack::LocalStack;
use serde_json::{Value, json};

/// One `DynamoDB` call, without a client library.
async fn dynamodb(endpoint: &str, operation: &str, request: Value) -> Value {
    let credential = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
    let response = reqwest::Client::new()
        .post(endpoint)
        .header("authorization", credential)
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .body(request.to_string())
        .send()
        .await
        .unwrap();
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

fn listens(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).is_ok()
}

#[tokio::test]
async fn the_tables_have_the_keys_and_indexes_of_the_template() {
    let stack = LocalStack::start().await.unwrap();
    let tables = stack.create_tables("as-in-the-template").await.unwrap();
    assert_eq!(tables.watchlist, "as-in-the-template-watchlist");

    let table = &dynamodb(
        stack.endpoint(),
        "DescribeTable",
        json!({ "TableName": tables.watchlist }),
    )
    .await["Table"];
    assert_eq!(
        table["KeySchema"],
        json!([{ "AttributeName": "pk", "KeyType": "HASH" }, { "AttributeName": "sk", "KeyType": "RANGE" }])
    );
    let indexes: Vec<_> = table["GlobalSecondaryIndexes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|index| &index["IndexName"])
        .collect();
    assert_eq!(indexes, ["due", "pending"]);

    let table = &dynamodb(
        stack.endpoint(),
        "DescribeTable",
        json!({ "TableName": tables.directory }),
    )
    .await["Table"];
    assert_eq!(table["KeySchema"][0]["AttributeName"], "pk");
}

#[tokio::test]
async fn the_tests_of_one_process_share_one_emulator() {
    let one = LocalStack::start().await.unwrap();
    let other = LocalStack::start().await.unwrap();
    assert_eq!(one.endpoint(), other.endpoint());
    drop(one);
    assert!(listens(other.endpoint()));
}

#[tokio::test]
async fn an_emulator_of_ones_own_is_gone_when_dropped() {
    let stack = LocalStack::start_own().await.unwrap();
    let endpoint = stack.endpoint().to_owned();
    assert!(listens(&endpoint));
    drop(stack);
    assert!(!listens(&endpoint));
    let left: Vec<_> = processes()
        .into_iter()
        .filter(|environment| environment.contains(&endpoint))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn the_emulator_listens_on_loopback_only() {
    let stack = LocalStack::start().await.unwrap();
    let port: u16 = stack
        .endpoint()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    let listening = std::fs::read_to_string("/proc/net/tcp").unwrap()
        + &std::fs::read_to_string("/proc/net/tcp6").unwrap();
    let addresses: Vec<&str> = listening
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .filter(|local| local.ends_with(&format!(":{port:04X}")))
        .map(|local| local.split(':').next().unwrap())
        .collect();
    assert!(!addresses.is_empty());
    assert!(
        addresses.iter().all(|address| *address == "0100007F"),
        "{addresses:?}"
    );
}

/// The environment of each running process that we may look into.
fn processes() -> Vec<String> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok())
        .map(|environment| String::from_utf8_lossy(&environment).into_owned())
        .collect()
}
