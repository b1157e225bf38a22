//! From an event to a plan.

use anyhow::Result;
use aws_config::SdkConfig;
use jiff::SignedDuration;
use lambda_runtime::{BoxFuture, Diagnostic, LambdaEvent};
use lapsewatch_core::{MAX_EVIDENCE_AGE, Timestamp};
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_pipeline::{Applied, Applier, Clock, restored_document};
use lapsewatch_runtime::{answered, stop_at};
use lapsewatch_telemetry::{Metric, Metrics};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use serde_json::Value;

use crate::Config;
use crate::event::Event;

/// Time to un-verify at one domain, which is not broken off, and to answer.
const TO_FINISH: SignedDuration = SignedDuration::from_secs(6);

/// The unverifier, for as long as its process lives.
#[derive(Debug)]
pub struct Function {
    watchlist: DynamoDbWatchlist,
    directory: DynamoDbDirectory,
    clock: Clock,
    metrics: Metrics,
    config: Config,
}

impl Function {
    /// The function over the clients of AWS. `wall` is the real clock.
    pub fn new(aws: &SdkConfig, config: Config, wall: fn() -> Timestamp) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        Self {
            watchlist: DynamoDbWatchlist::new(dynamodb.clone(), &config.watchlist_table),
            directory: DynamoDbDirectory::new(dynamodb, &config.directory_table),
            clock: Clock::new(wall, config.rehearsed_now),
            metrics: Metrics::new(&config.service),
            config,
        }
    }

    /// Carries an event out; answers the same document as the command does.
    pub fn handle(&self, event: LambdaEvent<Value>) -> BoxFuture<'_, Result<Value, Diagnostic>> {
        let (payload, context) = event.into_parts();
        answered(self.answer(payload, stop_at(&context, TO_FINISH)))
    }

    async fn answer(&self, payload: Value, deadline: Timestamp) -> Result<Value> {
        let applier = Applier {
            watchlist: self.watchlist.clone(),
            directory: self.directory.clone(),
            breaker: self.config.breaker,
            max_evidence_age: MAX_EVIDENCE_AGE,
            clock: self.clock,
            deadline: Some(deadline),
        };
        match Event::read(payload)? {
            Event::Plan {} => Ok(applier.plan().await?.document()),
            Event::Apply {} => {
                let done = Box::pin(applier.apply()).await?;
                self.report(&done).await?;
                Ok(done.document())
            }
            Event::Release { plan } => {
                let done = Box::pin(applier.release(&plan)).await?;
                self.report(&done).await?;
                Ok(done.document())
            }
            Event::Restore { plan } => Ok(restored_document(&plan, &applier.restore(&plan).await?)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "metrics are floating-point numbers"
    )]
    async fn report(&self, applied: &Applied) -> Result<()> {
        for planned in &applied.unverified {
            tracing::info!(
                domain = planned.domain.as_str(),
                verdict = planned.verdict.name(),
                addresses = planned.addresses,
                "un-verified"
            );
        }
        let pending = self.watchlist.pending(None).await?.items;
        let oldest = pending
            .iter()
            .filter_map(|record| Some(record.pending.as_ref()?.since))
            .min();
        let waits = oldest.map_or(0, |since| self.clock.now().duration_since(since).as_secs());
        self.metrics.report(
            self.clock.wall(),
            &[
                (Metric::Unverified, applied.unverified.len() as f64),
                (Metric::PlanHeld, applied.waiting.len() as f64),
                (Metric::OldestPendingSeconds, waits as f64),
            ],
        );
        Ok(())
    }
}
