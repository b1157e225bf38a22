//! What befell one domain: its states, its holders, and the addresses at it. The truth, of which the sources show a part.

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use serde::Serialize;

use crate::parameters::YEAR;
use crate::tld::Tld;

/// The life of one domain over the time simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Its top-level domain.
    pub tld: &'static Tld,
    /// Its states, each from a time on, in order; the first from before the time simulated. The last may lie beyond its end.
    pub spans: Vec<Span>,
    /// Who held it, in order.
    pub tenures: Vec<Tenure>,
    /// The addresses at it, those of later holders too.
    pub addresses: Vec<Address>,
}

/// A state and when it begins; it ends where the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Since when.
    pub from: Timestamp,
    /// The state.
    pub state: State,
    /// Whose it is, or was last: an index into the tenures.
    pub tenure: u8,
}

/// Where a name is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Registered and paid for.
    Held,
    /// Past expiry, working as before.
    Grace,
    /// Past expiry; the registrar has put its own page there.
    Interrupted,
    /// Past expiry; the registry has taken it out of the DNS, and its owner can still renew it.
    Suspended,
    /// Deleted, or in quarantine: its owner can still have it back.
    Redemption,
    /// Being restored by its owner.
    Restoring,
    /// About to be released.
    PendingDelete,
    /// Free for anyone.
    Released,
}

/// The time in which one party holds the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Who.
    pub holder: Holder,
    /// How it came to him; `None` if he had it before the time simulated.
    pub way: Option<Way>,
    /// Since when he has it.
    pub since: Timestamp,
    /// The registry's date of registration.
    pub registered_at: Timestamp,
    /// The registrar, by number.
    pub registrar: u32,
}

/// A holder, by what he does with the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The first owner, or the first again.
    Owner,
    /// Somebody who wants the name or its traffic.
    Speculator,
    /// Somebody who wants the accounts behind the addresses.
    Attacker,
}

/// How a domain changed hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Deleted, released, and registered by another.
    Reregistered,
    /// Sold by the registrar before deletion: the date of registration stays.
    Auctioned,
    /// Deleted, released, and registered by its old owner.
    OwnerReturned,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Reregistered, Self::Auctioned, Self::OwnerReturned];

    /// The way in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Reregistered => "deleted and registered by another",
            Self::Auctioned => "auctioned before deletion",
            Self::OwnerReturned => "deleted and registered by its owner again",
        }
    }

    /// Whether the addresses' mail now goes to somebody else.
    pub fn is_to_another(self) -> bool {
        match self {
            Self::Reregistered | Self::Auctioned => true,
            Self::OwnerReturned => false,
        }
    }
}

/// An address at the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// When whoever held the domain then proved that he gets its mail.
    pub verified_at: Timestamp,
}

/// The change of hands that makes an address somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// When.
    pub at: Timestamp,
    /// How.
    pub way: Way,
    /// To whom.
    pub to: Holder,
}

impl Tenure {
    /// The first end of a term after a time: terms are of one year and begin with the registration.
    pub fn expiry_after(&self, time: Timestamp) -> Timestamp {
        let years = time.duration_since(self.registered_at).as_secs() / YEAR.as_secs();
        self.registered_at + SignedDuration::from_secs((years.max(0) + 1) * YEAR.as_secs())
    }
}

impl History {
    /// The span that a time lies in.
    pub fn span_at(&self, time: Timestamp) -> Span {
        self.spans[self.position_at(time)]
    }

    /// The number of the span that a time lies in; before the first span, the first.
    pub(crate) fn position_at(&self, time: Timestamp) -> usize {
        self.spans
            .partition_point(|span| span.from <= time)
            .saturating_sub(1)
    }

    /// The tenure that a span belongs to.
    pub fn tenure(&self, span: Span) -> &Tenure {
        &self.tenures[usize::from(span.tenure)]
    }

    /// The first change of hands after an address was verified, up to a time.
    pub fn loss(&self, address: Address, until: Timestamp) -> Option<Loss> {
        let changes = self.tenures.iter().filter_map(|tenure| {
            Some(Loss {
                at: tenure.since,
                way: tenure.way?,
                to: tenure.holder,
            })
        });
        changes
            .into_iter()
            .find(|loss| loss.at > address.verified_at && loss.at <= until)
    }

    /// Since when the domain had not been held and paid for, when it changed hands at a time.
    pub(crate) fn losing_since(&self, loss: Loss) -> Timestamp {
        let before = self
            .spans
            .iter()
            .take_while(|span| span.from < loss.at || span.state != State::Held);
        let ends: Vec<&Span> = before.collect();
        ends.iter()
            .rev()
            .take_while(|span| span.state != State::Held)
            .last()
            .map_or(loss.at, |span| span.from)
    }

    /// Whether the first owner held the domain all the time, though he may have paid late.
    pub fn is_healthy(&self, until: Timestamp) -> bool {
        self.spans
            .iter()
            .take_while(|span| span.from <= until)
            .all(|span| span.tenure == 0 && span.state.is_with_its_owner())
    }

    /// Whether whoever verified an address has the domain at a time, mail and all, and is not just losing it. That he may have all but
    /// lost it before, and had it back, makes no difference.
    pub fn is_its_verifiers(&self, address: Address, time: Timestamp) -> bool {
        let verifier = self.span_at(address.verified_at.min(time)).tenure;
        let now = self.position_at(time);
        let has_it =
            self.spans[now].state.is_with_its_owner() && self.spans[now].tenure == verifier;
        // Past expiry the owner may or may not pay yet: what follows tells.
        let outcome = self.spans[now..].iter().find(|span| match span.state {
            State::Grace | State::Interrupted | State::Suspended => false,
            State::Held
            | State::Redemption
            | State::Restoring
            | State::PendingDelete
            | State::Released => true,
        });
        let keeps_it =
            outcome.is_none_or(|span| span.state == State::Held && span.tenure == verifier);
        has_it && keeps_it
    }
}

impl State {
    /// Whether the owner has the domain, mail and all, and has lost nothing yet.
    pub fn is_with_its_owner(self) -> bool {
        match self {
            Self::Held | Self::Grace | Self::Interrupted => true,
            Self::Suspended
            | Self::Redemption
            | Self::Restoring
            | Self::PendingDelete
            | Self::Released => false,
        }
    }
}
