//! A function with a fault in it, for the test of what becomes of a panic.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use lapsewatch_runtime::answered;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let answer = |event: LambdaEvent<Value>| {
        answered(async move {
            assert_ne!(event.payload["fault"], true, "a fault of ours");
            Ok(event.payload)
        })
    };
    lambda_runtime::run(service_fn(answer)).await
}
