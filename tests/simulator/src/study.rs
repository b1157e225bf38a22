//! The study that `docs/protection.md` shows: many lives with several seeds, added up, and fewer with other assumptions of Fastly.

mod sections;

use anyhow::{Context, Result};

use crate::page::Section;
use crate::parameters::{Parameters, STUDY_FALSE_LOSSES, STUDY_VISIBLE};
use crate::report::numbers::runs;
use crate::report::{RulesReport, chart};
use crate::side_by_side::{Scored, side_by_side};
use crate::world::World;

/// How large the study is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Domains of each main run.
    pub domains: u32,
    /// Years of every run.
    pub years: u32,
    /// A main run for each; the first is that of the small runs too.
    pub seeds: Vec<u64>,
    /// Domains of each small run.
    pub small_domains: u32,
}

/// What came of the runs.
#[derive(Clone, Debug)]
pub struct Study {
    sizes: Sizes,
    /// The main runs, one for each seed.
    by_seed: Vec<Lived>,
    /// These added up.
    all: [Scored; 3],
    /// Small runs, by how often Fastly shows an expiry.
    by_visible: Vec<Lived>,
    /// Small runs, by how often Fastly calls a domain free that is not.
    by_false_losses: Vec<Lived>,
}

/// One run, and what each set of rules did in it.
#[derive(Clone, Debug)]
struct Lived {
    parameters: Parameters,
    scored: [Scored; 3],
}

impl Study {
    /// Lives through all of it; says of each run with what it begins.
    pub fn run(sizes: Sizes, mut begins: impl FnMut(&Parameters)) -> Result<Self> {
        let usual = Parameters {
            domains: sizes.domains,
            years: sizes.years,
            ..Parameters::default()
        };
        let seed = *sizes.seeds.first().context("a study needs a seed")?;
        let small = Parameters {
            domains: sizes.small_domains,
            seed,
            ..usual
        };
        let seeds = sizes.seeds.iter();
        let by_seed = seeds.map(|&seed| Parameters { seed, ..usual });
        let by_visible = STUDY_VISIBLE.map(|visible| Parameters { visible, ..small });
        let by_false_losses = STUDY_FALSE_LOSSES.map(|false_losses| Parameters {
            false_losses,
            ..small
        });

        let mut known: Vec<Lived> = Vec::new();
        let mut live = |parameters: Parameters| -> Result<Lived> {
            // One of the small runs is in both of their tables.
            if let Some(lived) = known.iter().find(|lived| lived.parameters == parameters) {
                return Ok(lived.clone());
            }
            begins(&parameters);
            let scored = side_by_side(&World::drawn(parameters))?;
            let lived = Lived { parameters, scored };
            known.push(lived.clone());
            Ok(lived)
        };
        let by_seed = by_seed.map(&mut live).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            all: added_up(&by_seed)?,
            by_visible: by_visible
                .into_iter()
                .map(&mut live)
                .collect::<Result<_>>()?,
            by_false_losses: by_false_losses
                .into_iter()
                .map(&mut live)
                .collect::<Result<_>>()?,
            sizes,
            by_seed,
        })
    }

    /// The names of the page's sections, each with nothing in it: what a page must have a place for.
    pub fn empty_sections() -> Vec<Section> {
        let names = sections::ALL.iter();
        names
            .map(|(name, _)| Section {
                name,
                text: String::new(),
            })
            .collect()
    }

    /// The page's sections.
    pub fn sections(&self) -> Vec<Section> {
        let all = sections::ALL.iter();
        all.map(|(name, text)| Section {
            name,
            text: text(self),
        })
        .collect()
    }

    /// The page's chart, of the main runs added up.
    pub fn chart(&self) -> String {
        chart(&format!("Simulated: {}", self.main_runs()), &self.reports())
    }

    /// What each set of rules did in the main runs.
    fn reports(&self) -> [RulesReport; 3] {
        let all = self.all.each_ref();
        all.map(|scored| RulesReport::of(scored.name, &scored.score, self.sizes.years))
    }

    fn main_runs(&self) -> String {
        runs(self.sizes.domains, self.sizes.years, &self.sizes.seeds)
    }
}

/// What each set of rules did in several runs: the counts are added up, since shares of runs of different sizes cannot be.
fn added_up(runs: &[Lived]) -> Result<[Scored; 3]> {
    let (first, others) = runs.split_first().context("nothing to add up")?;
    let mut sum = first.scored.clone();
    for run in others {
        for (sum, scored) in sum.iter_mut().zip(&run.scored) {
            sum.score.add(&scored.score);
        }
    }
    Ok(sum)
}
