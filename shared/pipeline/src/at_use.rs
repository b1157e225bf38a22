//! The moment of use: somebody asks for a password reset, and the registry asks whether the address may be relied upon.

use std::sync::Arc;

use jiff::SignedDuration;
use lapsewatch_core::{
    Answer, DomainName, Permission, Reason, Record, RunId, Timestamp, Verdict, WatchedDomain,
    answer,
};
use lapsewatch_sources::{DnsSource, RegistrySource, StatusSource};
use lapsewatch_watchlist::{Watchlist, WatchlistError};
use serde::Serialize;

use crate::{CheckError, CheckMessage, Checked, Checker, Clock};

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
    /// Whether anybody was asked for this answer; `false` also if nobody answered in time.
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

/// What a record says that is fresh enough, else what has to be asked about: one read, and nobody is asked.
pub async fn answer_from_record<W: Watchlist>(
    watchlist: &W,
    question: &Question,
    clock: Clock,
) -> Result<Result<AtUse, Option<Record>>, WatchlistError> {
    let (record, now) = (watchlist.get(&question.domain).await?, clock.now());
    Ok(match record {
        Some(record) if record.is_fresh(question.max_age, now) => {
            Ok(question.answered(Some(record), now, false))
        }
        record => Err(record),
    })
}

impl<W, S, R, D> Checker<W, S, R, D>
where
    W: Watchlist,
    S: StatusSource + Send + Sync + 'static,
    R: RegistrySource,
    D: DnsSource,
{
    /// Asks about a domain whose record is not fresh enough, and answers: by `deadline` (real time) at the latest, with what
    /// was known before if nobody has answered by then. A domain that is not on the watchlist is on it from then on.
    pub async fn answer_by_asking(
        self: &Arc<Self>,
        question: &Question,
        known: Option<Record>,
        run: RunId,
        deadline: Timestamp,
    ) -> Result<AtUse, CheckError> {
        if known.is_none() {
            let watched = WatchedDomain {
                domain: question.domain.clone(),
                earliest_verified_at: question.verified_at,
            };
            self.watchlist
                .watch(&[watched], None, self.clock.now())
                .await?;
        }
        // In a task of its own: a look that is paid for is written down even if it comes too late for this answer.
        let (checker, domain) = (Arc::clone(self), question.domain.clone());
        let look = tokio::spawn(async move {
            let message = CheckMessage::new(run, domain);
            checker.check(&[message], None).await
        });
        let answers = tokio::select! {
            looked = look => match looked {
                Ok(answers) => answers?,
                Err(_) => Vec::new(),
            },
            () = self.clock.sleep_until(deadline) => Vec::new(),
        };
        let looked_up = match answers.first() {
            Some(Checked::Looked(_) | Checked::Glanced) => true,
            Some(
                Checked::AlreadyChecked
                | Checked::NotWatched
                | Checked::InProgress
                | Checked::OverBudget
                | Checked::HandedBack
                | Checked::Failed(_),
            )
            | None => false,
        };
        let record = self.watchlist.get(&question.domain).await?;
        Ok(question.answered(record, self.clock.now(), looked_up))
    }
}
