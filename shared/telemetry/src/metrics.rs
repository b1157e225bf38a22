//! Metrics in AWS's embedded metric format: a line of JSON on standard output, from which `CloudWatch` makes them.
//!
//! The format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.

use std::io::Write;

use lapsewatch_core::Timestamp;
use serde_json::{Map, Value, json};

/// What is measured. The alarms in `template.yaml` go by these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// A sweep was begun.
    SweepStarted,
    /// Domains that a run sent to be checked.
    Sent,
    /// Domains that did not fit the month's budget and wait.
    Waiting,
    /// Days that a sweep of the whole directory takes at the configured rate and budget.
    SweepDaysRemaining,
    /// Domains looked at.
    Checked,
    /// Looks that ended without an answer.
    Unknown,
    /// Looks that ended without an answer, as a share of all, 0 to 1.
    UnknownShare,
    /// Fastly rejected the key.
    KeyRejected,
    /// Domains that wait for a person to release their plan.
    PlanHeld,
    /// Domains at which addresses were un-verified.
    Unverified,
    /// How long the oldest confirmed loss has waited to be applied.
    OldestPendingSeconds,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::SweepStarted => "SweepStarted",
            Self::Sent => "Sent",
            Self::Waiting => "Waiting",
            Self::SweepDaysRemaining => "SweepDaysRemaining",
            Self::Checked => "Checked",
            Self::Unknown => "Unknown",
            Self::UnknownShare => "UnknownShare",
            Self::KeyRejected => "KeyRejected",
            Self::PlanHeld => "PlanHeld",
            Self::Unverified => "Unverified",
            Self::OldestPendingSeconds => "OldestPendingSeconds",
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::SweepStarted
            | Self::Sent
            | Self::Waiting
            | Self::Checked
            | Self::Unknown
            | Self::KeyRejected
            | Self::PlanHeld
            | Self::Unverified => "Count",
            Self::SweepDaysRemaining | Self::UnknownShare => "None",
            Self::OldestPendingSeconds => "Seconds",
        }
    }
}

/// The metrics of one stack.
#[derive(Clone, Debug)]
pub struct Metrics {
    service: String,
}

impl Metrics {
    /// Metrics with the dimension `service`: the stack's name, by which its alarms find them.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
        }
    }

    /// Reports measurements of a time.
    pub fn report(&self, at: Timestamp, measured: &[(Metric, f64)]) {
        let line = format!("{}\n", self.document(at, measured));
        // One write a line, so that lines of other threads do not cut it. Nobody is left to tell if it fails.
        let _ = std::io::stdout().write_all(line.as_bytes());
    }

    fn document(&self, at: Timestamp, measured: &[(Metric, f64)]) -> Value {
        let described: Vec<Value> = measured
            .iter()
            .map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()}))
            .collect();
        let mut document = Map::from_iter([
            (
                "_aws".to_owned(),
                json!({
                    "Timestamp": at.as_millisecond(),
                    "CloudWatchMetrics": [{
                        "Namespace": "Lapsewatch",
                        "Dimensions": [["service"]],
                        "Metrics": described,
                    }],
                }),
            ),
            ("service".to_owned(), json!(self.service)),
        ]);
        document.extend(
            measured
                .iter()
                .map(|(metric, value)| (metric.name().to_owned(), json!(value))),
        );
        Value::Object(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_describes_its_metrics_and_holds_their_values() {
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        let measured = [(Metric::Checked, 10.0), (Metric::UnknownShare, 0.1)];
        let document = Metrics::new("lapsewatch-prod").document(at, &measured);
        assert_eq!(
            document,
            json!({
                "_aws": {
                    "Timestamp": 1_790_000_000_000_i64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Lapsewatch",
                        "Dimensions": [["service"]],
                        "Metrics": [
                            {"Name": "Checked", "Unit": "Count"},
                            {"Name": "UnknownShare", "Unit": "None"},
                        ],
                    }],
                },
                "service": "lapsewatch-prod",
                "Checked": 10.0,
                "UnknownShare": 0.1,
            })
        );
    }
}
