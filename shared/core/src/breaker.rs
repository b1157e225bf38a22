//! The breaker: a plan larger than what happens on an ordinary day waits for a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Candidate, Confirmation};

/// The limits on one plan, judged together with what went through in the day before it: a false alarm that arrives in
/// small portions is stopped like one that arrives at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    /// Domains.
    pub max_domains: u64,
    /// Domains as a share of those checked, 0 to 1.
    pub max_share: f64,
    /// Checks that ended `Unknown` as a share of all, 0 to 1.
    pub max_unknown_share: f64,
    /// Domains of a held plan that may go through all the same, if two independent sources agree on each. No share is
    /// judged on numbers this small: one domain of ten is no sign of a false alarm.
    pub hard_cap: u64,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            max_domains: 100,
            max_share: 0.01,
            max_unknown_share: 0.2,
            hard_cap: 20,
        }
    }
}

/// What happened in the day before a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Domains looked at.
    pub checked: u64,
    /// Looks that ended `Unknown`.
    pub unknown: u64,
    /// Domains at which addresses were un-verified.
    pub unverified: u64,
}

/// A limit that a plan exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "limit", rename_all = "snake_case")]
pub enum Limit {
    /// Too many domains.
    Domains {
        /// How many, with those of the day before.
        domains: u64,
        /// How many may be.
        most: u64,
    },
    /// Too large a share of the domains checked.
    Share {
        /// The share.
        share: f64,
        /// What it may be.
        most: f64,
    },
    /// Too many checks ended `Unknown`: the sources are not to be relied upon today.
    UnknownShare {
        /// The share.
        share: f64,
        /// What it may be.
        most: f64,
    },
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domains { domains, most } => {
                write!(f, "{domains} domains in a day, over the limit of {most}")
            }
            Self::Share { share, most } => {
                write!(
                    f,
                    "{:.1} % of the domains checked, over the limit of {:.1} %",
                    share * 100.0,
                    most * 100.0
                )
            }
            Self::UnknownShare { share, most } => write!(
                f,
                "{:.1} % of the checks ended unknown, over the limit of {:.1} %",
                share * 100.0,
                most * 100.0
            ),
        }
    }
}

/// The breaker's ruling on a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// What goes through.
    pub through: Vec<Candidate>,
    /// What waits for a person.
    pub waiting: Vec<Candidate>,
    /// The limits exceeded; none if nothing waits.
    pub exceeded: Vec<Limit>,
}

impl Breaker {
    /// Rules on a plan, given what happened in the day before.
    pub fn rule(&self, plan: Vec<Candidate>, tally: Tally) -> Ruling {
        let exceeded = self.exceeded(plan.len() as u64, tally);
        if exceeded.is_empty() || plan.is_empty() {
            return Ruling {
                through: plan,
                waiting: Vec::new(),
                exceeded: Vec::new(),
            };
        }
        let room = self.hard_cap.saturating_sub(tally.unverified);
        let (mut through, mut waiting) = (Vec::new(), Vec::new());
        for candidate in plan {
            let agreed = match candidate.pending.confirmation {
                Confirmation::TwoSources => true,
                Confirmation::TwoLooks => false,
            };
            if agreed && (through.len() as u64) < room {
                through.push(candidate);
            } else {
                waiting.push(candidate);
            }
        }
        let exceeded = if waiting.is_empty() {
            Vec::new()
        } else {
            exceeded
        };
        Ruling {
            through,
            waiting,
            exceeded,
        }
    }

    fn exceeded(&self, planned: u64, tally: Tally) -> Vec<Limit> {
        let domains = planned + tally.unverified;
        let mut exceeded = Vec::new();
        if domains > self.max_domains {
            exceeded.push(Limit::Domains {
                domains,
                most: self.max_domains,
            });
        }
        let share = share(domains, tally.checked);
        if domains > self.hard_cap && share > self.max_share {
            exceeded.push(Limit::Share {
                share,
                most: self.max_share,
            });
        }
        let unknown = self::share(tally.unknown, tally.checked);
        if tally.unknown > self.hard_cap && unknown > self.max_unknown_share {
            exceeded.push(Limit::UnknownShare {
                share: unknown,
                most: self.max_unknown_share,
            });
        }
        exceeded
    }
}

/// A part of a whole, 0 to 1; of nothing, everything.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share of counts far below 2^52"
)]
fn share(part: u64, whole: u64) -> f64 {
    if part == 0 {
        0.0
    } else {
        part as f64 / part.max(whole) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{answered, at, domain};
    use crate::{Pending, Record, Verdict};

    fn candidate(number: usize, confirmation: Confirmation) -> Candidate {
        let pending = Pending {
            verdict: Verdict::Lapsed,
            since: at(0),
            verified_before: at(0),
            confirmation,
            evidence: vec![answered("inactive", at(0))],
            doubted_at: None,
            plan: None,
        };
        let record = Record::new(domain(&format!("number{number}.org")), None, at(0));
        Candidate {
            record: Record {
                pending: Some(pending.clone()),
                ..record
            },
            pending,
        }
    }

    fn plan(sizes: (usize, usize)) -> Vec<Candidate> {
        let looks = (0..sizes.0).map(|n| candidate(n, Confirmation::TwoLooks));
        let sources = (sizes.0..sizes.0 + sizes.1).map(|n| candidate(n, Confirmation::TwoSources));
        looks.chain(sources).collect()
    }

    const QUIET: Tally = Tally {
        checked: 100_000,
        unknown: 100,
        unverified: 0,
    };

    #[test]
    fn an_ordinary_plan_goes_through() {
        let ruling = Breaker::default().rule(plan((60, 0)), QUIET);
        assert_eq!((ruling.through.len(), ruling.waiting.len()), (60, 0));
    }

    #[test]
    fn a_plan_over_any_limit_is_held() {
        let breaker = Breaker::default();
        for (size, tally) in [
            (101, QUIET),
            (
                41,
                Tally {
                    unverified: 60,
                    ..QUIET
                },
            ),
            (
                30,
                Tally {
                    checked: 1000,
                    ..QUIET
                },
            ),
            (
                1,
                Tally {
                    unknown: 30_000,
                    ..QUIET
                },
            ),
        ] {
            let ruling = breaker.rule(plan((size, 0)), tally);
            assert_eq!(ruling.through.len(), 0, "{size} {tally:?}");
            assert_eq!(ruling.exceeded.len(), 1);
        }
    }

    #[test]
    fn a_few_domains_of_a_small_registry_are_no_false_alarm() {
        let tally = Tally {
            checked: 10,
            unknown: 8,
            unverified: 0,
        };
        assert_eq!(
            Breaker::default().rule(plan((3, 0)), tally).waiting.len(),
            0
        );
    }

    proptest! {
        #[test]
        fn a_held_plan_lets_through_only_what_two_sources_agree_on_up_to_the_cap(
            looks in 0..150_usize, sources in 0..150_usize,
            checked in 0..5_000_u64, unknown in 0..5_000_u64, unverified in 0..200_u64
        ) {
            let breaker = Breaker::default();
            let ruling = breaker.rule(plan((looks, sources)), Tally { checked, unknown, unverified });
            prop_assert_eq!(ruling.through.len() + ruling.waiting.len(), looks + sources);
            prop_assert_eq!(ruling.exceeded.is_empty(), ruling.waiting.is_empty());
            if !ruling.waiting.is_empty() {
                prop_assert!(ruling.through.len() as u64 + unverified.min(breaker.hard_cap) <= breaker.hard_cap);
                for candidate in &ruling.through {
                    prop_assert_eq!(candidate.pending.confirmation, Confirmation::TwoSources);
                }
            }
        }
    }
}
