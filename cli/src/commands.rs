//! Each command, from its arguments to its result.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use jiff::SignedDuration;
use lapsewatch_core::{DomainName, Mode, Timestamp};
use lapsewatch_pipeline::Question;
use serde_json::{Value, json};

use crate::args::{Arguments, Command};
#[cfg(feature = "aws")]
use crate::aws;
use crate::environment::Environment;
use crate::host::Host;
use crate::output::{Output, counted};
use crate::plans::document;
use crate::{check, demo, plans, sweep, warnings};

/// How a command ended, short of failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All done.
    Done,
    /// A plan is held.
    PlanHeld,
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> Self {
        match done {
            Done::Done => Self::SUCCESS,
            Done::PlanHeld => Self::from(3),
        }
    }
}

/// Runs a command.
pub(crate) async fn run(
    arguments: Arguments,
    environment: &Environment,
    wall: fn() -> Timestamp,
) -> Result<Done> {
    let output = if arguments.common.json {
        Output::Json
    } else {
        Output::Text
    };
    if let Command::Demo = arguments.command {
        return demo::run(wall, output).await;
    }
    // A file that cannot be read must not leave an empty store behind.
    let source = match &arguments.command {
        Command::Import { file } => Some(open_input(file)?),
        _ => None,
    };
    #[cfg(feature = "aws")]
    if let Some(tables) = aws::tables(&arguments.common.store)? {
        let applier = aws::applier(tables, environment, wall).await;
        let done = plans::run(arguments.command, &applier, environment, output);
        return Box::pin(done).await;
    }
    #[cfg(not(feature = "aws"))]
    if arguments
        .common
        .store
        .to_string_lossy()
        .starts_with("dynamodb:")
    {
        bail!("this lapsewatch was built without AWS; build it with --features aws");
    }
    let host = Host::open(&arguments.common.store, environment, wall)?;
    if let Some(now) = environment.rehearsed_now {
        output.say(format!(
            "Rehearsal: the clock stands at {now} (LAPSEWATCH_NOW)."
        ))?;
    }
    match arguments.command {
        Command::Import { .. } => {
            let source = source.context("no input")?;
            let imported = take_in(&host, source, output).await?;
            document(environment, output, imported)?;
            Ok(Done::Done)
        }
        Command::Sweep { due, domain } => {
            let swept = match (due, domain.is_empty()) {
                (_, false) => sweep::domains(&host, parse_all(&domain)?, output).await?,
                (true, true) => sweep::run(&host, Mode::Due, output).await?,
                (false, true) => sweep::run(&host, Mode::Sweep, output).await?,
            };
            swept.say(output)?;
            document(environment, output, swept.document())?;
            Ok(Done::Done)
        }
        Command::Plan
        | Command::Apply
        | Command::Release { .. }
        | Command::Restore { .. }
        | Command::Show { .. } => {
            plans::run(arguments.command, &host.applier(), environment, output).await
        }
        Command::Check {
            domain,
            verified_at,
            max_age,
            within,
        } => {
            let question = Question {
                domain: parse(&domain)?,
                verified_at,
                max_age: SignedDuration::from_hours(max_age.into()),
            };
            let within = SignedDuration::from_secs(within.into());
            check::run(&host, &question, within, output).await
        }
        Command::Warnings { since } => warnings::run(&host, since, output).await,
        Command::Demo => Ok(Done::Done),
    }
}

fn open_input(file: &Path) -> Result<Box<dyn Read + Send>> {
    if file == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    if file.is_dir() {
        bail!(
            "{} is a directory; name a CSV or JSON-lines file",
            file.display()
        );
    }
    let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    Ok(Box::new(opened))
}

/// Takes addresses in, says what became of them, and answers the document on it.
pub(crate) async fn take_in(
    host: &Host,
    source: Box<dyn Read + Send>,
    output: Output,
) -> Result<Value> {
    let report = host
        .directory
        .import(source, host.clock.now(), |_| {})
        .await?;
    output.say(format!(
        "{} read: {} added, {} updated, {} unchanged, {} bad",
        counted(report.read, "line", "lines"),
        report.added,
        report.updated,
        report.unchanged,
        report.bad_lines
    ))?;
    for bad in &report.bad {
        output.say(format!("  line {}: {}", bad.line, bad.reason))?;
    }
    let more = report.bad_lines.saturating_sub(report.bad.len() as u64);
    if more > 0 {
        output.say(format!("  and {more} more"))?;
    }
    for (reason, addresses) in &report.unwatchable {
        output.say(format!(
            "  {} cannot be watched: {reason}",
            counted(*addresses, "address", "addresses")
        ))?;
    }
    output.say(format!(
        "the directory holds {} behind {}",
        counted(report.addresses, "verified address", "verified addresses"),
        counted(report.domains, "domain", "domains")
    ))?;
    let bad: Vec<_> = report
        .bad
        .iter()
        .map(|bad| json!({"line": bad.line, "reason": bad.reason.to_string()}))
        .collect();
    Ok(json!({
            "read": report.read,
            "added": report.added,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "bad_lines": report.bad_lines,
            "bad": bad,
            "unwatchable": report.unwatchable,
            "addresses": report.addresses,
            "domains": report.domains,
    }))
}

pub(crate) fn parse(text: &str) -> Result<DomainName> {
    text.parse().map_err(|why| anyhow!("{text}: {why}"))
}

fn parse_all(texts: &[String]) -> Result<Vec<DomainName>> {
    texts.iter().map(|text| parse(text)).collect()
}
