//! RubyGems' rules, as its open source (<https://github.com/rubygems/rubygems.org>) had them in August 2026.
//!
//! Daily it asks Fastly about every distinct domain of a confirmed address. A user is blocked if the status has one of `inactive`,
//! `parked`, `expiring`, `deleting` and the domain has no MX record. Where that would block more than 20 users, nobody is blocked and a
//! person decides. No state is kept between runs, no date of registration is compared, nothing is asked at the moment of use.

use lapsewatch_core::Timestamp;

use crate::parallel::on_chunks_of;
use crate::parameters::{
    DAY, RUBYGEMS_ASKS_AT, RUBYGEMS_MAX_AUTO_BLOCK, RUBYGEMS_PERSON_DECIDES_AFTER_DAYS,
};
use crate::rules::{Closings, Rules};
use crate::world::{AddressId, FastlyAnswer, World};

/// RubyGems' rules.
#[derive(Clone, Copy, Debug)]
pub struct RubyGems;

impl Rules for RubyGems {
    fn name(&self) -> &'static str {
        "rubygems"
    }

    fn live(&self, world: &World) -> anyhow::Result<Closings> {
        let mut closings = Closings::none(world);
        let mut domains: Vec<Domain> = world.domains().map(Domain::new).collect();
        let mut days_over_limit = 0;
        let days = world.end().duration_since(world.start()).as_hours() / 24;
        for day in 0..i32::try_from(days)? {
            let now = world.start() + DAY * day + RUBYGEMS_ASKS_AT;
            on_chunks_of(&mut domains, |domains| {
                for domain in domains {
                    domain.asks(world, &closings, now);
                }
            });
            let found: Vec<AddressId> = domains
                .iter()
                .filter(|domain| domain.finding == Finding::Expired)
                .flat_map(|domain| confirmed(world, &closings, domain.number, now))
                .collect();
            days_over_limit = if found.len() > RUBYGEMS_MAX_AUTO_BLOCK {
                days_over_limit + 1
            } else {
                0
            };
            let a_person_decides = days_over_limit > RUBYGEMS_PERSON_DECIDES_AFTER_DAYS;
            if days_over_limit == 0 || a_person_decides {
                for address in found {
                    closings.unverify(address, now);
                }
                days_over_limit = 0;
            }
        }
        for domain in domains {
            closings.paid(domain.number, domain.calls);
        }
        Ok(closings)
    }
}

/// A domain, and what the last run found.
struct Domain {
    number: u32,
    calls: u32,
    finding: Finding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Fine,
    Expired,
}

impl Domain {
    fn new(number: u32) -> Self {
        Self {
            number,
            calls: 0,
            finding: Finding::Fine,
        }
    }

    fn asks(&mut self, world: &World, closings: &Closings, now: Timestamp) {
        self.finding = Finding::Fine;
        if confirmed(world, closings, self.number, now)
            .next()
            .is_none()
        {
            return;
        }
        self.calls += 1;
        let answer = world.fastly_answer(self.number, now);
        if is_expired(answer) && world.has_no_mail_server(self.number, now) {
            self.finding = Finding::Expired;
        }
    }
}

/// The addresses at a domain that count as confirmed.
fn confirmed(
    world: &World,
    closings: &Closings,
    domain: u32,
    now: Timestamp,
) -> impl Iterator<Item = AddressId> {
    world
        .addresses(domain)
        .filter(move |(_, address)| address.verified_at <= now)
        .map(|(id, _)| id)
        .filter(|id| closings.unverified_at(*id).is_none())
}

/// Whether the status has one of `inactive`, `parked`, `expiring`, `deleting`.
fn is_expired(answer: FastlyAnswer) -> bool {
    match answer {
        FastlyAnswer::Parked
        | FastlyAnswer::Expiring
        | FastlyAnswer::Deleting
        | FastlyAnswer::Free => true,
        FastlyAnswer::Active
        | FastlyAnswer::Undelegated
        | FastlyAnswer::ForSale
        | FastlyAnswer::Unknown
        | FastlyAnswer::OnlyUndelegated
        | FastlyAnswer::Silent
        | FastlyAnswer::Unreadable => false,
    }
}
