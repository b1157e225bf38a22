//! The DynamoDB directory: the contract, on the AWS emulator.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod contract;

use std::fmt::Write as _;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::{Fixture, contract};
use futures_util::{StreamExt, TryStreamExt, stream};
use lapsewatch_core::Timestamp;
use lapsewatch_directory::Directory as _;
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_directory::import::Entries;
use local_stack::LocalStack;

struct InTheCloud {
    client: Client,
    table: String,
    directory: DynamoDbDirectory,
    _stack: LocalStack,
}

impl Fixture for InTheCloud {
    type Directory = DynamoDbDirectory;

    async fn new() -> Self {
        let stack = LocalStack::start().await.unwrap();
        let table = stack.create_own_tables().await.unwrap().directory;
        let client = stack.dynamodb();
        Self {
            directory: DynamoDbDirectory::new(client.clone(), &table).with_scan_limit(400),
            client,
            table,
            _stack: stack,
        }
    }

    fn directory(&self) -> &DynamoDbDirectory {
        &self.directory
    }

    async fn verify(&self, addresses: &[(&str, Option<&str>)]) {
        let mut file = "email,verified_at\n".to_owned();
        for (address, at) in addresses {
            writeln!(file, "{address},{}", at.unwrap_or_default()).unwrap();
        }
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let entries: Vec<_> = Entries::open(file.as_bytes(), now)
            .unwrap()
            .map(|line| line.unwrap().unwrap())
            .collect();
        stream::iter(
            entries
                .iter()
                .map(|entry| self.directory.record(entry, now)),
        )
        .buffer_unordered(16)
        .try_collect::<Vec<()>>()
        .await
        .unwrap();
    }

    async fn is_verified(&self, address: &str) -> bool {
        let email = address
            .to_lowercase()
            .replace("bücher", "xn--bcher-kva")
            .trim_end_matches('.')
            .to_owned();
        let items = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("sk = :sk")
            .expression_attribute_values(":sk", AttributeValue::S(format!("address#{email}")))
            .send()
            .await
            .unwrap()
            .items
            .unwrap();
        let verified: Vec<bool> = items
            .iter()
            .map(|item| *item["verified"].as_bool().unwrap())
            .collect();
        let all_say = verified[0];
        assert!(verified.iter().all(|&one| one == all_say), "{address}");
        all_say
    }
}

contract!(InTheCloud);

#[tokio::test]
async fn a_cursor_names_no_address_and_a_domain_longer_than_a_page_is_told_whole() {
    let cloud = InTheCloud::new().await;
    cloud
        .verify(&[
            ("a@example.net", None),
            ("a@example.org", Some("2024-01-01T00:00:00Z")),
            ("b@example.org", None),
            ("c@example.org", Some("2020-01-01T00:00:00Z")),
            ("d@example.org", None),
            ("a@zebra.org", None),
        ])
        .await;
    let directory = cloud.directory.clone().with_scan_limit(2);
    let (mut told, mut cursor) = (Vec::new(), None);
    loop {
        let page = directory.domains(cursor.as_ref()).await.unwrap();
        told.extend(page.items);
        cursor = page.next;
        match &cursor {
            Some(cursor) => assert!(!cursor.0.contains('@')),
            None => break,
        }
    }
    let mut told: Vec<(String, Option<Timestamp>)> = told
        .into_iter()
        .map(|one| (one.domain.to_string(), one.earliest_verified_at))
        .collect();
    told.sort();
    let earliest: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let seen: Timestamp = contract::FIRST_SEEN.parse().unwrap();
    assert_eq!(
        told,
        [
            ("example.net".to_owned(), Some(seen)),
            ("example.org".to_owned(), Some(earliest)),
            ("zebra.org".to_owned(), Some(seen)),
        ]
    );
}
