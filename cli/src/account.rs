//! How plans are told: what was un-verified, what waits, what was left alone, and why.

use anyhow::Result;
use lapsewatch_core::{
    Confirmation, DnsFinding, Evidence, FastlyFinding, Left, LeftReason, RdapFinding, RdapPhase,
};
use lapsewatch_pipeline::{Applied, Decision, Planned};
use serde_json::Value;

use crate::output::{Output, counted};

/// The sentences on a plan that was carried out (`done`) or would be.
pub(crate) fn say(applied: &Applied, done: bool, output: Output) -> Result<()> {
    if applied.unverified.is_empty() && applied.waiting.is_empty() {
        output.say("nothing to un-verify: no loss is confirmed and pending")?;
    }
    for planned in &applied.unverified {
        output.say(sentence(planned, done))?;
        for look in &planned.evidence {
            output.say(format!("    {}", look_in_words(look)))?;
        }
        for left in &planned.left {
            output.say(format!("    left alone: {}", left_in_words(left)))?;
        }
    }
    for (domain, decision) in &applied.left_alone {
        output.say(match decision {
            Decision::Doubted { observed_at } => {
                format!("{domain}: left alone, the look of {observed_at} spoke against the loss; one that shows it again comes first")
            }
            Decision::Stale { observed_at } => {
                format!("{domain}: left alone, the last proof is of {observed_at}; a fresh look comes first")
            }
            Decision::Changed => format!("{domain}: left alone, its record changed meanwhile; the next plan sees it"),
            Decision::OutOfTime => format!("{domain}: left alone for want of time; the next plan goes on with it"),
        })?;
    }
    if !applied.waiting.is_empty() {
        let waiting = counted(applied.waiting.len() as u64, "domain waits", "domains wait");
        output.say(format!("HELD: {waiting} for a person"))?;
        for limit in &applied.exceeded {
            output.say(format!("    {limit}"))?;
        }
        let mut plans: Vec<_> = applied
            .waiting
            .iter()
            .filter_map(|waiting| waiting.plan.as_ref())
            .collect();
        plans.dedup();
        for plan in plans {
            output.say(format!("    to let it through: lapsewatch release {plan}"))?;
        }
    }
    Ok(())
}

fn sentence(planned: &Planned, done: bool) -> String {
    let addresses = counted(planned.addresses, "address", "addresses");
    let verb = if done { "un-verified" } else { "to un-verify" };
    let sure = match planned.confirmation {
        Confirmation::TwoSources => "two independent sources agree",
        Confirmation::TwoLooks => "two looks, far enough apart, agree",
    };
    let plan = planned
        .plan
        .as_ref()
        .map(|plan| format!(" ({plan})"))
        .unwrap_or_default();
    format!(
        "{}: {}; {addresses} {verb}, as {sure}{plan}",
        planned.domain, planned.verdict
    )
}

/// One look, as in `2026-12-01T00:00:00Z  Fastly: undelegated inactive; RDAP: not registered`.
pub(crate) fn look_in_words(look: &Evidence) -> String {
    let said = match &look.fastly {
        FastlyFinding::Answered { status, .. } => status.to_string(),
        FastlyFinding::NoAnswer { reason } => {
            let reason = serde_json::to_value(reason).unwrap_or(Value::Null);
            format!(
                "no answer ({})",
                reason["reason"]
                    .as_str()
                    .unwrap_or("unknown")
                    .replace('_', " ")
            )
        }
    };
    let fastly = Some(format!("{}  Fastly: {said}", look.observed_at));
    let all = [fastly, registry_in_words(look), dns_in_words(look)];
    all.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What the registry said, if it was asked and there is one to ask.
fn registry_in_words(look: &Evidence) -> Option<String> {
    let facts = match look.rdap.as_ref()? {
        RdapFinding::Registered(facts) => facts,
        RdapFinding::NotRegistered => return Some("RDAP: not registered".to_owned()),
        RdapFinding::NoAnswer { .. } => return Some("RDAP: no answer".to_owned()),
        RdapFinding::NotSupported => return None,
    };
    let since = facts.registered_at.map(|at| format!(" {at}"));
    let until = facts.expires_at.map(|at| format!(", until {at}"));
    let phase = match facts.phase() {
        RdapPhase::Normal => "",
        RdapPhase::Redemption => ", in redemption",
        RdapPhase::Restoring => ", being restored",
        RdapPhase::PendingDelete => ", pending delete",
    };
    let (since, until) = (since.unwrap_or_default(), until.unwrap_or_default());
    Some(format!("RDAP: registered{since}{until}{phase}"))
}

/// What the DNS said, if it was asked and said anything.
fn dns_in_words(look: &Evidence) -> Option<String> {
    let said = match look.dns.as_ref()? {
        DnsFinding::Delegated { .. } => "delegated",
        DnsFinding::Lame { .. } => "delegated, and nobody answers",
        DnsFinding::NoSuchDomain => "no such domain",
        DnsFinding::NoAnswer { .. } => return None,
    };
    Some(format!("DNS: {said}"))
}

fn left_in_words(left: &Left) -> String {
    let addresses = counted(left.addresses, "address", "addresses");
    match left.reason {
        LeftReason::VerifiedSince => format!("{addresses} verified since the loss"),
        LeftReason::Undated => format!("{addresses} verified at a time nobody knows"),
        LeftReason::NotVerified => format!("{addresses} not verified to begin with"),
        LeftReason::ChangedSince => format!("{addresses} changed since the plan"),
    }
}
