//! What a set of rules is worth: of the addresses whose domain changed hands, how many were closed in time.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;

use crate::history::{Address, Loss, Way};
use crate::rules::{Answer, Closings};
use crate::tld::TldClass;
use crate::world::{AddressId, World};

/// What a set of rules did, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// By group of top-level domains.
    pub by_class: BTreeMap<TldClass, ClassScore>,
}

/// The counts of one group of top-level domains.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// Addresses, whatever became of their domains.
    pub addresses: u64,
    /// Addresses un-verified while whoever had verified them had the domain, mail and all, and was not just losing it.
    pub wrongly_unverified: u64,
    /// Domains whose first owner kept them all the time.
    pub healthy_domains: u64,
    /// Paid calls about these.
    pub healthy_calls: u64,
    /// The addresses at risk, by the way their domain changed hands.
    pub by_way: BTreeMap<Way, Losses>,
}

/// What became of addresses whose domain changed hands after they were verified. Each falls in exactly one of the first five.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// Un-verified before the domain changed hands, and not by mistake.
    pub closed_before: u64,
    /// Still verified then, but every question of the new holder's was refused until it was un-verified, or to the end.
    pub refused_at_use: u64,
    /// Un-verified afterwards.
    pub too_late: u64,
    /// Never un-verified.
    pub never: u64,
    /// Un-verified by mistake, before the loss began: no merit of the rules.
    pub closed_by_mistake: u64,
    /// Those whose new holder is another than the old: he tries to get the account.
    pub tried: u64,
    /// Of these, those where a question was let through: the account is his.
    pub taken_over: u64,
    /// Those whose domain was warned of between its expiry or deletion and the change of hands.
    pub warned_before: u64,
    /// How long those un-verified too late had been open to the new holder.
    pub exposed: Vec<SignedDuration>,
}

/// What became of one address at risk.
enum Outcome {
    ClosedBefore,
    RefusedAtUse,
    TooLate(SignedDuration),
    Never,
    ClosedByMistake,
}

/// Counts what a set of rules did.
pub fn score(world: &World, closings: &Closings) -> Score {
    let mut score = Score::default();
    for domain in world.domains() {
        let history = world.history(domain);
        let class = score.by_class.entry(history.tld.class).or_default();
        if history.is_healthy(world.end()) {
            class.healthy_domains += 1;
            class.healthy_calls += u64::from(closings.calls(domain));
        }
        for (id, address) in world.addresses(domain) {
            class.addresses += 1;
            let mistake = closings
                .unverified_at(id)
                .filter(|at| history.is_its_verifiers(address, *at));
            class.wrongly_unverified += u64::from(mistake.is_some());
            if let Some(loss) = world.loss(domain, address) {
                let losses = class.by_way.entry(loss.way).or_default();
                losses.count(
                    world,
                    closings,
                    &Risk {
                        domain,
                        id,
                        address,
                        loss,
                        mistake,
                    },
                );
            }
        }
    }
    score
}

impl Score {
    /// Adds the counts of others: of the same rules in another world.
    pub fn add(&mut self, other: &Self) {
        for (class, score) in &other.by_class {
            self.by_class.entry(*class).or_default().add(score);
        }
    }

    /// The addresses at domains that were deleted and registered by another, where the registry's RDAP tells dates.
    pub fn retaken_where_dates_are_told(&self) -> Losses {
        let mut sum = Losses::default();
        for (class, score) in &self.by_class {
            if class.tells_dates()
                && let Some(losses) = score.by_way.get(&Way::Reregistered)
            {
                sum.add(losses);
            }
        }
        sum
    }
}

impl ClassScore {
    /// Adds the counts of others.
    pub fn add(&mut self, other: &Self) {
        self.addresses += other.addresses;
        self.wrongly_unverified += other.wrongly_unverified;
        self.healthy_domains += other.healthy_domains;
        self.healthy_calls += other.healthy_calls;
        for (way, losses) in &other.by_way {
            self.by_way.entry(*way).or_default().add(losses);
        }
    }
}

/// An address at risk.
struct Risk {
    domain: u32,
    id: AddressId,
    address: Address,
    loss: Loss,
    /// When it was un-verified by mistake.
    mistake: Option<Timestamp>,
}

impl Losses {
    /// How many addresses were at risk.
    pub fn at_risk(&self) -> u64 {
        self.closed_before
            + self.refused_at_use
            + self.too_late
            + self.never
            + self.closed_by_mistake
    }

    /// Adds the counts of others.
    pub fn add(&mut self, other: &Self) {
        self.closed_before += other.closed_before;
        self.refused_at_use += other.refused_at_use;
        self.too_late += other.too_late;
        self.never += other.never;
        self.closed_by_mistake += other.closed_by_mistake;
        self.tried += other.tried;
        self.taken_over += other.taken_over;
        self.warned_before += other.warned_before;
        self.exposed.extend_from_slice(&other.exposed);
    }

    fn count(&mut self, world: &World, closings: &Closings, risk: &Risk) {
        match outcome(world, closings, risk) {
            Outcome::ClosedBefore => self.closed_before += 1,
            Outcome::RefusedAtUse => self.refused_at_use += 1,
            Outcome::TooLate(exposed) => {
                self.too_late += 1;
                self.exposed.push(exposed);
            }
            Outcome::Never => self.never += 1,
            Outcome::ClosedByMistake => self.closed_by_mistake += 1,
        }
        if risk.loss.way.is_to_another() {
            self.tried += 1;
            let let_through =
                asked_while_open(world, closings, risk).any(|answer| answer == Answer::Allow);
            self.taken_over += u64::from(let_through);
        }
        let losing_since = world.history(risk.domain).losing_since(risk.loss);
        let losing = losing_since.max(risk.address.verified_at)..=risk.loss.at;
        let warned = closings
            .warnings(risk.domain)
            .iter()
            .any(|at| losing.contains(at));
        self.warned_before += u64::from(warned);
    }
}

fn outcome(world: &World, closings: &Closings, risk: &Risk) -> Outcome {
    let closed_at = closings.unverified_at(risk.id);
    if risk.mistake.is_some_and(|at| at <= risk.loss.at) {
        return Outcome::ClosedByMistake;
    }
    if closed_at.is_some_and(|at| at <= risk.loss.at) {
        return Outcome::ClosedBefore;
    }
    let mut answers = asked_while_open(world, closings, risk).peekable();
    if answers.peek().is_some() && answers.all(|answer| answer == Answer::Deny) {
        return Outcome::RefusedAtUse;
    }
    match closed_at {
        Some(at) => Outcome::TooLate(at.duration_since(risk.loss.at)),
        None => Outcome::Never,
    }
}

/// The answers to the new holder's questions about an address, as long as it counted as verified.
fn asked_while_open(
    world: &World,
    closings: &Closings,
    risk: &Risk,
) -> impl Iterator<Item = Answer> {
    let questions = world.questions();
    let first = questions.partition_point(|question| question.address < risk.id);
    let closed_at = closings.unverified_at(risk.id);
    let id = risk.id;
    (first..questions.len())
        .take_while(move |place| questions[*place].address == id)
        .filter(move |place| closed_at.is_none_or(|at| questions[*place].at < at))
        .map(|place| closings.answered(place))
}
