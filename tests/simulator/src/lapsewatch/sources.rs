//! The world's sources, as the checker asks them.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use lapsewatch_core::{DnsFinding, DomainName, FastlyFinding, HostName, NoAnswer, RdapFinding};
use lapsewatch_sources::{DnsSource, LookError, RegistryReply, RegistrySource, StatusSource};

use super::time;
use crate::tld::RdapService;
use crate::world::{FastlyAnswer, World};

/// All three. A clone counts calls with the others.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    world: Arc<World>,
    first: u32,
    calls: Arc<Mutex<Vec<u32>>>,
}

impl Sources {
    pub(super) fn new(world: &Arc<World>, domains: Range<u32>) -> Self {
        Self {
            world: Arc::clone(world),
            first: domains.start,
            calls: Arc::new(Mutex::new(vec![0; domains.len()])),
        }
    }

    /// The paid calls about each domain.
    pub(super) fn calls(&self) -> Vec<(u32, u32)> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        (self.first..).zip(calls.iter().copied()).collect()
    }
}

/// The number in a simulated domain's name.
pub(super) fn number(domain: &DomainName) -> Option<u32> {
    let (label, _) = domain.as_str().split_once('.')?;
    label.strip_prefix('d')?.parse().ok()
}

impl StatusSource for Sources {
    async fn status(&self, domain: &DomainName) -> Result<FastlyFinding, LookError> {
        let silent = || LookError::Retryable {
            reason: NoAnswer::TimedOut,
            retry_after: None,
        };
        let number = number(domain).ok_or_else(silent)?;
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls[(number - self.first) as usize] += 1;
        match self.world.fastly_answer(number, time::now()) {
            FastlyAnswer::Silent => Err(silent()),
            answer @ (FastlyAnswer::Active
            | FastlyAnswer::Undelegated
            | FastlyAnswer::Parked
            | FastlyAnswer::ForSale
            | FastlyAnswer::Expiring
            | FastlyAnswer::Deleting
            | FastlyAnswer::Free
            | FastlyAnswer::Unknown
            | FastlyAnswer::OnlyUndelegated
            | FastlyAnswer::Unreadable) => Ok(answer.finding()),
        }
    }
}

impl RegistrySource for Sources {
    fn server(&self, domain: &DomainName) -> Option<HostName> {
        let tld = self.world.history(number(domain)?).tld;
        match tld.rdap {
            RdapService::Dated | RdapService::Dateless => {
                HostName::parse(&format!("rdap.{}.example", tld.suffix))
            }
            RdapService::None => None,
        }
    }

    async fn registration(&self, domain: &DomainName) -> RegistryReply {
        let finding = number(domain).map_or(RdapFinding::NotSupported, |number| {
            self.world.rdap(number, time::now())
        });
        RegistryReply {
            finding,
            retry_after: None,
        }
    }
}

impl DnsSource for Sources {
    async fn delegation(&self, domain: &DomainName) -> DnsFinding {
        number(domain).map_or(DnsFinding::NoSuchDomain, |number| {
            self.world.dns(number, time::now())
        })
    }
}
