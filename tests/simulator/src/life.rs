//! Draws the life of a domain: renewals, losses, releases, new holders, and the addresses that they verify.

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;

use crate::draw::{Purpose, Stream};
use crate::history::{Address, History, Holder, Span, State, Tenure, Way};
use crate::parameters::{
    ABANDONED, ADD_GRACE, AGE_MOST_YEARS, ANOTHER_ADDRESS, ATTACKER_AT_AUCTION, ATTACKER_AT_ONCE,
    ATTACKER_LATER, AUCTION_LEAST, AUCTION_MOVES_REGISTRAR, AUCTIONED, CAUGHT_AT_ONCE,
    CAUGHT_ON_THE_DAY, DAY, DELETED_IN_TERM, GRACE_MOST, INTERRUPTED_LEAST, NEW_HOLDER_ABANDONS,
    NEW_HOLDER_VERIFIES, OWNER_LATER, PAID_LATE, PENDING_DELETE, QUARANTINE, REDEMPTION,
    REGISTRARS, RESTORED, RESTORING_MOST, TAKEN_LATER, TAKEN_LATER_LEAST, TAKEN_LATER_MOST, TASTED,
    VERIFIED_DURING, YEAR,
};
use crate::tld::{Life, Tld};

/// The life of the domain of this number, from `start` to `end`. It depends on the seed and the number alone, whatever else is
/// simulated.
pub(crate) fn draw_history(seed: u64, index: u32, start: Timestamp, end: Timestamp) -> History {
    let mut stream = Stream::new(seed, u64::from(index), Purpose::History);
    let tld = Tld::drawn(stream.number());
    let age = stream.between(YEAR, YEAR * i32::try_from(AGE_MOST_YEARS).unwrap_or(1));
    let mut life = Drawing {
        history: History {
            tld,
            spans: Vec::new(),
            tenures: Vec::new(),
            addresses: Vec::new(),
        },
        stream,
        end,
    };
    let registered_at = start - age;
    life.begins(Holder::Owner, None, registered_at, registered_at);
    let mut held_from = start;
    while let Some(released_at) = life.held(held_from) {
        let Some(taken_at) = life.taken(released_at) else {
            break;
        };
        held_from = taken_at;
    }
    life.addresses(start);
    life.history
}

/// What an owner does at the end of a term.
enum Turn {
    Renews,
    PaysLate,
    Restores,
    LetsGo,
}

struct Drawing {
    history: History,
    stream: Stream,
    end: Timestamp,
}

impl Drawing {
    fn begins(
        &mut self,
        holder: Holder,
        way: Option<Way>,
        since: Timestamp,
        registered_at: Timestamp,
    ) {
        let registrar = 1 + u32::try_from(self.stream.number().below(REGISTRARS)).unwrap_or(0);
        self.history.tenures.push(Tenure {
            holder,
            way,
            since,
            registered_at,
            registrar,
        });
        self.enters(State::Held, since);
    }

    fn enters(&mut self, state: State, from: Timestamp) {
        let tenure = u8::try_from(self.history.tenures.len() - 1).unwrap_or(u8::MAX);
        self.history.spans.push(Span {
            from,
            state,
            tenure,
        });
    }

    fn tenure(&self) -> Tenure {
        self.history.tenures[self.history.tenures.len() - 1]
    }

    /// From a time on the domain is held, by one and perhaps by others who buy it before it is deleted; until it is released.
    fn held(&mut self, mut from: Timestamp) -> Option<Timestamp> {
        if self.is_given_back_at_once() {
            let released = from
                + self
                    .stream
                    .between(SignedDuration::from_hours(1), ADD_GRACE);
            self.enters(State::Released, released);
            return Some(released);
        }
        loop {
            let expiry = self.tenure().expiry_after(from);
            if self.stream.happens(DELETED_IN_TERM) {
                let deleted = from
                    + self
                        .stream
                        .between(DAY, (expiry.duration_since(from)).max(DAY));
                if deleted < expiry.min(self.end) {
                    return Some(self.deleted(deleted));
                }
            }
            if expiry > self.end {
                return None;
            }
            let grace = self.grace();
            from = match self.turn() {
                Turn::Renews => expiry,
                Turn::PaysLate => self.paid_late(expiry, grace),
                Turn::Restores => self.restored(expiry, grace),
                Turn::LetsGo if self.is_auctioned(grace) => self.auctioned(expiry, grace),
                Turn::LetsGo => {
                    self.passes_grace(expiry, grace, expiry + grace);
                    return Some(self.deleted(expiry + grace));
                }
            };
        }
    }

    fn is_given_back_at_once(&mut self) -> bool {
        let tenure = self.tenure();
        tenure.holder == Holder::Speculator
            && tenure.way == Some(Way::Reregistered)
            && self.history.tld.life == Life::Icann
            && self.stream.happens(TASTED)
    }

    fn turn(&mut self) -> Turn {
        let lets_go = match self.tenure().holder {
            Holder::Owner => ABANDONED,
            Holder::Speculator | Holder::Attacker => NEW_HOLDER_ABANDONS,
        };
        let drawn = self.stream.number().unit();
        if drawn < lets_go {
            Turn::LetsGo
        } else if drawn < lets_go + PAID_LATE {
            Turn::PaysLate
        } else if drawn < lets_go + PAID_LATE + RESTORED {
            Turn::Restores
        } else {
            Turn::Renews
        }
    }

    fn grace(&mut self) -> SignedDuration {
        match self.history.tld.life {
            Life::Icann => self.stream.between(SignedDuration::ZERO, GRACE_MOST),
            Life::Suspension {
                grace_days,
                suspended_days,
            } => DAY * (i32::from(grace_days) + i32::from(suspended_days)),
            Life::GraceOnly { days } => DAY * i32::from(days),
            Life::Quarantine | Life::AtOnce => SignedDuration::ZERO,
        }
    }

    /// Past expiry, up to a time within the grace; the registrar's page comes at some time before the last eight days.
    fn passes_grace(&mut self, expiry: Timestamp, grace: SignedDuration, until: Timestamp) {
        if grace.is_zero() {
            return;
        }
        let working = match self.history.tld.life {
            Life::Suspension { grace_days, .. } => DAY * i32::from(grace_days),
            Life::Icann | Life::Quarantine | Life::GraceOnly { .. } | Life::AtOnce => grace,
        };
        let latest = (working - INTERRUPTED_LEAST).max(SignedDuration::ZERO);
        let interrupted = expiry + self.stream.between(SignedDuration::ZERO, latest);
        self.enters(State::Grace, expiry);
        if interrupted < until {
            self.enters(State::Interrupted, interrupted);
        }
        if working < grace && expiry + working < until {
            self.enters(State::Suspended, expiry + working);
        }
    }

    fn paid_late(&mut self, expiry: Timestamp, grace: SignedDuration) -> Timestamp {
        if grace.is_zero() {
            return expiry;
        }
        let paid = expiry + self.stream.between(SignedDuration::from_mins(1), grace);
        self.passes_grace(expiry, grace, paid);
        self.enters(State::Held, paid);
        paid
    }

    fn restored(&mut self, expiry: Timestamp, grace: SignedDuration) -> Timestamp {
        let redeemable = match self.history.tld.life {
            Life::Icann => REDEMPTION,
            Life::Quarantine => QUARANTINE,
            Life::Suspension { .. } | Life::GraceOnly { .. } | Life::AtOnce => {
                return self.paid_late(expiry, grace);
            }
        };
        let deleted = expiry + grace;
        self.passes_grace(expiry, grace, deleted);
        self.enters(State::Redemption, deleted);
        let ordered = deleted
            + self
                .stream
                .between(SignedDuration::from_hours(1), redeemable);
        self.enters(State::Restoring, ordered);
        let done = ordered
            + self
                .stream
                .between(SignedDuration::from_hours(1), RESTORING_MOST);
        self.enters(State::Held, done);
        done
    }

    fn is_auctioned(&mut self, grace: SignedDuration) -> bool {
        self.history.tld.life == Life::Icann
            && grace >= AUCTION_LEAST
            && self.stream.happens(AUCTIONED)
    }

    /// Sold in the second half of the grace: the date of registration stays.
    fn auctioned(&mut self, expiry: Timestamp, grace: SignedDuration) -> Timestamp {
        let sold = expiry + self.stream.between(grace / 2, grace);
        self.passes_grace(expiry, grace, sold);
        let before = self.tenure();
        let holder = self.buyer(ATTACKER_AT_AUCTION);
        self.begins(holder, Some(Way::Auctioned), sold, before.registered_at);
        if !self.stream.happens(AUCTION_MOVES_REGISTRAR)
            && let Some(tenure) = self.history.tenures.last_mut()
        {
            tenure.registrar = before.registrar;
        }
        sold
    }

    /// From deletion to release, by the rules of the registry; says when it is released.
    fn deleted(&mut self, at: Timestamp) -> Timestamp {
        let released = match self.history.tld.life {
            Life::Icann => {
                self.enters(State::Redemption, at);
                self.enters(State::PendingDelete, at + REDEMPTION);
                at + REDEMPTION + PENDING_DELETE
            }
            Life::Quarantine => {
                self.enters(State::Redemption, at);
                at + QUARANTINE
            }
            Life::Suspension { .. } | Life::GraceOnly { .. } | Life::AtOnce => at,
        };
        self.enters(State::Released, released);
        released
    }

    /// Who takes a released name, if anyone: says when.
    fn taken(&mut self, released: Timestamp) -> Option<Timestamp> {
        let drawn = self.stream.number().unit();
        let (taken, holder) = if drawn < CAUGHT_AT_ONCE {
            (released, self.buyer(ATTACKER_AT_ONCE))
        } else if drawn < CAUGHT_ON_THE_DAY {
            let wait = self.stream.between(
                SignedDuration::from_secs(1),
                DAY - SignedDuration::from_secs(1),
            );
            (released + wait, self.buyer(ATTACKER_AT_ONCE))
        } else if self.stream.happens(TAKEN_LATER) {
            let wait = self.stream.log_between(TAKEN_LATER_LEAST, TAKEN_LATER_MOST);
            let holder = if self.stream.happens(OWNER_LATER) {
                Holder::Owner
            } else {
                self.buyer(ATTACKER_LATER)
            };
            (released + wait, holder)
        } else {
            return None;
        };
        if taken > self.end {
            return None;
        }
        // Whoever comes back after somebody else had it in between is a new holder to the addresses verified before.
        let was_owners = self.tenure().holder == Holder::Owner;
        let way = match holder {
            Holder::Owner if was_owners => Way::OwnerReturned,
            Holder::Owner | Holder::Speculator | Holder::Attacker => Way::Reregistered,
        };
        self.begins(holder, Some(way), taken, taken);
        Some(taken)
    }

    fn buyer(&mut self, attacker: f64) -> Holder {
        if self.stream.happens(attacker) {
            Holder::Attacker
        } else {
            Holder::Speculator
        }
    }

    /// The addresses: some of the first owner, and now and then one of a later holder's own.
    fn addresses(&mut self, start: Timestamp) {
        let another = ANOTHER_ADDRESS
            .into_iter()
            .filter(|probability| self.stream.happens(*probability))
            .count();
        let first = self.history.tenures[0];
        for _ in 0..=another {
            let (from, to) = if self.stream.happens(VERIFIED_DURING) {
                (start, self.end)
            } else {
                (first.since, start)
            };
            self.verifies(0, from, to);
        }
        for number in 1..self.history.tenures.len() {
            if self.stream.happens(NEW_HOLDER_VERIFIES) {
                let since = self.history.tenures[number].since;
                self.verifies(number, since + DAY, (since + YEAR).min(self.end));
            }
        }
    }

    /// A holder verifies an address between two times, if he holds the domain then.
    fn verifies(&mut self, tenure: usize, from: Timestamp, to: Timestamp) {
        let within = to.duration_since(from).max(SignedDuration::ZERO);
        let verified_at = from + self.stream.between(SignedDuration::ZERO, within);
        let span = self.history.span_at(verified_at);
        if usize::from(span.tenure) == tenure
            && span.state == State::Held
            && verified_at <= self.end
        {
            self.history.addresses.push(Address { verified_at });
        } else if tenure == 0 {
            // The first owner had verified it before he lost the domain.
            let verified_at = self.history.tenures[0].since + DAY;
            self.history.addresses.push(Address { verified_at });
        }
    }
}
