//! The simulated world: many histories, and what each source would answer about each of them at any time.
//!
//! Every answer is a pure function of the seed, the domain and the time: it does not matter who asks, how often, or in which
//! order. So the same histories serve all rules.

mod dns;
mod fastly;
mod mail;
mod rdap;

use std::ops::Range;

use lapsewatch_core::{DomainName, NotADomain, Timestamp};

use crate::draw::{Draw, Purpose, draw};
use crate::history::{Address, History, Loss, Span};
use crate::life::draw_history;
use crate::outages::Outages;
use crate::parallel::by_chunks;
use crate::parameters::{ATTEMPTS, Noise, Parameters, YEAR};

pub use fastly::FastlyAnswer;

/// When every simulated time begins: 2020-01-01T00:00:00Z. Any date would do.
pub const START: Timestamp = Timestamp::constant(1_577_836_800, 0);

/// All that is simulated.
#[derive(Clone, Debug)]
pub struct World {
    parameters: Parameters,
    noise: Noise,
    outages: Outages,
    histories: Vec<History>,
    /// Of each domain, the number of its first address; one more at the end.
    first_addresses: Vec<u32>,
    questions: Vec<Question>,
}

/// An address, by its number among all addresses of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressId(u32);

impl AddressId {
    /// Its place in a list of all addresses.
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// The new holder of a domain asks for a password reset by mail to an address at it that was another's. Every new holder does,
/// whatever he bought it for: what the rules answer him is what they would answer an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The domain, by its number.
    pub domain: u32,
    /// The address.
    pub address: AddressId,
    /// When.
    pub at: Timestamp,
}

impl World {
    /// Draws the world of these parameters.
    pub fn drawn(parameters: Parameters) -> Self {
        let end = START + YEAR * i32::try_from(parameters.years).unwrap_or(i32::MAX);
        let histories = by_chunks(parameters.domains, |domains: Range<u32>| {
            domains
                .map(|index| draw_history(parameters.seed, index, START, end))
                .collect::<Vec<_>>()
        });
        let outages = Outages::drawn(parameters.seed, START, end);
        let histories = histories.into_iter().flatten().collect();
        Self::of(parameters, histories, outages, Noise::ASSUMED)
    }

    /// A world of given histories.
    pub fn of(
        parameters: Parameters,
        histories: Vec<History>,
        outages: Outages,
        noise: Noise,
    ) -> Self {
        let mut first_addresses = vec![0];
        let mut addresses = 0;
        for history in &histories {
            addresses += u32::try_from(history.addresses.len()).unwrap_or(0);
            first_addresses.push(addresses);
        }
        let mut world = Self {
            parameters,
            noise,
            outages,
            histories,
            first_addresses,
            questions: Vec::new(),
        };
        world.questions = world.attempts();
        world
    }

    /// What the world was drawn from.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// How often its sources go wrong.
    pub fn noise(&self) -> &Noise {
        &self.noise
    }

    /// When it begins.
    pub fn start(&self) -> Timestamp {
        START
    }

    /// When it ends.
    pub fn end(&self) -> Timestamp {
        START + YEAR * i32::try_from(self.parameters.years).unwrap_or(i32::MAX)
    }

    /// The numbers of its domains.
    pub fn domains(&self) -> Range<u32> {
        0..u32::try_from(self.histories.len()).unwrap_or(u32::MAX)
    }

    /// The truth about a domain.
    pub fn history(&self, domain: u32) -> &History {
        &self.histories[domain as usize]
    }

    /// A name for a domain.
    pub fn name(&self, domain: u32) -> Result<DomainName, NotADomain> {
        format!("d{domain:07}.{}", self.history(domain).tld.suffix).parse()
    }

    /// How many addresses there are.
    pub fn address_count(&self) -> usize {
        self.first_addresses.last().copied().unwrap_or(0) as usize
    }

    /// The addresses at a domain.
    pub fn addresses(&self, domain: u32) -> impl Iterator<Item = (AddressId, Address)> {
        let first = self.first_addresses[domain as usize];
        (first..)
            .map(AddressId)
            .zip(self.history(domain).addresses.iter().copied())
    }

    /// The change of hands that an address at a domain suffers in the time simulated, if any.
    pub fn loss(&self, domain: u32, address: Address) -> Option<Loss> {
        self.history(domain).loss(address, self.end())
    }

    /// What new holders ask at the moment of use, by domain, address and time.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The questions about a domain, each with its place in the whole list.
    pub fn questions_about(&self, domain: u32) -> impl Iterator<Item = (usize, Question)> {
        let first = self
            .questions
            .partition_point(|question| question.domain < domain);
        let rest = self.questions[first..].iter().copied();
        (first..)
            .zip(rest)
            .take_while(move |(_, question)| question.domain == domain)
    }

    /// When the sources are out of order.
    pub fn outages(&self) -> &Outages {
        &self.outages
    }

    fn attempts(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for domain in self.domains() {
            for (id, address) in self.addresses(domain) {
                let Some(loss) = self.loss(domain, address) else {
                    continue;
                };
                if !loss.way.is_to_another() {
                    continue;
                }
                let times = ATTEMPTS.into_iter().map(|after| loss.at + after);
                let asked = times.take_while(|at| *at <= self.end()).map(|at| Question {
                    domain,
                    address: id,
                    at,
                });
                questions.extend(asked);
            }
        }
        questions
    }

    /// A number that stays the same through a tenure, for what its holder does all along.
    fn of_tenure(&self, domain: u32, span: Span, purpose: Purpose) -> Draw {
        let seed = self.parameters.seed;
        draw(seed, u64::from(domain), purpose, u64::from(span.tenure))
    }

    /// A number that stays the same for an hour: an answer that goes wrong does so for whoever asks then.
    fn of_hour(&self, domain: u32, time: Timestamp, purpose: Purpose) -> Draw {
        let hour = u64::try_from(time.as_second() / 3600).unwrap_or(0);
        draw(self.parameters.seed, u64::from(domain), purpose, hour)
    }
}
