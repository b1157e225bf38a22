//! The emulator starts, does its work and leaves nothing.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::net::TcpStream;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::KeySchemaElement;
use aws_sdk_dynamodb::{Client, Config};
use local_stack::LocalStack;

/// A client with the key that is the account's root.
fn dynamodb(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    Client::from_conf(config.build())
}

fn listens(endpoint: &str) -> bool {
    TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).is_ok()
}

#[tokio::test]
async fn the_tables_have_the_keys_and_indexes_of_the_template() {
    let stack = LocalStack::start().await.unwrap();
    let tables = stack.create_tables("as-in-the-template").await.unwrap();
    assert_eq!(tables.watchlist, "as-in-the-template-watchlist");

    let dynamodb = dynamodb(stack.endpoint());
    let watchlist = dynamodb
        .describe_table()
        .table_name(&tables.watchlist)
        .send()
        .await
        .unwrap()
        .table
        .unwrap();
    assert_eq!(keys(watchlist.key_schema()), ["pk", "sk"]);
    let mut indexes: Vec<_> = watchlist
        .global_secondary_indexes()
        .iter()
        .map(|index| (index.index_name().unwrap(), keys(index.key_schema())))
        .collect();
    indexes.sort();
    assert_eq!(
        indexes,
        [
            ("due", vec!["due_shard", "next_check_at"]),
            ("pending", vec!["pending", "pending_since"])
        ]
    );

    let directory = dynamodb
        .describe_table()
        .table_name(&tables.directory)
        .send()
        .await
        .unwrap()
        .table
        .unwrap();
    assert_eq!(keys(directory.key_schema()), ["pk", "sk"]);
    assert!(directory.global_secondary_indexes().is_empty());
}

fn keys(schema: &[KeySchemaElement]) -> Vec<&str> {
    schema
        .iter()
        .map(KeySchemaElement::attribute_name)
        .collect()
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
