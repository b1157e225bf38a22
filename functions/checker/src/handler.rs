//! From a batch of messages, or one domain, to looks.

use std::sync::Arc;

use anyhow::Result;
use aws_config::SdkConfig;
use jiff::SignedDuration;
use lambda_runtime::{BoxFuture, Context, Diagnostic, LambdaEvent};
use lapsewatch_core::{DomainName, Paced, RunId, Timestamp, Verdict};
use lapsewatch_pipeline::{
    AtUse, CheckError, CheckMessage, Checked, Checker, Clock, Deadline, FromRecord,
    answer_by_asking, answer_from_record,
};
use lapsewatch_runtime::{Message, answered, batch, batch_response, stop_at};
use lapsewatch_sources::{Dns, Fastly, Rdap};
use lapsewatch_telemetry::{Metric, Metrics};
use lapsewatch_watchlist::Watchlist as _;
use lapsewatch_watchlist::dynamodb::DynamoDbWatchlist;
use serde_json::Value;
use tokio::sync::{OnceCell, RwLock};

use crate::question::Asked;
use crate::{Config, key};

/// Time to write the last looks down and to answer.
const TO_FINISH: SignedDuration = SignedDuration::from_millis(2_400);
/// How far ahead calls are reserved: a batch larger than what goes out in this time is worked at in parts, so that what
/// does not fit before the time limit is handed back, and not everything.
const AHEAD: SignedDuration = SignedDuration::from_secs(5);
/// How long nobody asks after Fastly has rejected the key: each question would be paid for.
const AFTER_REJECTION: SignedDuration = SignedDuration::from_mins(5);

type DynamoDbChecker<S = Fastly> = Checker<DynamoDbWatchlist, S, Option<Rdap>, Option<Dns>>;

/// The checker, for as long as its process lives.
#[derive(Debug)]
pub struct Function {
    watchlist: DynamoDbWatchlist,
    secrets: aws_sdk_secretsmanager::Client,
    clock: Clock,
    wall: fn() -> Timestamp,
    metrics: Metrics,
    config: Config,
    /// With the key that was last fetched; `None` before the first look.
    checker: RwLock<Option<Arc<DynamoDbChecker>>>,
    /// Without Fastly: it needs no key.
    glancer: OnceCell<DynamoDbChecker<()>>,
}

impl Function {
    /// The function over the clients of AWS. `wall` is the real clock.
    pub fn new(aws: &SdkConfig, config: Config, wall: fn() -> Timestamp) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(aws);
        Self {
            watchlist: DynamoDbWatchlist::new(dynamodb, &config.watchlist_table),
            secrets: aws_sdk_secretsmanager::Client::new(aws),
            clock: Clock::new(wall, config.rehearsed_now),
            wall,
            metrics: Metrics::new(&config.service),
            config,
            checker: RwLock::default(),
            glancer: OnceCell::new(),
        }
    }

    /// Carries an event out. A batch is answered with the messages to be delivered again, a question
    /// with whether the domain may be relied upon.
    pub fn handle(&self, event: LambdaEvent<Value>) -> BoxFuture<'_, Result<Value, Diagnostic>> {
        let (payload, context) = event.into_parts();
        answered(async move { self.answer(payload, &context).await })
    }

    async fn answer(&self, payload: Value, context: &Context) -> Result<Value> {
        if let Some(messages) = batch(&payload)? {
            return batch_response(self.check_batch(messages, context).await?);
        }
        let asked = Asked::read(payload)?;
        Ok(serde_json::to_value(
            self.answer_at_use(&asked, context).await?,
        )?)
    }

    /// Answers which messages are to be delivered again.
    async fn check_batch(&self, messages: Vec<Message>, context: &Context) -> Result<Vec<String>> {
        let mut failed = Vec::new();
        let mut readable = Vec::with_capacity(messages.len());
        for message in messages {
            match CheckMessage::read(&message.body) {
                Ok(read) => readable.push((message.id, read)),
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    tracing::error!(message = message.id, "set aside: {error:#}");
                    failed.push(message.id);
                }
            }
        }
        // The checker takes up what belongs to one run together.
        readable.sort_by(|(_, one), (_, other)| one.run.cmp(&other.run));
        let (ids, messages): (Vec<String>, Vec<CheckMessage>) = readable.into_iter().unzip();
        let answers = self.check_in_parts(&messages, context).await?;
        self.report(&answers);
        for ((id, message), answer) in ids.into_iter().zip(messages).zip(answers) {
            match answer {
                Checked::Looked(verdict) => {
                    tracing::info!(
                        domain = message.domain.as_str(),
                        verdict = verdict.name(),
                        "looked"
                    );
                }
                Checked::Glanced
                | Checked::AlreadyChecked
                | Checked::NotWatched
                | Checked::OverBudget => {}
                Checked::InProgress | Checked::HandedBack => failed.push(id),
                Checked::Failed(why) => {
                    tracing::error!(message = id, domain = message.domain.as_str(), "{why}");
                    failed.push(id);
                }
            }
        }
        Ok(failed)
    }

    async fn check_in_parts(
        &self,
        messages: &[CheckMessage],
        context: &Context,
    ) -> Result<Vec<Checked>> {
        let deadline = stop_at(context, TO_FINISH);
        let mut answers = Vec::with_capacity(messages.len());
        for part in messages.chunks(self.part()) {
            if self.clock.wall() >= deadline {
                break;
            }
            let answered = self.check(part, deadline).await?;
            let had_time = answered.iter().any(|answer| *answer != Checked::HandedBack);
            answers.extend(answered);
            if !had_time {
                break;
            }
        }
        answers.resize(messages.len(), Checked::HandedBack);
        Ok(answers)
    }

    /// Messages worked at together.
    fn part(&self) -> usize {
        let interval = self.config.settings.pace.interval().as_micros().max(1);
        usize::try_from(AHEAD.as_micros() / interval)
            .unwrap_or(usize::MAX)
            .clamp(10, 100)
    }

    /// Answers somebody who is about to rely on a domain: by what is known, with one read, or by asking, until the caller's
    /// time or the function's is over.
    async fn answer_at_use(&self, asked: &Asked, context: &Context) -> Result<AtUse> {
        let question = &asked.question;
        let why = match answer_from_record(&self.watchlist, question, self.clock).await? {
            FromRecord::Answered(answered) => return Ok(*answered),
            FromRecord::Unanswered(why) => why,
        };
        let stop_at = stop_at(context, TO_FINISH);
        let deadline = asked
            .within
            .map_or(stop_at, |within| stop_at.min(self.clock.wall() + within));
        let run = RunId::from_stored(format!("domains-{}", context.request_id));
        let asking = Box::pin(self.look_at_use(run, &question.domain, deadline));
        answer_by_asking(&self.watchlist, question, why, asking, deadline, self.clock).await
    }

    /// A look; without a key, or with one of no use, a glance, which needs none.
    async fn look_at_use(
        &self,
        run: RunId,
        domain: &DomainName,
        deadline: Timestamp,
    ) -> Result<Checked> {
        let run = &run;
        let looking = |checker: Arc<DynamoDbChecker>| async move {
            // Nobody waits for the list of the registries' servers; a process that gets no batch has a newer one next time.
            if let Some(registries) = checker.registry.clone() {
                tokio::spawn(async move { registries.refresh().await });
            }
            checker
                .look_at_use(run.clone(), domain.clone(), deadline)
                .await
        };
        let no_look = match self.with_key(looking).await {
            Ok(Ok(checked)) => return Ok(checked),
            Ok(Err(CheckError::Watchlist(error))) => return Err(error.into()),
            Ok(Err(error @ CheckError::KeyRejected(_))) => self.key_of_no_use(error).await?,
            // No key is to be had. What else keeps a checker from being made keeps the glancer, too, and is told there.
            Err(error) => error,
        };
        tracing::error!("{no_look:#}");
        let glancer = self.glancer().await?;
        let glancing = glancer.glance_alone(run, domain, Deadline::Begin(deadline));
        Ok(glancing.await?)
    }

    async fn check(&self, messages: &[CheckMessage], deadline: Timestamp) -> Result<Vec<Checked>> {
        let checking = |checker: Arc<DynamoDbChecker>| async move {
            if let Some(registries) = &checker.registry {
                registries.refresh().await;
            }
            checker.check(messages, Deadline::End(deadline)).await
        };
        match self.with_key(checking).await? {
            Ok(answers) => Ok(answers),
            Err(CheckError::Watchlist(error)) => Err(error.into()),
            Err(error @ CheckError::KeyRejected(_)) => Err(self.key_of_no_use(error).await?),
        }
    }

    /// Asks, and once more with the key as it is now if Fastly rejects the one that this process has kept.
    async fn with_key<T, F: Future<Output = Result<T, CheckError>>>(
        &self,
        ask: impl Fn(Arc<DynamoDbChecker>) -> F,
    ) -> Result<Result<T, CheckError>> {
        match ask(self.checker().await?).await {
            Err(CheckError::KeyRejected(_)) => {}
            done @ (Ok(_) | Err(CheckError::Watchlist(_))) => return Ok(done),
        }
        *self.checker.write().await = None;
        Ok(ask(self.checker().await?).await)
    }

    /// What to say when Fastly rejects the key that is in the secret now; for a while, nobody asks.
    async fn key_of_no_use(&self, error: CheckError) -> Result<anyhow::Error> {
        let wall = self.clock.wall();
        self.metrics.report(wall, &[(Metric::KeyRejected, 1.0)]);
        self.watchlist
            .hold_pace(&Paced::Fastly, wall + AFTER_REJECTION)
            .await?;
        let secret = &self.config.secret_id;
        Ok(anyhow::Error::from(error)
            .context(format!("the key in the secret {secret} is of no use")))
    }

    async fn checker(&self) -> Result<Arc<DynamoDbChecker>> {
        if let Some(checker) = self.checker.read().await.as_ref() {
            return Ok(Arc::clone(checker));
        }
        let key = key::fetch(&self.secrets, &self.config.secret_id).await?;
        let fastly = Fastly::new(&self.config.fastly_url, &key, self.wall)?;
        let checker = Arc::new(self.glancer().await?.with_source(fastly));
        *self.checker.write().await = Some(Arc::clone(&checker));
        Ok(checker)
    }

    async fn glancer(&self) -> Result<&DynamoDbChecker<()>> {
        let glancer = async || -> Result<_> {
            // A function may write there, and only there.
            let list = std::env::temp_dir().join("lapsewatch-rdap.json");
            let witnesses = &self.config.witnesses;
            Ok(Checker {
                watchlist: self.watchlist.clone(),
                source: (),
                registry: witnesses.registries(&list, self.wall)?,
                dns: witnesses.dns(),
                settings: self.config.settings,
                clock: self.clock,
            })
        };
        self.glancer.get_or_try_init(glancer).await
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "metrics are floating-point numbers"
    )]
    fn report(&self, answers: &[Checked]) {
        let looked = |answer: &&Checked| matches!(answer, Checked::Looked(_));
        let unknown = |answer: &&Checked| **answer == Checked::Looked(Verdict::Unknown);
        let checked = answers.iter().filter(looked).count() as f64;
        let unknown = answers.iter().filter(unknown).count() as f64;
        if checked > 0.0 {
            self.metrics.report(
                self.clock.wall(),
                &[
                    (Metric::Checked, checked),
                    (Metric::Unknown, unknown),
                    (Metric::UnknownShare, unknown / checked),
                ],
            );
        }
    }
}
