//! What the stand-in says of a name.

use std::time::Duration;

use serde_json::{Value, json};

/// A reply, of any kind. The usual ones have a maker each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `content-type`.
    pub headers: Vec<(String, String)>,
    /// The media type.
    pub content_type: String,
    /// The body, repeated so many times: how a long one is told.
    pub body: (String, usize),
    /// How long the server thinks.
    pub delay: Duration,
}

impl Reply {
    /// An object, as RDAP.
    pub fn object(object: &Value) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            content_type: "application/rdap+json".to_owned(),
            body: (object.to_string(), 1),
            delay: Duration::ZERO,
        }
    }

    /// The registry does not know the name.
    pub fn not_found() -> Self {
        Self {
            status: 404,
            ..Self::object(&json!({"rdapConformance": ["rdap_level_0"], "errorCode": 404}))
        }
    }

    /// A status with a page of text.
    pub fn page(status: u16, text: &str) -> Self {
        Self {
            status,
            content_type: "text/html".to_owned(),
            body: (text.to_owned(), 1),
            ..Self::object(&Value::Null)
        }
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Self {
        Self::page(302, "").with_header("location", location)
    }

    /// The reply with a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The reply after a time.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A domain object with its dates, each an RFC 3339 text.
pub fn registered(domain: &str, events: &[(&str, &str)]) -> Value {
    let events: Vec<_> = events
        .iter()
        .map(|(action, date)| json!({"eventAction": action, "eventDate": date}))
        .collect();
    json!({
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "domain",
        "ldhName": domain,
        "status": ["active"],
        "events": events,
    })
}
