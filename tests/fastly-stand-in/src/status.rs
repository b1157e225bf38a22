//! The service itself: `GET /domain-management/v1/tools/status`.

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::answer;
use crate::server::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/domain-management/v1/tools/status", get(status))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    domain: String,
    scope: Option<String>,
}

async fn status(
    State(shared): State<Shared>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response<Body> {
    if asked.domain.is_empty() {
        return answer::problem("Domain is required", "");
    }
    let key = headers.get("fastly-key").and_then(|key| key.to_str().ok());
    let play = shared.lock().play(&asked.domain.to_ascii_lowercase(), key);
    if !play.latency.is_zero() {
        tokio::time::sleep(play.latency).await;
    }
    answer::play(
        play.behaviour,
        &asked.domain,
        asked.scope.as_deref() == Some("estimate"),
    )
    .await
}
