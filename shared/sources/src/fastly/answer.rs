//! The body of a success: a status, or something that cannot be relied upon.

use lapsewatch_core::{DomainName, FastlyFinding, NoAnswer, Scope, StatusSet};
use serde::Deserialize;

use super::refusal::ErrorItem;
use crate::text::kept;

/// The longest status that is read, in bytes; the twenty known tokens together have half of it.
const LONGEST_STATUS: usize = 400;

/// The fields that are read. Others (`zone`, `tags`, `offers`, and whatever comes one day) are passed over.
#[derive(Deserialize)]
struct Answer {
    domain: Option<String>,
    status: Option<String>,
    scope: Option<String>,
    errors: Option<Vec<ErrorItem>>,
}

/// An `errors` list in place of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Errors {
    /// The first error's code, if it is that of an HTTP error.
    pub(super) code: Option<u16>,
    /// The first error in words.
    pub(super) said: String,
}

/// Reads the body of a success about `asked`.
///
/// # Errors
/// The body is an `errors` list.
pub(super) fn read(body: &[u8], asked: &DomainName) -> Result<FastlyFinding, Errors> {
    let answer = match parse(body) {
        Ok(answer) => answer,
        Err(why) => return Ok(unreadable(why)),
    };
    if let Some(error) = answer.errors.as_deref().and_then(<[ErrorItem]>::first) {
        return Err(Errors {
            code: error.http_status(),
            said: error.said(),
        });
    }
    Ok(finding(&answer, asked).unwrap_or_else(|reason| FastlyFinding::NoAnswer { reason }))
}

fn parse(body: &[u8]) -> Result<Answer, String> {
    // Serde would read a list of values as the fields in their order: no such answer exists.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("it is not a JSON object".to_owned());
    }
    // What serde passes over it does not decode: bytes that are no text would go unnoticed in a field that is not read.
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            format!("it is not of the known shape, at column {}", error.column())
        }
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => {
            format!("it is not JSON, at column {}", error.column())
        }
    })
}

fn finding(answer: &Answer, asked: &DomainName) -> Result<FastlyFinding, NoAnswer> {
    let unreadable = |why: &str| NoAnswer::Unreadable {
        why: why.to_owned(),
    };
    let domain = answer
        .domain
        .as_deref()
        .ok_or_else(|| unreadable("it names no domain"))?;
    if !domain
        .parse::<DomainName>()
        .is_ok_and(|answered| answered == *asked)
    {
        return Err(NoAnswer::OtherName);
    }
    let scope = match answer.scope.as_deref() {
        None => Scope::Precise,
        Some("estimate") => Scope::Estimate,
        Some(other) => {
            return Err(unreadable(&format!(
                "its scope is unknown: {}",
                kept(other)
            )));
        }
    };
    let status = answer.status.as_deref().unwrap_or_default();
    if status.trim().is_empty() {
        return Err(unreadable("it has no status"));
    }
    // Neither repaired nor cut: what is left could be a status that nobody gave.
    if status.len() > LONGEST_STATUS {
        return Err(unreadable("its status is too long"));
    }
    if !status
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
    {
        return Err(unreadable("its status has characters that no token has"));
    }
    Ok(FastlyFinding::Answered {
        status: StatusSet::parse(status),
        scope,
    })
}

fn unreadable(why: String) -> FastlyFinding {
    FastlyFinding::NoAnswer {
        reason: NoAnswer::Unreadable { why },
    }
}

#[cfg(test)]
mod tests {
    use lapsewatch_core::Registration;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn asked() -> DomainName {
        "example.org".parse().unwrap()
    }

    fn read_json(body: &Value) -> Result<FastlyFinding, Errors> {
        read(body.to_string().as_bytes(), &asked())
    }

    fn status_of(body: &Value) -> (String, Scope) {
        match read_json(body) {
            Ok(FastlyFinding::Answered { status, scope }) => (status.to_string(), scope),
            other => panic!("{body}: {other:?}"),
        }
    }

    fn no_answer(body: &[u8]) -> NoAnswer {
        match read(body, &asked()) {
            Ok(FastlyFinding::NoAnswer { reason }) => reason,
            other => panic!("{}: {other:?}", String::from_utf8_lossy(body)),
        }
    }

    #[test]
    fn the_recorded_answers_are_read() {
        let unregistered = json!({"domain": "example.org", "zone": "org", "status": "undelegated inactive", "tags": "generic"});
        assert_eq!(
            status_of(&unregistered),
            ("undelegated inactive".to_owned(), Scope::Precise)
        );
        let estimate = json!({"scope": "estimate", "domain": "example.org", "zone": "org", "status": "undelegated"});
        assert_eq!(
            status_of(&estimate),
            ("undelegated".to_owned(), Scope::Estimate)
        );
        let offered = json!({
            "domain": "example.org", "zone": "org", "status": "marketed priced transferable active",
            "offers": [{"vendor": "afternic", "price": "25000.00", "currency": "USD"}], "new": {"field": [1]},
        });
        assert_eq!(
            status_of(&offered),
            (
                "marketed priced transferable active".to_owned(),
                Scope::Precise
            )
        );
    }

    #[test]
    fn every_token_is_kept_known_or_not() {
        let body = json!({"domain": "example.org", "status": "sparkling inactive"});
        assert_eq!(status_of(&body).0, "sparkling inactive");
    }

    #[test]
    fn any_spelling_of_the_name_is_the_name() {
        for spelling in ["example.org", "EXAMPLE.ORG", "example.org."] {
            assert_eq!(
                status_of(&json!({"domain": spelling, "status": "active"})).0,
                "active"
            );
        }
        let idn: DomainName = "xn--bcher-kva.de".parse().unwrap();
        let body = json!({"domain": "bücher.de", "status": "active"}).to_string();
        assert!(matches!(
            read(body.as_bytes(), &idn),
            Ok(FastlyFinding::Answered { .. })
        ));
    }

    #[test]
    fn an_answer_about_another_name_is_none() {
        for other in ["example.com", "www.example.org", "org", "", "not a name"] {
            let body = json!({"domain": other, "status": "inactive"}).to_string();
            assert_eq!(no_answer(body.as_bytes()), NoAnswer::OtherName, "{other}");
        }
    }

    #[test]
    fn what_cannot_be_relied_upon_is_unreadable_and_says_why() {
        let long = json!({"domain": "example.org", "status": "inactive ".repeat(100)}).to_string();
        for (body, why) in [
            ("", "it is not a JSON object"),
            ("<html>", "it is not a JSON object"),
            (r#"["example.org", "inactive"]"#, "it is not a JSON object"),
            (
                r#"{"domain": "example.org", "status": "ina"#,
                "it is not JSON, at column 40",
            ),
            (
                r#"{"domain": "example.org", "status": ["inactive"]}"#,
                "it is not of the known shape, at column 36",
            ),
            (
                r#"{"domain": "example.org", "status": "active", "status": "inactive"}"#,
                "it is not of the known shape, at column 54",
            ),
            (r#"{"status": "inactive"}"#, "it names no domain"),
            (r#"{"domain": "example.org"}"#, "it has no status"),
            (
                r#"{"domain": "example.org", "status": null}"#,
                "it has no status",
            ),
            (
                r#"{"domain": "example.org", "status": " "}"#,
                "it has no status",
            ),
            (
                r#"{"domain": "example.org", "status": "in\u0000active"}"#,
                "its status has characters that no token has",
            ),
            (
                r#"{"domain": "example.org", "status": "inactive", "scope": "gu\u001bess"}"#,
                "its scope is unknown: gu ess",
            ),
            (long.as_str(), "its status is too long"),
        ] {
            assert_eq!(
                no_answer(body.as_bytes()),
                NoAnswer::Unreadable {
                    why: why.to_owned()
                },
                "{body}"
            );
        }
    }

    #[test]
    fn an_errors_list_is_an_error_even_beside_a_status() {
        let body = json!({
            "domain": "example.org", "status": "inactive",
            "errors": [{"code": 404, "message": "Domain not found", "detail": "example.org"}],
        });
        let errors = Errors {
            code: Some(404),
            said: "Domain not found: example.org".to_owned(),
        };
        assert_eq!(read_json(&body), Err(errors));
        assert_eq!(
            read_json(&json!({"errors": [{}]})),
            Err(Errors {
                code: None,
                said: String::new()
            })
        );
        let empty = json!({"domain": "example.org", "status": "active", "errors": []});
        assert_eq!(status_of(&empty).0, "active");
    }

    /// Whether a body, read by nothing of ours, says that `example.org` can be lost.
    fn says_a_loss(body: &[u8]) -> bool {
        let Ok(Value::Object(answer)) = serde_json::from_slice(body) else {
            return false;
        };
        let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
        let about_it = field("domain")
            .trim_end_matches('.')
            .eq_ignore_ascii_case("example.org");
        let lost = field("status")
            .split(' ')
            .any(|token| ["inactive", "expiring", "deleting"].contains(&token));
        about_it && lost && answer.get("scope").is_none_or(Value::is_null)
    }

    fn reads_as_a_loss(body: &[u8]) -> bool {
        read(body, &asked()).is_ok_and(|finding| match finding.registration() {
            Registration::Available | Registration::Expiring | Registration::Deleting => true,
            Registration::NotRegistrable | Registration::Registered | Registration::Undecided => {
                false
            }
        })
    }

    #[test]
    fn a_loss_that_is_said_is_read() {
        let body = json!({"domain": "example.org", "status": "undelegated inactive"}).to_string();
        assert!(says_a_loss(body.as_bytes()) && reads_as_a_loss(body.as_bytes()));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_read_as_a_loss_that_valid_json_does_not_say(body: Vec<u8>) {
            prop_assert!(!reads_as_a_loss(&body) || says_a_loss(&body));
        }

        #[test]
        fn a_damaged_answer_never_reads_as_a_loss_that_it_does_not_say(
            status in "(inactive|expiring|deleting|active|unknown|[a-z]{3,9})( (inactive|active|deleting|unknown)){0,2}",
            scope in proptest::option::of("(estimate|precise|[a-z]{0,8})"),
            cut in 0..200_usize,
            damage in proptest::collection::vec((0..100_usize, any::<u8>()), 0..3),
        ) {
            let mut answer = json!({"domain": "example.org", "status": status, "zone": "org"});
            if let Some(scope) = scope {
                answer["scope"] = json!(scope);
            }
            let mut body = answer.to_string().into_bytes();
            body.truncate(cut);
            for (at, byte) in damage {
                if let Some(place) = body.get_mut(at) {
                    *place = byte;
                }
            }
            prop_assert!(!reads_as_a_loss(&body) || says_a_loss(&body));
        }
    }
}
