//! What the functions say of themselves: structured logs, and metrics. Neither ever holds an address, a key or a raw body.

mod metrics;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

pub use metrics::{Metric, Metrics};

/// Writes logs to standard output from now on, one JSON object a line, with the fields that Lambda's JSON format knows
/// (`timestamp`, `level`, `message`) and the request's id. `level` is one of `error` to `trace`; `info` if it is none.
pub fn start_logs(level: Option<&str>) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter(level))
        .init();
}

/// The level is for our own crates. The clients that we use could say what is in a request, addresses and keys included:
/// they speak from warnings upward, whatever the level.
fn filter(level: Option<&str>) -> EnvFilter {
    let level = level
        .and_then(|level| level.trim().parse().ok())
        .unwrap_or(LevelFilter::INFO);
    EnvFilter::new(format!("warn,lapsewatch={level},lambda_runtime={level}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_makes_the_clients_say_what_they_send() {
        for level in [
            "trace",
            "debug",
            "aws_smithy_runtime=trace",
            "hyper=trace,info",
        ] {
            let filter = filter(Some(level)).to_string();
            assert!(filter.contains("warn"), "{filter}");
            assert!(
                !filter.contains("aws") && !filter.contains("hyper"),
                "{filter}"
            );
        }
        assert!(
            filter(Some("trace"))
                .to_string()
                .contains("lapsewatch=trace")
        );
        assert!(filter(None).to_string().contains("lapsewatch=info"));
    }
}
