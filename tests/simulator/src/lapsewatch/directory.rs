//! The registry's account store, in memory: the addresses that are verified by now.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapsewatch_core::{
    Cursor, Left, LeftReason, Outcome, Page, RestoreOrder, Timestamp, UnverifyOrder, WatchedDomain,
};
use lapsewatch_directory::DirectoryError;
use lapsewatch_pipeline::Clock;

use super::sources::number;
use crate::world::{AddressId, World};

/// Domains on one page.
const PAGE: u32 = 1000;

/// The addresses at a part of the domains. A clone holds the same.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    world: Arc<World>,
    domains: Range<u32>,
    clock: Clock,
    unverified: Arc<Mutex<HashMap<AddressId, Timestamp>>>,
}

impl Directory {
    pub(super) fn new(world: &Arc<World>, domains: Range<u32>, clock: Clock) -> Self {
        Self {
            world: Arc::clone(world),
            domains,
            clock,
            unverified: Arc::default(),
        }
    }

    /// Which addresses were un-verified, and when.
    pub(super) fn unverified(&self) -> Vec<(AddressId, Timestamp)> {
        let unverified = self.lock();
        unverified
            .iter()
            .map(|(address, at)| (*address, *at))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AddressId, Timestamp>> {
        self.unverified
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses at a domain that are verified by now, each with when.
    fn verified(&self, domain: u32) -> Vec<(AddressId, Timestamp)> {
        let (unverified, now) = (self.lock(), self.clock.now());
        self.world
            .addresses(domain)
            .map(|(id, address)| (id, address.verified_at))
            .filter(|(id, verified_at)| *verified_at <= now && !unverified.contains_key(id))
            .collect()
    }

    /// Which of a domain's addresses an order covers, and how many it leaves.
    fn under(&self, order: &UnverifyOrder) -> (Vec<AddressId>, Outcome) {
        let verified = number(&order.domain).map_or_else(Vec::new, |domain| self.verified(domain));
        let (covered, left): (Vec<_>, Vec<_>) = verified
            .into_iter()
            .partition(|(_, verified_at)| *verified_at < order.verified_before);
        let left = Left {
            reason: LeftReason::VerifiedSince,
            addresses: left.len() as u64,
        };
        let outcome = Outcome {
            addresses: covered.len() as u64,
            left: Some(left)
                .filter(|left| left.addresses > 0)
                .into_iter()
                .collect(),
        };
        (covered.into_iter().map(|(id, _)| id).collect(), outcome)
    }
}

impl lapsewatch_directory::Directory for Directory {
    async fn domains(&self, after: Option<&Cursor>) -> Result<Page<WatchedDomain>, DirectoryError> {
        let first = after
            .and_then(|cursor| cursor.0.parse().ok())
            .unwrap_or(self.domains.start);
        let end = self.domains.end.min(first + PAGE);
        let watched = (first..end).filter_map(|number| {
            let verified = self.verified(number);
            let earliest = verified.iter().map(|(_, verified_at)| *verified_at).min()?;
            Some(WatchedDomain {
                domain: self.world.name(number).ok()?,
                earliest_verified_at: Some(earliest),
            })
        });
        Ok(Page {
            items: watched.collect(),
            next: (end < self.domains.end).then(|| Cursor(end.to_string())),
        })
    }

    async fn preview(&self, order: &UnverifyOrder) -> Result<Outcome, DirectoryError> {
        Ok(self.under(order).1)
    }

    async fn unverify(&self, order: &UnverifyOrder) -> Result<Outcome, DirectoryError> {
        let (covered, outcome) = self.under(order);
        self.lock()
            .extend(covered.into_iter().map(|id| (id, order.at)));
        Ok(outcome)
    }

    /// Nobody undoes a plan in the simulated time.
    async fn restore(&self, _order: &RestoreOrder) -> Result<Outcome, DirectoryError> {
        Ok(Outcome::default())
    }
}
