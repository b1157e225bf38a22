//! The commands that read what is known and carry plans out: the same for every store.

use anyhow::{Result, anyhow, bail};
use lapsewatch_core::{DomainName, PlanId, Record};
use lapsewatch_directory::Directory;
use lapsewatch_pipeline::{Applied, Applier, restored_document};
use lapsewatch_watchlist::Watchlist;
use serde_json::{Value, json};

use crate::account;
use crate::args::Command;
use crate::commands::{Done, parse};
use crate::environment::Environment;
use crate::output::{Output, counted};

/// Runs one of them.
pub(crate) async fn run<W: Watchlist, D: Directory>(
    command: Command,
    applier: &Applier<W, D>,
    environment: &Environment,
    output: Output,
) -> Result<Done> {
    match command {
        Command::Plan => tell(environment, &applier.plan().await?, false, output),
        Command::Apply => tell(environment, &applier.apply().await?, true, output),
        Command::Release { plan } => {
            let done = applier.release(&PlanId::from_stored(plan)).await?;
            tell(environment, &done, true, output)
        }
        Command::Restore { plan } => {
            restore(applier, &PlanId::from_stored(plan), environment, output).await
        }
        Command::Show { domain } => {
            show(&applier.watchlist, parse(&domain)?, environment, output).await
        }
        Command::Import { .. }
        | Command::Sweep { .. }
        | Command::Check { .. }
        | Command::Warnings { .. }
        | Command::Demo => {
            bail!(
                "on AWS, this is the functions' work: invoke the dispatcher or the checker, read warnings from its log (docs/deploy.md); the command \
                 takes plan, apply, release, restore and show"
            )
        }
    }
}

fn tell(environment: &Environment, applied: &Applied, done: bool, output: Output) -> Result<Done> {
    account::say(applied, done, output)?;
    document(environment, output, applied.document())?;
    Ok(if applied.waiting.is_empty() {
        Done::Done
    } else {
        Done::PlanHeld
    })
}

/// Prints the document, with the rehearsal's time where there is one.
pub(crate) fn document(environment: &Environment, output: Output, mut value: Value) -> Result<()> {
    if let (Some(now), Some(fields)) = (environment.rehearsed_now, value.as_object_mut()) {
        fields.insert("rehearsed_now".to_owned(), json!(now));
    }
    output.document(&value)
}

async fn restore<W: Watchlist, D: Directory>(
    applier: &Applier<W, D>,
    plan: &PlanId,
    environment: &Environment,
    output: Output,
) -> Result<Done> {
    let restored = applier.restore(plan).await?;
    for one in &restored {
        let addresses = counted(one.outcome.addresses, "address", "addresses");
        output.say(format!("{}: {addresses} verified again", one.domain))?;
    }
    document(environment, output, restored_document(plan, &restored))?;
    Ok(Done::Done)
}

async fn show(
    watchlist: &impl Watchlist,
    domain: DomainName,
    environment: &Environment,
    output: Output,
) -> Result<Done> {
    let record = watchlist.get(&domain).await?;
    let mut events = Vec::new();
    let mut after = None;
    loop {
        let page = watchlist.events(&domain, after.as_ref()).await?;
        events.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if record.is_none() && events.is_empty() {
        return Err(anyhow!(
            "nothing is known of {domain}: it is not on the watchlist and never was"
        ));
    }
    say_record(&domain, record.as_ref(), output)?;
    for event in &events {
        let kind = serde_json::to_value(&event.kind)?;
        let name = kind["kind"].as_str().unwrap_or_default().replace('_', " ");
        output.say(format!("  {}  {name}", event.at))?;
    }
    document(
        environment,
        output,
        json!({"domain": domain, "record": record, "events": events}),
    )?;
    Ok(Done::Done)
}

/// Says what is known of a domain.
pub(crate) fn say_record(
    domain: &DomainName,
    record: Option<&Record>,
    output: Output,
) -> Result<()> {
    let Some(record) = record else {
        return output.say(format!("{domain}: not on the watchlist any more"));
    };
    let verdict = record
        .verdict
        .map_or("not looked at yet".to_owned(), |verdict| {
            verdict.to_string()
        });
    output.say(format!(
        "{domain}: {verdict} since {}; next look {}",
        record.since, record.next_check_at
    ))?;
    if let Some(look) = &record.evidence {
        output.say(format!("  {}", account::look_in_words(look)))?;
    }
    Ok(())
}
