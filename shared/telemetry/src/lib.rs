//! What the functions say of themselves: structured logs, and metrics. Neither ever holds an address, a key or a raw body.

mod metrics;

use tracing_subscriber::EnvFilter;

pub use metrics::{Metric, Metrics};

/// Writes logs to standard output from now on, one JSON object a line, with the fields that Lambda's JSON format knows
/// (`timestamp`, `level`, `message`) and the request's id. `filter` is as in `RUST_LOG`; `info` if it is not given or makes
/// no sense.
pub fn start_logs(filter: Option<&str>) {
    let filter = filter.and_then(|filter| EnvFilter::try_new(filter).ok());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new("info")))
        .init();
}
