//! A behaviour on the wire.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::script::{Answer, Behaviour};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const TEXT: &str = "text/plain";

/// Plays a behaviour for a call about `domain`.
pub(crate) async fn play(
    behaviour: Behaviour,
    domain: &str,
    estimate_asked: bool,
) -> Response<Body> {
    match behaviour {
        Behaviour::Answer(answer) => status(domain, answer, estimate_asked),
        Behaviour::AnotherName { domain, status: text } => {
            status(&domain, Answer { status: text, ..Answer::default() }, estimate_asked)
        }
        Behaviour::Unauthorized => {
            body(401, JSON, json!({"msg": "Provided credentials are missing or invalid"}).to_string())
        }
        Behaviour::Forbidden => body(
            403,
            JSON,
            json!({"msg": "Forbidden", "detail": "domain_research is not enabled for this account"}).to_string(),
        ),
        Behaviour::TooManyRequests { retry_after, reset } => too_many_requests(retry_after, reset),
        Behaviour::ServerError { status } => body(status, TEXT, "the service failed"),
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Cut => cut(),
        Behaviour::NotJson => body(200, JSON, "<html>certainly not JSON"),
        Behaviour::WrongShape => body(200, JSON, json!([{"domain": domain, "status": ["inactive"]}]).to_string()),
        Behaviour::ErrorsList => body(
            200,
            JSON,
            json!({"errors": [{"code": 404, "message": "Domain not found", "detail": domain}]}).to_string(),
        ),
        Behaviour::DomainNotFound => problem("Domain not found", domain),
        Behaviour::Huge { bytes } => {
            let tags = "x".repeat(bytes);
            body(200, JSON, json!({"domain": domain, "status": "undelegated inactive", "tags": tags}).to_string())
        }
        Behaviour::Redirect { to } => with_header(body(302, TEXT, "elsewhere"), LOCATION, &to),
        Behaviour::Raw { status, headers, body: text } => headers
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, value)))
            .fold(body(status, JSON, text), |response, (name, value)| with_header(response, name, value)),
    }
}

/// 400, as the service words it.
pub(crate) fn problem(title: &str, detail: &str) -> Response<Body> {
    body(
        400,
        PROBLEM,
        json!({"title": title, "status": 400, "detail": detail}).to_string(),
    )
}

fn status(domain: &str, answer: Answer, estimate_asked: bool) -> Response<Body> {
    let zone = domain.split_once('.').map_or(domain, |(_, zone)| zone);
    let mut json =
        json!({"domain": domain, "zone": zone, "status": answer.status, "tags": "generic"});
    if let Some(scope) = answer
        .scope
        .or_else(|| estimate_asked.then(|| "estimate".to_owned()))
    {
        json["scope"] = Value::String(scope);
    }
    if !answer.offers.is_empty() {
        json["offers"] = json!(answer.offers);
    }
    body(200, JSON, json.to_string())
}

fn too_many_requests(retry_after: Option<u64>, reset: Option<i64>) -> Response<Body> {
    let mut response = body(429, JSON, json!({"msg": "Too many requests"}).to_string());
    if let Some(seconds) = retry_after {
        response = with_header(response, RETRY_AFTER, &seconds.to_string());
    }
    if let Some(unix_seconds) = reset {
        response = with_header(
            response,
            HeaderName::from_static("fastly-ratelimit-remaining"),
            "0",
        );
        response = with_header(
            response,
            HeaderName::from_static("fastly-ratelimit-reset"),
            &unix_seconds.to_string(),
        );
    }
    response
}

/// The head of an answer and half a body; then the connection breaks.
fn cut() -> Response<Body> {
    let begun = stream::iter([Ok(r#"{"domain":"#.to_owned())]);
    let broken = stream::once(async {
        // Lets the head and the first half reach the wire.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Err(std::io::Error::other("cut"))
    });
    let mut response = body(200, JSON, Body::from_stream(begun.chain(broken)));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from_static("100"));
    response
}

fn body(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn with_header(mut response: Response<Body>, name: HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
