//! `sweep`: dispatch and check in one process, with a progress bar on a terminal.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use lapsewatch_core::{DomainName, Mode, Month, Run, RunId, Timestamp};
use lapsewatch_pipeline::{DispatchError, Dispatched, Dispatcher};
use lapsewatch_watchlist::Watchlist;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::host::Host;
use crate::local_queue::{LocalQueue, Results};
use crate::output::{Output, counted};

/// How long a process that has helped another waits before it sees whether there is more to help with.
const BETWEEN_HELPS: Duration = Duration::from_millis(500);

/// What came of a sweep.
#[derive(Debug)]
pub(crate) struct Swept {
    run: Run,
    results: Results,
    waiting_until: Timestamp,
}

/// Runs a sweep, or a run over what is due. A run of the same mode that was interrupted is gone on with.
pub(crate) async fn run(host: &Host, mode: Mode, output: Output) -> Result<Swept> {
    let (_share, mut run) = host
        .join(async || unfinished_or_new(host, mode).await)
        .await?;
    let bar = bar(output);
    let mut results = Results::default();
    let mut has_helped = false;
    loop {
        let dispatcher = dispatcher(host, &bar).await?;
        match unless_stopped(&dispatcher, dispatcher.dispatch(run.clone(), None)).await? {
            Ok(Dispatched::Finished(_) | Dispatched::ToBeContinued(_)) => {}
            // The other process may be at its beginning, or die: help, and see again.
            Ok(Dispatched::Busy) => {
                let helped = async {
                    dispatcher.help(&run).await?;
                    tokio::time::sleep(BETWEEN_HELPS).await;
                    Ok(())
                };
                unless_stopped(&dispatcher, helped)
                    .await?
                    .map_err(|error| reason(&dispatcher, error))?;
                results.add(dispatcher.queue.results());
                has_helped = true;
                continue;
            }
            Ok(Dispatched::AlreadyFinished(_)) if has_helped => {}
            // A rehearsal's clock stands still: the next run of the same moment takes the next millisecond as its name.
            Ok(Dispatched::AlreadyFinished(finished)) => {
                let next = finished.started_at + SignedDuration::from_millis(1);
                run = Run::new(RunId::new(mode, next), mode, next);
                continue;
            }
            Err(error) => return Err(reason(&dispatcher, error)),
        }
        bar.finish_and_clear();
        results.add(dispatcher.queue.results());
        let run = host.watchlist.run(&run.id).await?.unwrap_or(run);
        return Ok(Swept {
            run,
            results,
            waiting_until: Month::of(host.clock.now()).end(),
        });
    }
}

/// The run that was interrupted or that another process works at, else a new one, stored for others to find. Its lease has
/// passed already: whoever comes first works at it, and the others help.
async fn unfinished_or_new(host: &Host, mode: Mode) -> Result<Run> {
    if let Some(run) = host.watchlist.unfinished_run(mode).await? {
        return Ok(run);
    }
    let now = host.clock.now();
    let run = Run::new(RunId::new(mode, now), mode, now);
    let wall = host.clock.wall();
    host.watchlist.start_run(&run, wall, wall).await?;
    Ok(run)
}

/// Looks at named domains.
pub(crate) async fn domains(
    host: &Host,
    domains: Vec<DomainName>,
    output: Output,
) -> Result<Swept> {
    let (_share, ()) = host.join(async || Ok(())).await?;
    for domain in &domains {
        if host.watchlist.get(domain).await?.is_none() {
            return Err(anyhow!(
                "{domain} is not on the watchlist: no verified address depends on it, or no sweep has seen one yet"
            ));
        }
    }
    let now = host.clock.wall();
    let run = Run::new(
        RunId::new(Mode::Domains, now),
        Mode::Domains,
        host.clock.now(),
    );
    let bar = bar(output);
    let dispatcher = dispatcher(host, &bar).await?;
    unless_stopped(&dispatcher, dispatcher.send_domains(&run, domains))
        .await?
        .map_err(|error| reason(&dispatcher, error))?;
    bar.finish_and_clear();
    let results = dispatcher.queue.results();
    Ok(Swept {
        run,
        results,
        waiting_until: Month::of(host.clock.now()).end(),
    })
}

type LocalDispatcher = Dispatcher<
    lapsewatch_watchlist::sqlite::SqliteWatchlist,
    lapsewatch_directory::sqlite::SqliteDirectory,
    LocalQueue,
>;

async fn dispatcher(host: &Host, bar: &ProgressBar) -> Result<LocalDispatcher> {
    let bar = bar.clone();
    let checker = host.checker()?;
    if let Some(registries) = &checker.registry {
        registries.refresh().await;
    }
    let queue = LocalQueue::start(checker, move |done| bar.inc(done));
    Ok(Dispatcher {
        watchlist: host.watchlist.clone(),
        directory: host.directory.clone(),
        queue,
        monthly_budget: host.environment.monthly_budget,
        clock: host.clock,
    })
}

/// Waits for a dispatcher's work. Ctrl-C ends it, after the looks that are under way: these are paid for. A second one does not
/// wait for them.
async fn unless_stopped<T>(
    dispatcher: &LocalDispatcher,
    work: impl Future<Output = T>,
) -> Result<T> {
    // One listener for both: a second Ctrl-C that comes at once is not missed.
    let mut interrupts = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    tokio::select! {
        done = work => return Ok(done),
        _ = interrupts.recv() => {}
    }
    // Whether anybody reads this is of no matter.
    let _ = writeln!(
        std::io::stderr(),
        "stopping after the looks under way, which are paid for; Ctrl-C again stops at once"
    );
    tokio::select! {
        () = dispatcher.queue.settle() => {
            Err(anyhow!("stopped; the looks taken are kept, and the next sweep goes on from here"))
        }
        _ = interrupts.recv() => {
            Err(anyhow!(
                "stopped at once; the looks taken are kept, those under way are lost, and the next sweep takes them again"
            ))
        }
    }
}

/// What stopped the checks says more than that they have stopped.
fn reason(dispatcher: &LocalDispatcher, error: DispatchError) -> anyhow::Error {
    dispatcher
        .queue
        .results()
        .error
        .map_or_else(|| error.into(), Into::into)
}

fn bar(output: Output) -> ProgressBar {
    match output {
        Output::Json => ProgressBar::hidden(),
        Output::Text => {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template(
                "{spinner} {pos} domains checked, {per_sec}, {elapsed}",
            ) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        }
    }
}

impl Swept {
    /// The sentences.
    pub(crate) fn say(&self, output: Output) -> Result<()> {
        let looked: u64 = self.results.verdicts.values().sum();
        output.say(format!(
            "{}: {} checked",
            self.run.id,
            counted(looked, "domain", "domains")
        ))?;
        for (verdict, count) in &self.results.verdicts {
            output.say(format!("  {count:>8} {verdict}"))?;
        }
        if self.results.glanced > 0 {
            output.say(format!(
                "  {:>8} glanced at for nothing, and unchanged",
                self.results.glanced
            ))?;
        }
        if self.waiting() > 0 {
            output.say(format!(
                "  {:>8} wait: this month's budget (FASTLY_MONTHLY_BUDGET) is spent until {}; the riskiest were looked at first",
                self.waiting(),
                self.waiting_until
            ))?;
        }
        if self.results.failed > 0 {
            output.say(format!(
                "  {:>8} could not be checked and stay due",
                self.results.failed
            ))?;
        }
        Ok(())
    }

    /// The document.
    pub(crate) fn document(&self) -> Value {
        json!({
            "run": self.run.id,
            "mode": self.run.mode,
            "synced": self.run.counters.synced,
            "forgotten": self.run.counters.forgotten,
            "verdicts": self.results.verdicts,
            "glanced": self.results.glanced,
            "waiting": self.waiting(),
            "waiting_until": (self.waiting() > 0).then_some(self.waiting_until),
            "failed": self.results.failed,
        })
    }

    fn waiting(&self) -> u64 {
        self.run.counters.waiting.max(self.results.over_budget)
    }
}
