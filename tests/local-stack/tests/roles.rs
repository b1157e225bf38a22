//! Each function may do what it is for and nothing else: `template.yaml` deployed, roles and policies enforced, and in each
//! function's place a program that makes whatever call it is told to.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use local_stack::{Deployed, LocalStack};
use serde_json::{Value, json};

/// A function that makes the AWS call in its event and answers with the error's code, or `allowed`.
const CALLER: &str = r#"#!PYTHON
import json, os, urllib.request
import boto3
from botocore.exceptions import ClientError
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{api}/next") as invocation:
        id, event = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.load(invocation)
    try:
        getattr(boto3.client(event["service"]), event["operation"])(**event["arguments"])
        answer = "allowed"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    urllib.request.urlopen(urllib.request.Request(f"{api}/{id}/response", data=json.dumps(answer).encode()))
"#;

const FUNCTIONS: [&str; 3] = ["Dispatcher", "Checker", "Unverifier"];

struct Call {
    name: &'static str,
    event: Value,
}

#[tokio::test]
async fn a_function_may_do_what_it_is_for_and_nothing_else() {
    let stack = LocalStack::start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    for function in FUNCTIONS {
        put_caller(&directory.path().join(format!("{function}Function")));
    }
    let deployed = stack
        .deploy_from(directory.path(), "roles", &[])
        .await
        .unwrap();

    let mut allowed = vec![];
    for function in FUNCTIONS {
        let name = deployed.output(&format!("{function}Function")).unwrap();
        for call in calls(&deployed) {
            let answer = stack.invoke(name, &call.event).await.unwrap();
            match answer.as_str().unwrap() {
                "allowed" => allowed.push(format!("{function}: {}", call.name)),
                code => assert!(
                    code.contains("AccessDenied"),
                    "{function}: {}: {code}",
                    call.name
                ),
            }
        }
    }
    assert_eq!(
        allowed,
        [
            "Dispatcher: reads the directory",
            "Dispatcher: reads the watchlist",
            "Dispatcher: writes the watchlist",
            "Dispatcher: finds what is due",
            "Dispatcher: takes a domain off the watchlist",
            "Dispatcher: sends a check",
            "Dispatcher: sends itself on",
            "Checker: reads the watchlist",
            "Checker: writes the watchlist",
            "Checker: reads Fastly's key",
            "Unverifier: looks an address up",
            "Unverifier: changes an address",
            "Unverifier: reads the watchlist",
            "Unverifier: writes the watchlist",
            "Unverifier: finds what is pending",
        ]
    );
}

/// Every call that some function needs, and some that none may make.
fn calls(deployed: &Deployed) -> Vec<Call> {
    let output = |name| deployed.output(name).unwrap();
    let [watchlist, directory] = ["WatchlistTable", "DirectoryTable"].map(output);
    let key = json!({ "pk": { "S": "domain#example.com" }, "sk": { "S": "state" } });
    let item = |table| json!({ "TableName": table, "Key": key });
    let put = |table| json!({ "TableName": table, "Item": key });
    let query = |table| {
        json!({
            "TableName": table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": { ":pk": { "S": "domain#example.com" } },
        })
    };
    let index = |name: &str, attribute: &str, value: Value| {
        json!({
            "TableName": watchlist,
            "IndexName": name,
            "KeyConditionExpression": format!("{attribute} = :v"),
            "ExpressionAttributeValues": { ":v": value },
        })
    };
    let send =
        |queue| json!({ "QueueUrl": output(queue), "MessageBody": "{}", "DelaySeconds": 900 });
    let dynamodb = |name, operation: &str, arguments: Value| Call {
        name,
        event: json!({ "service": "dynamodb", "operation": operation, "arguments": arguments }),
    };
    let call = |name, service: &str, operation: &str, arguments: Value| Call {
        name,
        event: json!({ "service": service, "operation": operation, "arguments": arguments }),
    };
    vec![
        dynamodb(
            "reads the directory",
            "scan",
            json!({ "TableName": directory }),
        ),
        dynamodb("looks an address up", "query", query(directory)),
        dynamodb("changes an address", "update_item", item(directory)),
        dynamodb("adds an address", "put_item", put(directory)),
        dynamodb("deletes an address", "delete_item", item(directory)),
        dynamodb("reads the watchlist", "get_item", item(watchlist)),
        dynamodb("writes the watchlist", "update_item", item(watchlist)),
        dynamodb(
            "reads all of the watchlist",
            "scan",
            json!({ "TableName": watchlist }),
        ),
        dynamodb(
            "finds what is due",
            "query",
            index("due", "due_shard", json!({ "N": "1" })),
        ),
        dynamodb(
            "finds what is pending",
            "query",
            index("pending", "pending", json!({ "S": "pending" })),
        ),
        dynamodb(
            "takes a domain off the watchlist",
            "delete_item",
            item(watchlist),
        ),
        dynamodb(
            "drops the watchlist",
            "delete_table",
            json!({ "TableName": watchlist }),
        ),
        call(
            "sends a check",
            "sqs",
            "send_message",
            send("CheckQueueUrl"),
        ),
        call(
            "sends itself on",
            "sqs",
            "send_message",
            send("ContinuationQueueUrl"),
        ),
        call(
            "reads Fastly's key",
            "secretsmanager",
            "get_secret_value",
            json!({ "SecretId": output("FastlySecret") }),
        ),
        call("lists the account's roles", "iam", "list_roles", json!({})),
    ]
}

fn put_caller(directory: &Path) {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/venv/bin/python");
    let bootstrap = directory.join("bootstrap");
    std::fs::create_dir(directory).unwrap();
    std::fs::write(&bootstrap, CALLER.replace("PYTHON", python)).unwrap();
    std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
}
