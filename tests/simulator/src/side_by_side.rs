//! All sets of rules on the same lives.

use anyhow::{Context, Result};

use crate::lapsewatch::Lapsewatch;
use crate::peers::{PyPi, RubyGems};
use crate::rules::Rules;
use crate::score::{Score, score};
use crate::world::World;

/// What one set of rules did.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored {
    /// Which.
    pub name: &'static str,
    /// What it did, counted.
    pub score: Score,
}

/// Lets Lapsewatch's rules, PyPI's and RubyGems' live through the same world; what they did comes in this order.
pub fn side_by_side(world: &World) -> Result<[Scored; 3]> {
    Ok([
        scored(&Lapsewatch, world)?,
        scored(&PyPi, world)?,
        scored(&RubyGems, world)?,
    ])
}

fn scored(rules: &dyn Rules, world: &World) -> Result<Scored> {
    let name = rules.name();
    let closings = rules
        .live(world)
        .with_context(|| format!("the rules of {name} stopped"))?;
    Ok(Scored {
        name,
        score: score(world, &closings),
    })
}
