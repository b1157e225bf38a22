//! The seam: a set of rules is given the world and says what it did in it.

use lapsewatch_core::Timestamp;

use crate::world::{AddressId, World};

/// A set of rules by which a registry un-verifies addresses.
pub trait Rules {
    /// Its name in the report.
    fn name(&self) -> &'static str;

    /// Lives through the simulated time, from `world.start()` to `world.end()`. At any moment it may ask the world's sources what they
    /// say then (`fastly`, `rdap`, `dns`), and may know the addresses that are verified by then; the histories it must not look at.
    fn live(&self, world: &World) -> anyhow::Result<Closings>;
}

/// What a set of rules did.
#[derive(Clone, Debug)]
pub struct Closings {
    unverified: Vec<Option<Timestamp>>,
    answers: Vec<Answer>,
    warnings: Vec<Vec<Timestamp>>,
    calls: Vec<u32>,
}

/// The answer at the moment of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The reset mail is sent, if the address counts as verified.
    Allow,
    /// It is not.
    Deny,
}

impl Closings {
    /// Nothing done yet: every address as it is, every question allowed.
    pub fn none(world: &World) -> Self {
        let domains = world.domains().len();
        Self {
            unverified: vec![None; world.address_count()],
            answers: vec![Answer::Allow; world.questions().len()],
            warnings: vec![Vec::new(); domains],
            calls: vec![0; domains],
        }
    }

    /// Un-verifies an address, for good: its owner's verifying it again is not simulated. The first time counts.
    pub fn unverify(&mut self, address: AddressId, at: Timestamp) {
        self.unverified[address.place()].get_or_insert(at);
    }

    /// Answers the question at this place of `world.questions()`.
    pub fn answer(&mut self, question: usize, answer: Answer) {
        self.answers[question] = answer;
    }

    /// Warns that a domain may be about to be lost.
    pub fn warn(&mut self, domain: u32, at: Timestamp) {
        self.warnings[domain as usize].push(at);
    }

    /// Counts paid calls about a domain.
    pub fn paid(&mut self, domain: u32, calls: u32) {
        self.calls[domain as usize] += calls;
    }

    /// When an address was un-verified.
    pub fn unverified_at(&self, address: AddressId) -> Option<Timestamp> {
        self.unverified[address.place()]
    }

    /// What was answered to the question at this place.
    pub fn answered(&self, question: usize) -> Answer {
        self.answers[question]
    }

    /// When there were warnings of a domain.
    pub fn warnings(&self, domain: u32) -> &[Timestamp] {
        &self.warnings[domain as usize]
    }

    /// How many paid calls were made about a domain.
    pub fn calls(&self, domain: u32) -> u32 {
        self.calls[domain as usize]
    }
}
