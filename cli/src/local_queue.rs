//! The in-process queue of the one-machine host: bounded, and drained by checks that run side by side.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lapsewatch_pipeline::{
    CheckError, CheckMessage, Checked, Checker, Deadline, Queue, QueueError,
};
use lapsewatch_sources::{DnsSource, RegistrySource, StatusSource};
use lapsewatch_watchlist::Watchlist;
use tokio::sync::{Semaphore, mpsc, watch};

/// Messages a batch: the same as the function's SQS batch.
const BATCH: usize = 10;
/// Batches that are under way at once.
const BATCHES: u32 = 12;

/// The queue's end at the dispatcher.
#[derive(Debug)]
pub(crate) struct LocalQueue {
    messages: mpsc::Sender<CheckMessage>,
    sent: AtomicU64,
    progress: watch::Receiver<Progress>,
    results: Arc<Mutex<Results>>,
}

/// How far the checks have come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    done: u64,
    ended: bool,
}

/// What the checks came to.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// Looks by verdict.
    pub(crate) verdicts: BTreeMap<&'static str, u64>,
    /// Domains for which a glance was enough.
    pub(crate) glanced: u64,
    /// Domains that did not fit the budget.
    pub(crate) over_budget: u64,
    /// Domains whose check failed or was given up, to be looked at by the next run.
    pub(crate) failed: u64,
    /// What ended the run.
    pub(crate) error: Option<CheckError>,
}

impl LocalQueue {
    /// Starts checking; `on_done` hears of each batch's size.
    pub(crate) fn start<W, S, R, D>(
        checker: Arc<Checker<W, S, R, D>>,
        on_done: impl Fn(u64) + Send + Sync + 'static,
    ) -> Self
    where
        W: Watchlist,
        S: StatusSource + Send + Sync + 'static,
        R: RegistrySource,
        D: DnsSource,
    {
        let (messages, mut inbox) = mpsc::channel(BATCH * 2);
        let (report, progress) = watch::channel(Progress::default());
        let results = Arc::new(Mutex::new(Results::default()));
        let shared = Arc::clone(&results);
        tokio::spawn(async move {
            let room = Arc::new(Semaphore::new(BATCHES as usize));
            let report = Arc::new(report);
            let on_done = Arc::new(on_done);
            loop {
                let mut batch = Vec::with_capacity(BATCH);
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                    break;
                };
                if inbox.recv_many(&mut batch, BATCH).await == 0 || report.borrow().ended {
                    break;
                }
                let (checker, report, on_done, results) = (
                    Arc::clone(&checker),
                    Arc::clone(&report),
                    Arc::clone(&on_done),
                    Arc::clone(&shared),
                );
                tokio::spawn(async move {
                    let outcome = checker.check(&batch, Deadline::Open).await;
                    let failed = outcome.is_err();
                    results
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take_in(outcome);
                    on_done(batch.len() as u64);
                    report.send_modify(|progress| {
                        progress.done += batch.len() as u64;
                        progress.ended |= failed;
                    });
                    drop(permit);
                });
            }
        });
        Self {
            messages,
            sent: AtomicU64::new(0),
            progress,
            results,
        }
    }

    /// What came of it.
    pub(crate) fn results(&self) -> Results {
        std::mem::take(&mut *self.results.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until the checks that are under way have ended, for a host that stops early.
    pub(crate) async fn settle(&self) {
        let sent = self.sent.load(Ordering::Relaxed);
        let mut progress = self.progress.clone();
        let _ = progress
            .wait_for(|progress| progress.ended || progress.done >= sent)
            .await;
    }
}

impl Queue for LocalQueue {
    const DURABLE: bool = false;

    async fn send(&self, messages: Vec<CheckMessage>) -> Result<(), QueueError> {
        let mut progress = self.progress.clone();
        for message in messages {
            tokio::select! {
                sent = self.messages.send(message) => sent.map_err(ended)?,
                gone = progress.wait_for(|progress| progress.ended) => {
                    return Err(ended(gone.err().map_or("the checks have stopped".to_owned(), |e| e.to_string())));
                }
            }
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn drained(&self) -> Result<(), QueueError> {
        let sent = self.sent.load(Ordering::Relaxed);
        let mut progress = self.progress.clone();
        let reached = progress
            .wait_for(|progress| progress.ended || progress.done >= sent)
            .await
            .map_err(ended)?;
        if reached.ended {
            Err(ended("the checks have stopped"))
        } else {
            Ok(())
        }
    }
}

fn ended(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> QueueError {
    QueueError {
        source: source.into(),
    }
}

impl Results {
    /// Adds what another queue came to.
    pub(crate) fn add(&mut self, other: Self) {
        for (verdict, count) in other.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
        self.glanced += other.glanced;
        self.over_budget += other.over_budget;
        self.failed += other.failed;
        self.error = self.error.take().or(other.error);
    }

    fn take_in(&mut self, outcome: Result<Vec<Checked>, CheckError>) {
        let answers = match outcome {
            Ok(answers) => answers,
            Err(error) => {
                self.error.get_or_insert(error);
                return;
            }
        };
        for answer in answers {
            match answer {
                Checked::Looked(verdict) => *self.verdicts.entry(verdict.name()).or_default() += 1,
                Checked::Glanced => self.glanced += 1,
                Checked::OverBudget => self.over_budget += 1,
                Checked::HandedBack | Checked::Failed(_) => self.failed += 1,
                Checked::AlreadyChecked | Checked::NotWatched | Checked::InProgress => {}
            }
        }
    }
}
