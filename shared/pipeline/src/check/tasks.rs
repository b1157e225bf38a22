//! The work on the messages of a batch, side by side: each by its place in the batch, and a panic as that message's failure alone.

use std::collections::HashMap;

use lapsewatch_core::DomainName;
use tokio::task::{Id, JoinSet};

/// Work under way.
pub(super) struct Tasks<T> {
    set: JoinSet<T>,
    of_task: HashMap<Id, (usize, DomainName)>,
}

/// A task of the batch panicked.
pub(super) struct Panicked;

impl<T: Send + 'static> Tasks<T> {
    pub(super) fn new() -> Self {
        Self {
            set: JoinSet::new(),
            of_task: HashMap::new(),
        }
    }

    /// Starts the work on the message at `index`.
    pub(super) fn spawn(
        &mut self,
        index: usize,
        domain: DomainName,
        work: impl Future<Output = T> + Send + 'static,
    ) {
        let task = self.set.spawn(work);
        self.of_task.insert(task.id(), (index, domain));
    }

    /// What comes of the next message whose work ends; `None` when all have ended.
    pub(super) async fn next(&mut self) -> Option<(usize, DomainName, Result<T, Panicked>)> {
        let (id, outcome) = match self.set.join_next_with_id().await? {
            Ok((id, outcome)) => (id, Ok(outcome)),
            Err(panic) => (panic.id(), Err(Panicked)),
        };
        let (index, domain) = self.of_task.remove(&id)?;
        Some((index, domain, outcome))
    }
}
