//! Whether a document is what `infra/schemas/documents.json` says of it: for the tests of whoever writes or reads one.

#![expect(
    clippy::expect_used,
    reason = "a test stops where the schemas themselves are faulty"
)]

use serde_json::{Value, json};

const SCHEMAS: &str = include_str!("../../../infra/schemas/documents.json");

/// What the schema of that name finds wrong with a document.
///
/// # Panics
/// There is no such schema, or the schemas are none.
pub fn faults(name: &str, document: &Value) -> Vec<String> {
    let mut schema: Value = serde_json::from_str(SCHEMAS).expect("the schemas are JSON");
    assert!(schema["$defs"][name].is_object(), "no schema {name}");
    schema["$ref"] = json!(format!("#/$defs/{name}"));
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schemas are schemas");
    validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

/// Fails unless the document is what the schema of that name says.
///
/// # Panics
/// It is not, or [`faults`] panics.
#[track_caller]
pub fn assert_is(name: &str, document: &Value) {
    let faults = faults(name, document);
    assert!(faults.is_empty(), "{name}: {faults:#?}\n{document:#}");
}
