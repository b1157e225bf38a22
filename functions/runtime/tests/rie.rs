//! A function behind the Runtime Interface Emulator that panics outside of any message.

use local_stack::{Rie, functions};
use serde_json::json;

#[tokio::test]
async fn a_panic_fails_its_event_and_the_next_one_is_served() {
    let bootstrap = functions::directory()
        .await
        .unwrap()
        .join("examples/panics");
    let rie = Rie::start(&bootstrap, &[], 10).await.unwrap();
    let failed = rie.invoke(&json!({"fault": true})).await.unwrap().body;
    let said = failed["errorMessage"].as_str().unwrap();
    assert!(said.contains("a fault of ours"), "{said}");
    let served = rie.invoke(&json!({"fault": false})).await.unwrap().body;
    assert_eq!(served, json!({"fault": false}));
}
