//! The moment of use: somebody asks for a password reset, and the registry asks whether the address may be relied upon.

use std::sync::Arc;

use jiff::SignedDuration;
use lapsewatch_core::{
    Answer, DomainName, Permission, Reason, Record, RunId, Timestamp, Verdict, WatchedDomain,
    answer,
};
use lapsewatch_sources::{DnsSource, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Watchlist, WatchlistError, Written};
use serde::Serialize;

use crate::{CheckError, CheckMessage, Checked, Checker, Clock, Deadline};

/// How long a look takes, mostly: one that begins later is paid for and comes too late.
const TO_ANSWER: SignedDuration = SignedDuration::from_secs(2);

/// How old what is known may be where nothing else is asked for.
pub const MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

/// A question about one address's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The domain.
    pub domain: DomainName,
    /// When the address was verified; `None` if nobody knows.
    pub verified_at: Option<Timestamp>,
    /// How old what is known may be to be answered from.
    pub max_age: SignedDuration,
}

/// An answer, as both hosts give it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtUse {
    /// The domain.
    pub domain: DomainName,
    /// What to do.
    pub answer: Permission,
    /// The verdict that it rests upon.
    pub verdict: &'static str,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What is known of the domain; `None` if nothing is.
    pub record: Option<Record>,
    /// Whether a look or a glance was taken for this answer; `false` also if it was not over in time.
    pub looked_up: bool,
}

impl Question {
    fn answered(&self, record: Option<Record>, now: Timestamp, looked_up: bool) -> AtUse {
        let answer = record.as_ref().map_or_else(
            || Answer {
                permission: Permission::AskForMore,
                verdict: Verdict::Unknown,
                reasons: vec![Reason::Unknown],
            },
            |record| answer(record, self.verified_at, self.max_age, now),
        );
        AtUse {
            domain: self.domain.clone(),
            answer: answer.permission,
            verdict: answer.verdict.name(),
            reasons: answer.reasons,
            record,
            looked_up,
        }
    }
}

/// What a record alone comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum FromRecord {
    /// It is fresh enough: this is the answer.
    Answered(Box<AtUse>),
    /// Somebody has to be asked.
    Unanswered(Unanswered),
}

/// Why a record does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It is not fresh enough.
    NotFresh,
    /// There is none.
    NotWatched,
}

/// Answers from the record, if that is fresh enough: one read, and nobody is asked.
pub async fn answer_from_record<W: Watchlist>(
    watchlist: &W,
    question: &Question,
    clock: Clock,
) -> Result<FromRecord, WatchlistError> {
    let (record, now) = (watchlist.get(&question.domain).await?, clock.now());
    Ok(match record {
        Some(record) if record.is_fresh(question.max_age, now) => {
            FromRecord::Answered(Box::new(question.answered(Some(record), now, false)))
        }
        Some(_) => FromRecord::Unanswered(Unanswered::NotFresh),
        None => FromRecord::Unanswered(Unanswered::NotWatched),
    })
}

/// Answers a question whose record is not fresh enough by what `asking` comes to: by `deadline` (real time) at the latest, with
/// what was known before if nobody has answered by then. A domain that is not on the watchlist is on it from then on.
pub async fn answer_by_asking<W: Watchlist, E: From<WatchlistError>>(
    watchlist: &W,
    question: &Question,
    why: Unanswered,
    asking: impl Future<Output = Result<Checked, E>>,
    deadline: Timestamp,
    clock: Clock,
) -> Result<AtUse, E> {
    // What is heard from now on is fresh for this question, however long it takes.
    let asked_at = clock.now();
    match why {
        Unanswered::NotFresh => {}
        Unanswered::NotWatched => {
            let watched = WatchedDomain {
                domain: question.domain.clone(),
                earliest_verified_at: question.verified_at,
            };
            watchlist.watch(&[watched], None, asked_at).await?;
        }
    }
    let outcome = tokio::select! {
        // An answer that is there counts.
        biased;
        outcome = asking => Some(outcome?),
        () = clock.sleep_until(deadline) => None,
    };
    let looked_up = match outcome {
        Some(Checked::Looked(_) | Checked::Glanced) => true,
        Some(Checked::Failed(why)) => {
            tracing::error!(domain = question.domain.as_str(), "{why}");
            false
        }
        Some(
            Checked::AlreadyChecked
            | Checked::NotWatched
            | Checked::InProgress
            | Checked::OverBudget
            | Checked::HandedBack,
        ) => false,
        None => {
            note_silence(watchlist, &question.domain, asked_at).await?;
            false
        }
    };
    let record = watchlist.get(&question.domain).await?;
    Ok(question.answered(record, asked_at, looked_up))
}

/// Nobody has answered in time: that is remembered, so that whoever asks in a row does not make us pay in a row for looks that all
/// come too late. If the record has changed meanwhile, somebody has.
async fn note_silence<W: Watchlist>(
    watchlist: &W,
    domain: &DomainName,
    asked_at: Timestamp,
) -> Result<(), WatchlistError> {
    let record = watchlist.get(domain).await?;
    if let Some(silence) = record.and_then(|record| record.asked_in_vain(asked_at)) {
        match watchlist.record(&silence).await? {
            Written::Written | Written::Superseded => {}
        }
    }
    Ok(())
}

impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    S: StatusSource + Send + Sync + 'static,
    R: RegistrySource,
    D: DnsSource,
{
    /// Looks at a domain that somebody is about to rely on. Where the month's budget is spent, Fastly's pace leaves no room before
    /// `deadline`, or somebody else is about to look, a glance answers: it costs nothing.
    ///
    /// In a task of its own: a look that is paid for is written down even if it comes too late for the answer, where the process
    /// lives on.
    pub async fn look_at_use(
        self: &Arc<Self>,
        run: RunId,
        domain: DomainName,
        deadline: Timestamp,
    ) -> Result<Checked, CheckError> {
        let checker = Arc::clone(self);
        let looking =
            tokio::spawn(async move { checker.look_or_glance(&run, &domain, deadline).await });
        looking
            .await
            .unwrap_or_else(|_| Ok(Checked::Failed("the look panicked".to_owned())))
    }

    async fn look_or_glance(
        self: &Arc<Self>,
        run: &RunId,
        domain: &DomainName,
        deadline: Timestamp,
    ) -> Result<Checked, CheckError> {
        let left = deadline.duration_since(self.clock.wall());
        let look_by = deadline - TO_ANSWER.min(left / 2);
        let message = CheckMessage::new(run.clone(), domain.clone());
        let mut answers = self.check(&[message], Deadline::Begin(look_by)).await?;
        match answers.pop() {
            Some(Checked::OverBudget | Checked::HandedBack | Checked::InProgress) | None => {
                self.glance_alone(run, domain, Deadline::Begin(deadline))
                    .await
            }
            Some(
                other @ (Checked::Looked(_)
                | Checked::Glanced
                | Checked::AlreadyChecked
                | Checked::NotWatched
                | Checked::Failed(_)),
            ) => Ok(other),
        }
    }
}
