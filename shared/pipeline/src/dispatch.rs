//! Dispatch: which domains are to be checked, sent to the queue, the riskiest first.

use jiff::SignedDuration;
use lapsewatch_core::{Cursor, DomainName, Mode, Month, Run, Stage, Timestamp};
use lapsewatch_directory::{Directory, DirectoryError};
use lapsewatch_watchlist::{RunStart, Watchlist, WatchlistError};

use crate::{CheckMessage, Clock, Queue, QueueError};

/// How long a dispatcher may be silent before another takes its run up.
const RUN_LEASE: SignedDuration = SignedDuration::from_secs(120);

/// Takes the directory's domains onto the watchlist and sends what is to be checked.
#[derive(Debug)]
pub struct Dispatcher<W, D, Q> {
    /// What is known of each domain.
    pub watchlist: W,
    /// Where the addresses live.
    pub directory: D,
    /// The way to the checker.
    pub queue: Q,
    /// Paid calls a month.
    pub monthly_budget: u64,
    /// The host's time.
    pub clock: Clock,
}

/// How a dispatch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// Everything has been sent.
    Finished(Run),
    /// The deadline came first: the run is saved and is to be taken up again.
    ToBeContinued(Run),
    /// Another process works at this run.
    Busy,
    /// This run had been finished before: the event came twice.
    AlreadyFinished(Run),
}

/// Why a dispatch failed.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The watchlist failed.
    #[error(transparent)]
    Watchlist(#[from] WatchlistError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl<W: Watchlist, D: Directory, Q: Queue> Dispatcher<W, D, Q> {
    /// Works at a sweep or a due run until it is finished or `deadline` (real time) is near. The same run started twice
    /// does nothing twice: one finds the other busy or finished, or takes up what it left.
    pub async fn dispatch(
        &self,
        run: Run,
        deadline: Option<Timestamp>,
    ) -> Result<Dispatched, DispatchError> {
        let lease = self.clock.wall() + RUN_LEASE;
        let mut run = match self
            .watchlist
            .start_run(&run, self.clock.wall(), lease)
            .await?
        {
            RunStart::Started => run,
            RunStart::Resumed(left) => Self::resumed(left),
            RunStart::Busy => return Ok(Dispatched::Busy),
            RunStart::Finished(run) => return Ok(Dispatched::AlreadyFinished(run)),
        };
        while run.stage != Stage::Done {
            if deadline.is_some_and(|deadline| self.clock.wall() >= deadline) {
                return Ok(Dispatched::ToBeContinued(run));
            }
            run.stage = self.step(&mut run).await?;
            self.watchlist
                .save_run(&run, self.clock.wall() + RUN_LEASE)
                .await?;
        }
        Ok(Dispatched::Finished(run))
    }

    /// Sends named domains, whether due or not.
    pub async fn send_domains(
        &self,
        run: &Run,
        domains: Vec<DomainName>,
    ) -> Result<(), DispatchError> {
        let messages = domains
            .into_iter()
            .map(|domain| CheckMessage::new(run.id.clone(), domain));
        self.queue.send(messages.collect()).await?;
        Ok(self.queue.drained().await?)
    }

    /// Helps another process with its run: sends what that run has not checked, and leaves the run's state to the other.
    pub async fn help(&self, run: &Run) -> Result<(), DispatchError> {
        let mut after = None;
        loop {
            let page = self
                .watchlist
                .unchecked(&run.id, Self::due_by(run), after.as_ref())
                .await?;
            self.send(run, page.items).await?;
            after = page.next;
            if after.is_none() {
                return Ok(self.queue.drained().await?);
            }
        }
    }

    /// What a queue of this process's own held when it died was never dealt with: sending begins anew, and what the run
    /// has checked is not listed again.
    fn resumed(mut run: Run) -> Run {
        if !Q::DURABLE && matches!(run.stage, Stage::Send { .. }) {
            run.stage = Stage::Send { after: None };
        }
        run
    }

    /// One page of work; answers where to go on.
    async fn step(&self, run: &mut Run) -> Result<Stage, DispatchError> {
        match run.stage.clone() {
            Stage::Sync { after } => self.sync(run, after).await,
            Stage::Forget { after } => {
                let forgotten = self
                    .watchlist
                    .forget_unstamped(&run.id, after.as_ref())
                    .await?;
                run.counters.forgotten += forgotten.domains;
                Ok(match forgotten.next {
                    Some(next) => Stage::Forget { after: Some(next) },
                    None => Stage::Send { after: None },
                })
            }
            Stage::Send { after } => self.send_page(run, after).await,
            Stage::Done => Ok(Stage::Done),
        }
    }

    async fn sync(&self, run: &mut Run, after: Option<Cursor>) -> Result<Stage, DispatchError> {
        let page = self.directory.domains(after.as_ref()).await?;
        self.watchlist
            .watch(&page.items, Some(&run.id), self.clock.now())
            .await?;
        run.counters.synced += page.items.len() as u64;
        Ok(match page.next {
            Some(next) => Stage::Sync { after: Some(next) },
            None => Stage::Forget { after: None },
        })
    }

    /// Sends a page; of a sweep, as far as this month's budget goes. What does not fit waits: it stays due, and is sent by a later run.
    async fn send_page(
        &self,
        run: &mut Run,
        after: Option<Cursor>,
    ) -> Result<Stage, DispatchError> {
        if after.is_none() {
            run.counters.sent = 0;
        }
        let due_by = Self::due_by(run);
        let page = self
            .watchlist
            .unchecked(&run.id, due_by, after.as_ref())
            .await?;
        let mut domains = page.items;
        let fits = match run.mode {
            Mode::Sweep | Mode::Domains => {
                let month = Month::of(self.clock.now());
                let spent = self.watchlist.spent(month).await?;
                let left = self.monthly_budget.saturating_sub(spent);
                usize::try_from(left).map_or(domains.len(), |left| left.min(domains.len()))
            }
            // Most of these need a glance, which costs nothing; the checker pays for the others as far as the budget goes.
            Mode::Due => domains.len(),
        };
        let cut = domains.split_off(fits);
        self.send(run, domains).await?;
        run.counters.sent += fits as u64;
        match page.next {
            Some(next) if cut.is_empty() => return Ok(Stage::Send { after: Some(next) }),
            Some(_) | None => self.queue.drained().await?,
        }
        if !cut.is_empty() {
            run.counters.waiting = self.watchlist.count_unchecked(&run.id, due_by).await?;
        }
        run.finished_at = Some(self.clock.now());
        Ok(Stage::Done)
    }

    async fn send(&self, run: &Run, domains: Vec<DomainName>) -> Result<(), DispatchError> {
        let messages = domains
            .into_iter()
            .map(|domain| CheckMessage::new(run.id.clone(), domain));
        Ok(self.queue.send(messages.collect()).await?)
    }

    fn due_by(run: &Run) -> Option<Timestamp> {
        match run.mode {
            Mode::Sweep | Mode::Domains => None,
            Mode::Due => Some(run.started_at),
        }
    }
}
