//! From an event to a run.

use anyhow::{Context as _, Result, anyhow};
use aws_config::SdkConfig;
use jiff::SignedDuration;
use lambda_runtime::{BoxFuture, Context, Diagnostic, LambdaEvent};
use lapsewatch_core::{DomainName, Mode, Run, RunId, Timestamp, sweep_days};
use lapsewatch_directory::dynamodb::DynamoDbDirectory;
use lapsewatch_pipeline::{Clock, Dispatched, Dispatcher};
use lapsewatch_runtime::{Message, answered, batch_response, stop_at};
use lapsewatch_telemetry::{Metric, Metrics};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use serde_json::{Value, json};

use crate::Config;
use crate::event::{Continuation, Event};
use crate::queue::SqsQueue;

/// Time for one page of work, which is not broken off.
const ONE_PAGE: SignedDuration = SignedDuration::from_secs(18);
/// When a run may be gone on with: its lease of 120 s has passed by then.
const LEASE_IS_OVER_SECONDS: i32 = 130;
/// How often a run is looked after that somebody else works at: three quarters of an hour.
const MOST_TIMES_BUSY: u32 = 20;

/// The dispatcher, for as long as its process lives.
#[derive(Debug)]
pub struct Function {
    dispatcher: Dispatcher<DynamoDbWatchlist, DynamoDbDirectory, SqsQueue>,
    sqs: aws_sdk_sqs::Client,
    metrics: Metrics,
    config: Config,
}

impl Function {
    /// The function over the clients of AWS. `wall` is the real clock.
    pub fn new(aws: &SdkConfig, config: Config, wall: fn() -> Timestamp) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        let sqs = aws_sdk_sqs::Client::new(aws);
        let dispatcher = Dispatcher {
            watchlist: DynamoDbWatchlist::new(dynamodb.clone(), &config.watchlist_table),
            directory: DynamoDbDirectory::new(dynamodb, &config.directory_table),
            queue: SqsQueue {
                client: sqs.clone(),
                url: config.check_queue_url.clone(),
            },
            monthly_budget: config.monthly_budget,
            clock: Clock::new(wall, config.rehearsed_now),
        };
        Self {
            dispatcher,
            sqs,
            metrics: Metrics::new(&config.service),
            config,
        }
    }

    /// Carries an event out. Each answer is a JSON document.
    pub fn handle(&self, event: LambdaEvent<Value>) -> BoxFuture<'_, Result<Value, Diagnostic>> {
        let (payload, context) = event.into_parts();
        answered(async move { self.answer(payload, &context).await })
    }

    async fn answer(&self, payload: Value, context: &Context) -> Result<Value> {
        let now = self.dispatcher.clock.now();
        match Event::read(payload)? {
            Event::Start {
                mode,
                scheduled_time,
            } => {
                let id = run_id(mode, scheduled_time, context);
                let is_new = self.dispatcher.watchlist.run(&id).await?.is_none();
                if is_new && mode == Mode::Sweep {
                    let wall = self.dispatcher.clock.wall();
                    self.metrics.report(wall, &[(Metric::SweepStarted, 1.0)]);
                }
                self.dispatch(Run::new(id, mode, now), 0, context).await
            }
            Event::Domains(domains) => self.send(domains, context).await,
            Event::Continue(messages) => {
                let mut failed = Vec::new();
                for message in messages {
                    if let Err(error) = self.go_on(&message, context).await {
                        tracing::error!(message = message.id, "{error:#}");
                        failed.push(message.id);
                    }
                }
                batch_response(failed)
            }
        }
    }

    /// Works at a run. If there is more to do than time, or another invocation is at it, a message goes out by which it is
    /// looked after later.
    async fn dispatch(&self, run: Run, again: u32, context: &Context) -> Result<Value> {
        let deadline = stop_at(context, ONE_PAGE);
        let id = run.id.clone();
        let (outcome, run) = match self.dispatcher.dispatch(run, Some(deadline)).await? {
            Dispatched::Finished(run) => {
                self.report(&run);
                ("finished", Some(run))
            }
            Dispatched::AlreadyFinished(run) => ("already_finished", Some(run)),
            Dispatched::ToBeContinued(run) => {
                self.send_on(&Continuation::new(id.clone(), 0)).await?;
                ("to_be_continued", Some(run))
            }
            Dispatched::Busy if again < MOST_TIMES_BUSY => {
                self.send_on(&Continuation::new(id.clone(), again + 1))
                    .await?;
                ("busy", None)
            }
            Dispatched::Busy => {
                return Err(anyhow!(
                    "the run {id} was found busy {again} times in a row: look at the dispatcher's log for what holds it"
                ));
            }
        };
        let counters = run.map(|run| run.counters);
        tracing::info!(run = id.as_str(), outcome, "dispatched");
        Ok(json!({"run": id, "outcome": outcome, "counters": counters}))
    }

    async fn go_on(&self, message: &Message, context: &Context) -> Result<()> {
        let continuation = Continuation::read(&message.body)?;
        let run = self.dispatcher.watchlist.run(&continuation.run).await?;
        let run = run.with_context(|| format!("there is no run {}", continuation.run))?;
        self.dispatch(run, continuation.again, context).await?;
        Ok(())
    }

    async fn send(&self, domains: Vec<DomainName>, context: &Context) -> Result<Value> {
        let id = run_id(Mode::Domains, None, context);
        let run = Run::new(id.clone(), Mode::Domains, self.dispatcher.clock.now());
        let sent = domains.len();
        self.dispatcher.send_domains(&run, domains).await?;
        Ok(json!({"run": id, "outcome": "finished", "sent": sent}))
    }

    async fn send_on(&self, continuation: &Continuation) -> Result<()> {
        self.sqs
            .send_message()
            .queue_url(&self.config.continuation_queue_url)
            .message_body(serde_json::to_string(continuation)?)
            .delay_seconds(LEASE_IS_OVER_SECONDS)
            .send()
            .await
            .map_err(aws_sdk_sqs::error::SdkError::into_service_error)
            .context("the dispatcher could not send itself on")?;
        Ok(())
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "metrics are floating-point numbers"
    )]
    fn report(&self, run: &Run) {
        let counters = &run.counters;
        let mut measured = vec![
            (Metric::Sent, counters.sent as f64),
            (Metric::Waiting, counters.waiting as f64),
        ];
        if run.mode == Mode::Sweep {
            let days = sweep_days(
                counters.synced,
                &self.config.pace,
                self.config.monthly_budget,
            );
            measured.push((Metric::SweepDaysRemaining, days));
        }
        self.metrics.report(self.dispatcher.clock.wall(), &measured);
    }
}

/// A doubled event names the same run: by the schedule's time, or by the request, which keeps its id when Lambda tries it
/// again.
fn run_id(mode: Mode, scheduled_time: Option<Timestamp>, context: &Context) -> RunId {
    match scheduled_time {
        Some(time) => RunId::new(mode, time),
        None => RunId::from_stored(format!("{mode}-{}", context.request_id)),
    }
}
