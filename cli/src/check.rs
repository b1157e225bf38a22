//! `check`: may this domain's address be relied upon now?

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use jiff::SignedDuration;
use lapsewatch_core::{DomainName, Mode, Permission, Reason, RunId, Timestamp};
use lapsewatch_pipeline::{
    AtUse, CheckError, Checked, Deadline, FromRecord, Question, answer_by_asking,
    answer_from_record,
};
use serde_json::to_value;

use crate::commands::Done;
use crate::host::Host;
use crate::output::Output;
use crate::plans::{document, say_record};

/// Answers a question, `within` so long.
pub(crate) async fn run(
    host: &Host,
    question: &Question,
    within: SignedDuration,
    output: Output,
) -> Result<Done> {
    let answered = answer(host, question, within).await?;
    say(&answered, output)?;
    say_record(&answered.domain, answered.record.as_ref(), output)?;
    document(&host.environment, output, to_value(&answered)?)?;
    Ok(Done::Done)
}

/// The answer, by what is known or by asking.
pub(crate) async fn answer(
    host: &Host,
    question: &Question,
    within: SignedDuration,
) -> Result<AtUse> {
    let deadline = host.clock.wall() + within;
    match answer_from_record(&host.watchlist, question, host.clock).await? {
        FromRecord::Answered(answered) => Ok(*answered),
        FromRecord::Unanswered(why) => {
            let asking = Box::pin(look(host, &question.domain, deadline));
            answer_by_asking(&host.watchlist, question, why, asking, deadline, host.clock).await
        }
    }
}

/// A look; without a key, or with one of no use, a glance, which needs none.
async fn look(host: &Host, domain: &DomainName, deadline: Timestamp) -> Result<Checked> {
    let glancer = host.glancer()?;
    let (_share, ()) = host.join(async || Ok(())).await?;
    let run = RunId::new(Mode::Domains, host.clock.wall());
    let no_look = match host.fastly() {
        Ok(fastly) => {
            let checker = Arc::new(glancer.with_source(fastly));
            let looking = checker.look_at_use(run.clone(), domain.clone(), deadline);
            match looking.await {
                Ok(looked) => return Ok(looked),
                Err(CheckError::Watchlist(error)) => return Err(error.into()),
                Err(error @ CheckError::KeyRejected(_)) => error.into(),
            }
        }
        Err(error) => error,
    };
    // Whether anybody reads this is of no matter.
    let _ = writeln!(std::io::stderr(), "lapsewatch: {no_look:#}");
    let glancing = glancer.glance_alone(&run, domain, Deadline::Begin(deadline));
    Ok(glancing.await?)
}

/// The answer and its reasons, in a sentence.
pub(crate) fn say(answered: &AtUse, output: Output) -> Result<()> {
    let what = match answered.answer {
        Permission::Allow => "allow",
        Permission::AskForMore => "ask for more",
        Permission::Deny => "deny",
    };
    let reasons: Vec<_> = answered
        .reasons
        .iter()
        .map(|reason| in_words(*reason))
        .collect();
    output.say(format!(
        "{}: {what}: {}",
        answered.domain,
        reasons.join("; ")
    ))
}

fn in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Held => "the domain is its owner's",
        Reason::RegisteredSince => "the domain was registered again after the address was verified",
        Reason::VerifiedByPresentOwner => {
            "the domain was registered again, and the address verified after that"
        }
        Reason::Lapsing => "the domain is past expiry, in redemption or about to be released",
        Reason::Lapsed => "the domain is deleted: anyone can register it",
        Reason::Unknown => "the sources did not answer, or contradict each other",
        Reason::Stale => "what is known is too old, and nobody answered in time",
        Reason::PastExpiry => "the domain's term has ended, and nobody has renewed it",
        Reason::HandsChanged => {
            "the domain's registrar and name servers have changed since the address was verified"
        }
        Reason::Unsettled => {
            "the registry or the DNS shows a sign of loss, and nobody has been able to make sure yet"
        }
        Reason::CameBack => {
            "the domain was deleted after the address was verified, and is registered again: nobody tells when, or by whom"
        }
        Reason::RegisteredLately => {
            "the domain was registered within a year, and --verified-at does not say whether the address is older"
        }
    }
}
