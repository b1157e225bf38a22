//! What the registry would answer by RDAP.

use jiff::SignedDuration;
use lapsewatch_core::{RdapFacts, RdapFailure, RdapFinding, RdapStatus, Timestamp};

use super::World;
use super::mail::Front;
use crate::draw::{Purpose, draw};
use crate::history::{History, Span, State, Way};
use crate::outages::Source;
use crate::parameters::{GRACE_MOST, RENEWED_EARLY, RENEWED_EARLY_MOST, YEAR};
use crate::tld::{Life, RdapService};

impl World {
    /// What RDAP answers about a domain at a time.
    pub fn rdap(&self, domain: u32, time: Timestamp) -> RdapFinding {
        let history = self.history(domain);
        let is_dated = match history.tld.rdap {
            RdapService::None => return RdapFinding::NotSupported,
            RdapService::Dated => true,
            RdapService::Dateless => false,
        };
        if let Some(reason) = self.rdap_failure(domain, time) {
            return RdapFinding::NoAnswer { reason };
        }
        let position = history.position_at(time);
        let span = history.spans[position];
        if span.state == State::Released {
            return RdapFinding::NotRegistered;
        }
        let name_servers = match span.state {
            State::Held | State::Grace | State::Interrupted => match self.front(domain, span) {
                Front::Nothing => Vec::new(),
                front => self.name_servers(domain, span, front),
            },
            State::Suspended
            | State::Redemption
            | State::Restoring
            | State::PendingDelete
            | State::Released => Vec::new(),
        };
        let mut facts = RdapFacts {
            statuses: statuses(span.state),
            name_servers,
            ..RdapFacts::default()
        };
        if is_dated {
            self.adds_dates(&mut facts, domain, position, time);
        }
        RdapFinding::Registered(facts)
    }

    fn rdap_failure(&self, domain: u32, time: Timestamp) -> Option<RdapFailure> {
        if self.outages.at(Source::Rdap, time).is_some() {
            return Some(RdapFailure::NotReached);
        }
        let drawn = self.of_hour(domain, time, Purpose::RdapNoise).unit();
        if drawn < self.noise.rdap_silent / 2.0 {
            Some(RdapFailure::Throttled)
        } else if drawn < self.noise.rdap_silent {
            Some(RdapFailure::TimedOut)
        } else {
            None
        }
    }

    fn adds_dates(&self, facts: &mut RdapFacts, domain: u32, position: usize, time: Timestamp) {
        let history = self.history(domain);
        let span = history.spans[position];
        let tenure = history.tenure(span);
        let clock = draw(self.parameters.seed, u64::from(domain), Purpose::Clock, 0);
        let has_wrong_clock = clock.is_below(self.noise.wrong_clock);
        facts.registered_at = Some(if has_wrong_clock {
            time
        } else {
            tenure.registered_at
        });
        facts.registrar = Some(tenure.registrar);
        if tenure.way == Some(Way::Auctioned) {
            facts.transferred_at = Some(tenure.since);
        }
        let term = self.term(domain, position, time);
        facts.expires_at = Some(term.ends_at);
        if term.is_renewed_by_itself {
            facts.statuses.push(RdapStatus::AutoRenewPeriod);
        }
    }

    /// The term as the registry shows it.
    fn term(&self, domain: u32, position: usize, time: Timestamp) -> Term {
        let history = self.history(domain);
        let span = history.spans[position];
        let tenure = history.tenure(span);
        let next = tenure.expiry_after(time);
        let last = next - YEAR;
        let is_icann = history.tld.life == Life::Icann;
        match span.state {
            State::Held => {
                let is_renewed = self
                    .renewed_early(domain, span, next)
                    .is_some_and(|early| time >= early);
                let was_renewed_early = self.renewed_early(domain, span, last).is_some();
                Term {
                    ends_at: if is_renewed { next + YEAR } else { next },
                    is_renewed_by_itself: is_icann
                        && last > tenure.registered_at
                        && time.duration_since(last) < GRACE_MOST
                        && !was_renewed_early,
                }
            }
            // A generic registry has moved the date on by a year on the very day; the others leave it.
            State::Grace | State::Interrupted | State::Suspended => Term {
                ends_at: if is_icann {
                    next
                } else {
                    begun(history, position)
                },
                is_renewed_by_itself: is_icann,
            },
            // Deleted at its expiry, or in the grace after it; otherwise in the middle of a term.
            State::Redemption | State::Restoring | State::PendingDelete | State::Released => {
                let begun = begun(history, position);
                let last = tenure.expiry_after(begun) - YEAR;
                Term {
                    ends_at: if begun == last { last } else { last + YEAR },
                    is_renewed_by_itself: false,
                }
            }
        }
    }

    /// When the term that ends at an expiry was renewed before its end, if it was: only whoever held on to the name has.
    fn renewed_early(&self, domain: u32, span: Span, expiry: Timestamp) -> Option<Timestamp> {
        let then = self.history(domain).span_at(expiry);
        if then.state != State::Held || then.tenure != span.tenure {
            return None;
        }
        let occasion = u64::try_from(expiry.as_second()).unwrap_or(0);
        let drawn = draw(
            self.parameters.seed,
            u64::from(domain),
            Purpose::Renewal,
            occasion,
        );
        // One number serves for both: whether, and how long before.
        let share = drawn.unit() / RENEWED_EARLY;
        (share < 1.0).then(|| {
            let seconds = RENEWED_EARLY_MOST.as_secs_f64() * share;
            let early = SignedDuration::from_secs_f64(seconds).as_secs();
            expiry - SignedDuration::from_secs(early)
        })
    }
}

/// A term as the registry shows it.
struct Term {
    ends_at: Timestamp,
    /// Whether the registry has renewed it of itself, lately: `auto renew period`.
    is_renewed_by_itself: bool,
}

/// When the way that a span is a part of began: the expiry, or the deletion in the middle of a term.
fn begun(history: &History, position: usize) -> Timestamp {
    let way = history.spans[..=position]
        .iter()
        .rev()
        .take_while(|span| span.state != State::Held);
    way.last()
        .map_or(history.spans[position].from, |span| span.from)
}

fn statuses(state: State) -> Vec<RdapStatus> {
    match state {
        State::Held | State::Grace | State::Interrupted => {
            vec![RdapStatus::Other("active".to_owned())]
        }
        State::Suspended => vec![RdapStatus::Other("inactive".to_owned())],
        // The two often stand together.
        State::Redemption => vec![RdapStatus::PendingDelete, RdapStatus::RedemptionPeriod],
        State::Restoring => vec![RdapStatus::RedemptionPeriod, RdapStatus::PendingRestore],
        State::PendingDelete => vec![RdapStatus::PendingDelete],
        State::Released => Vec::new(),
    }
}
