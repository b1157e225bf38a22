//! The outcome of a run, for a reader, a program and a page.

mod chart;
pub(crate) mod markdown;
pub(crate) mod numbers;
mod table;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lapsewatch_core::Timestamp;
use serde::Serialize;

use crate::history::Way;
use crate::parameters::{Noise, Parameters};
use crate::score::{ClassScore, Losses, Score};
use crate::tld::TldClass;
use crate::world::World;

use numbers::runs;

pub use chart::chart;

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What the world was drawn from.
    pub parameters: Parameters,
    /// How often its sources go wrong.
    pub noise: Noise,
    /// When the simulated time begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// What each set of rules did.
    pub rules: Vec<RulesReport>,
}

/// What one set of rules did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesReport {
    /// Which.
    pub name: &'static str,
    /// All domains.
    #[serde(flatten)]
    pub all: Figures,
    /// The domains of each group of top-level domains.
    pub by_class: BTreeMap<TldClass, ClassReport>,
}

/// What one set of rules did in one group of top-level domains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    /// All domains of the group.
    #[serde(flatten)]
    pub all: Figures,
    /// Those that changed hands in this way.
    pub by_way: BTreeMap<Way, LossFigures>,
}

/// The figures of a set of domains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The addresses at risk.
    #[serde(flatten)]
    pub losses: LossFigures,
    /// Addresses un-verified while their owner held the domain; the share is of all addresses.
    pub wrongly_unverified: Part,
    /// Addresses, whatever became of their domains.
    pub addresses: u64,
    /// Domains whose first owner kept them all the time.
    pub healthy_domains: u64,
    /// Paid calls to Fastly about one of these in a year.
    pub calls_per_healthy_domain_year: f64,
}

/// The figures of addresses whose domain changed hands after they were verified. The first five add up to all of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LossFigures {
    /// Un-verified before the change.
    pub closed_before: Part,
    /// Open at the change, and every question of the new holder's refused.
    pub refused_at_use: Part,
    /// Un-verified after the change.
    pub too_late: Part,
    /// Never un-verified.
    pub never: Part,
    /// Un-verified by mistake before the loss began.
    pub closed_by_mistake: Part,
    /// How many addresses.
    pub at_risk: u64,
    /// How many went to another, who tries to get the account.
    pub tried: u64,
    /// Accounts that he got: a question of his was let through. The share is of those tried.
    pub taken_over: Part,
    /// Addresses whose domain was warned of in time.
    pub warned_before: Part,
    /// How long those closed too late had been open, half of them shorter; `None` if there are none.
    pub exposed_hours_median: Option<f64>,
    /// The same, 99 of 100 shorter.
    pub exposed_hours_p99: Option<f64>,
}

/// A count, and its share of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Part {
    /// How many.
    pub count: u64,
    /// Which share, from 0 to 1; 0 of nothing.
    pub share: f64,
}

impl Report {
    /// A report with no rules yet.
    pub fn of(world: &World) -> Self {
        Self {
            parameters: *world.parameters(),
            noise: *world.noise(),
            from: world.start(),
            until: world.end(),
            rules: Vec::new(),
        }
    }

    /// Adds what a set of rules did.
    pub fn add(&mut self, name: &'static str, score: &Score) {
        let report = RulesReport::of(name, score, self.parameters.years);
        self.rules.push(report);
    }

    /// What the report is of, in a line.
    pub fn caption(&self) -> String {
        let Parameters {
            domains,
            years,
            seed,
            ..
        } = self.parameters;
        format!("Simulated: {}", runs(domains, years, &[seed]))
    }
}

impl RulesReport {
    /// The figures of a score, which may be the sum of several runs of so many years each.
    pub fn of(name: &'static str, score: &Score, years: u32) -> Self {
        let years = f64::from(years);
        let classes = score.by_class.iter();
        Self {
            name,
            all: Figures::of(score.by_class.values(), years),
            by_class: classes
                .map(|(class, score)| (*class, ClassReport::of(score, years)))
                .collect(),
        }
    }
}

impl ClassReport {
    fn of(score: &ClassScore, years: f64) -> Self {
        let ways = score.by_way.iter();
        Self {
            all: Figures::of([score], years),
            by_way: ways
                .map(|(way, losses)| (*way, LossFigures::of(losses)))
                .collect(),
        }
    }
}

impl Figures {
    fn of<'a>(scores: impl IntoIterator<Item = &'a ClassScore>, years: f64) -> Self {
        let mut sum = ClassScore::default();
        for score in scores {
            sum.add(score);
        }
        let mut losses = Losses::default();
        for lost in sum.by_way.values() {
            losses.add(lost);
        }
        Self {
            losses: LossFigures::of(&losses),
            wrongly_unverified: Part::of(sum.wrongly_unverified, sum.addresses),
            addresses: sum.addresses,
            healthy_domains: sum.healthy_domains,
            calls_per_healthy_domain_year: ratio(sum.healthy_calls, sum.healthy_domains)
                / years.max(1.0),
        }
    }
}

impl LossFigures {
    pub(crate) fn of(losses: &Losses) -> Self {
        let at_risk = losses.at_risk();
        let part = |count| Part::of(count, at_risk);
        let mut exposed = losses.exposed.clone();
        exposed.sort_unstable();
        Self {
            closed_before: part(losses.closed_before),
            refused_at_use: part(losses.refused_at_use),
            too_late: part(losses.too_late),
            never: part(losses.never),
            closed_by_mistake: part(losses.closed_by_mistake),
            at_risk,
            tried: losses.tried,
            taken_over: Part::of(losses.taken_over, losses.tried),
            warned_before: part(losses.warned_before),
            exposed_hours_median: hours_at(&exposed, 50),
            exposed_hours_p99: hours_at(&exposed, 99),
        }
    }
}

impl Part {
    pub(crate) fn of(count: u64, all: u64) -> Self {
        Self {
            count,
            share: ratio(count, all),
        }
    }
}

/// One count over another; nothing of nothing is nothing.
fn ratio(count: u64, all: u64) -> f64 {
    let float = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if all == 0 {
        0.0
    } else {
        float(count) / float(all)
    }
}

/// The smallest of sorted times that so many percent of them do not exceed, in hours.
fn hours_at(sorted: &[SignedDuration], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map(|time| time.as_secs_f64() / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hours_of_a_percentile_are_those_of_the_nearest_rank() {
        let hours = |count: i64| SignedDuration::from_hours(count);
        let hundred: Vec<_> = (1..=100).map(hours).collect();
        assert_eq!(hours_at(&hundred, 50), Some(50.0));
        assert_eq!(hours_at(&hundred, 99), Some(99.0));
        assert_eq!(hours_at(&[hours(7)], 50), Some(7.0));
        assert_eq!(hours_at(&[], 50), None);
    }

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!(
            Part::of(0, 0),
            Part {
                count: 0,
                share: 0.0
            }
        );
        assert_eq!(
            Part::of(1, 4),
            Part {
                count: 1,
                share: 0.25
            }
        );
    }
}
