//! Restore: undoes a plan, as far as nobody has touched its addresses since.

use lapsewatch_core::{DomainName, Event, EventKind, Outcome, PlanId, RestoreOrder};
use lapsewatch_directory::Directory;
use lapsewatch_watchlist::{Watchlist, Written};

use crate::{Applier, ApplyError};

/// One domain of a plan that was undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The domain.
    pub domain: DomainName,
    /// How many addresses are verified again, and which were left alone.
    pub outcome: Outcome,
}

impl<W: Watchlist, D: Directory> Applier<W, D> {
    /// Verifies again what a plan un-verified and nobody has touched since.
    pub async fn restore(&self, plan: &PlanId) -> Result<Vec<Restored>, ApplyError> {
        let mut restored = Vec::new();
        let mut after = None;
        loop {
            let page = self.watchlist.plan_members(plan, after.as_ref()).await?;
            for domain in page.items {
                let order = RestoreOrder {
                    plan: plan.clone(),
                    domain: domain.clone(),
                    at: self.clock.now(),
                };
                let outcome = self.directory.restore(&order).await?;
                self.note(plan, &domain, &outcome).await?;
                restored.push(Restored { domain, outcome });
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if restored.is_empty() {
            return Err(ApplyError::NothingToRestore { plan: plan.clone() });
        }
        Ok(restored)
    }

    /// Adds the event, with the record where the domain is still watched. A look that comes in between is weighed by the
    /// next attempt.
    async fn note(
        &self,
        plan: &PlanId,
        domain: &DomainName,
        outcome: &Outcome,
    ) -> Result<(), ApplyError> {
        let now = self.clock.now();
        while let Some(record) = self.watchlist.get(domain).await? {
            let transition = record.restored(plan, outcome.addresses, outcome.left.clone(), now);
            match self.watchlist.record(&transition).await? {
                Written::Written => return Ok(()),
                Written::Superseded => {}
            }
        }
        let kind = EventKind::Restored {
            plan: plan.clone(),
            addresses: outcome.addresses,
            left: outcome.left.clone(),
        };
        let event = Event {
            domain: domain.clone(),
            at: now,
            revision: 0,
            run: None,
            kind,
        };
        Ok(self.watchlist.append_event(&event).await?)
    }
}
