//! What an error says, in whichever of Fastly's forms: an `errors` list, problem+json, `{"msg", "detail"}`, or text.

use serde::Deserialize;
use serde_json::Value;

use crate::text::kept;

/// One item of an `errors` list, every field as it may come.
#[derive(Deserialize)]
pub(super) struct ErrorItem {
    #[serde(default)]
    code: Value,
    #[serde(default)]
    title: Value,
    #[serde(default, alias = "msg")]
    message: Value,
    #[serde(default)]
    detail: Value,
}

impl ErrorItem {
    /// The code, if it is that of an HTTP error.
    pub(super) fn http_status(&self) -> Option<u16> {
        let code = self
            .code
            .as_u64()
            .or_else(|| self.code.as_str()?.parse().ok())?;
        u16::try_from(code)
            .ok()
            .filter(|code| (400..600).contains(code))
    }

    /// The error in words.
    pub(super) fn said(&self) -> String {
        let parts = [&self.title, &self.message, &self.detail]
            .into_iter()
            .filter_map(Value::as_str);
        kept(
            &parts
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(": "),
        )
    }
}

#[derive(Deserialize)]
struct List {
    errors: Vec<ErrorItem>,
}

/// The body of an error in words, made fit to be kept; empty if it says nothing.
pub(super) fn said(body: &[u8]) -> String {
    // A list of values is never an error of this service; serde would read it as the fields in their order.
    if body.trim_ascii_start().starts_with(b"{") {
        let listed = serde_json::from_slice(body)
            .ok()
            .and_then(|list: List| list.errors.into_iter().next());
        let said = listed
            .or_else(|| serde_json::from_slice(body).ok())
            .map(|error| error.said());
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            return said;
        }
    }
    kept(&String::from_utf8_lossy(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_is_put_in_words() {
        for (body, words) in [
            (
                r#"{"title":"Domain not found","status":400,"detail":"a.org"}"#,
                "Domain not found: a.org",
            ),
            (
                r#"{"msg":"Bad request","detail":"no domain"}"#,
                "Bad request: no domain",
            ),
            (
                r#"{"errors":[{"code":404,"message":"Not found","detail":"a.org"},{}]}"#,
                "Not found: a.org",
            ),
            (r#"{"errors":[],"msg":"Nothing"}"#, "Nothing"),
            (r#"{"errors":"odd","title":"Odd"}"#, "Odd"),
            (r#"{"unknown":"form"}"#, r#"{"unknown":"form"}"#),
            (r#"["Domain not found"]"#, r#"["Domain not found"]"#),
            ("plain\r\ntext", "plain text"),
            ("", ""),
        ] {
            assert_eq!(said(body.as_bytes()), words);
        }
    }
}
