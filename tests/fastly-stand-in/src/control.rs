//! The control plane, under `/_stand-in/`: what tests in another process read and set.

use std::collections::BTreeMap;

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::script::Script;
use crate::server::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/_stand-in/calls", get(calls))
        .route("/_stand-in/reset", post(reset))
        .route("/_stand-in/clock", put(clock))
        .route("/_stand-in/script", put(script))
        // A script of 100,000 domains is larger than any default limit.
        .layer(DefaultBodyLimit::disable())
}

#[derive(Deserialize)]
struct CallsAsked {
    #[serde(default)]
    arrivals: bool,
}

#[derive(Serialize)]
struct CallsSeen {
    total: u64,
    domains: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrivals_us: Option<Vec<u64>>,
}

async fn calls(State(shared): State<Shared>, Query(asked): Query<CallsAsked>) -> Json<CallsSeen> {
    let state = shared.lock();
    Json(CallsSeen {
        total: state.total(),
        domains: state
            .calls_by_domain()
            .map(|(domain, calls)| (domain.to_owned(), calls))
            .collect(),
        arrivals_us: asked.arrivals.then(|| state.arrivals_us().to_vec()),
    })
}

async fn reset(State(shared): State<Shared>) -> StatusCode {
    shared.lock().reset();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    now: Option<Timestamp>,
}

async fn clock(State(shared): State<Shared>, Json(clock): Json<Clock>) -> StatusCode {
    shared.lock().set_now(clock.now);
    StatusCode::NO_CONTENT
}

async fn script(State(shared): State<Shared>, Json(script): Json<Script>) -> StatusCode {
    shared.lock().set_script(script);
    StatusCode::NO_CONTENT
}
