//! `protection`: runs the study, and writes its figures into the page and its chart beside it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use clap::builder::RangedU64ValueParser;
use lapsewatch_simulator::{Parameters, Sizes, Study, filled};

/// Runs the study that `docs/protection.md` shows, and writes its tables into the page, and its chart beside it.
#[derive(Parser)]
#[command(name = "protection")]
struct Arguments {
    /// The page: what stands between its markers is replaced
    #[arg(long, value_name = "FILE", default_value = "docs/protection.md")]
    page: PathBuf,
    /// How many domains each main run has
    #[arg(long, default_value_t = 100_000, value_parser = at_least_one(u32::MAX))]
    domains: u32,
    /// How many years of their lives
    #[arg(long, default_value_t = 10, value_parser = at_least_one(100))]
    years: u32,
    /// The seed of a main run; may be given several times
    #[arg(long = "seed", value_name = "SEED", default_values_t = [1, 2, 3])]
    seeds: Vec<u64>,
    /// How many domains each of the small runs has, in which Fastly is taken to be other than in the main ones
    #[arg(long, default_value_t = 20_000, value_parser = at_least_one(u32::MAX))]
    small_domains: u32,
}

fn at_least_one(most: u32) -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=u64::from(most))
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let page = &arguments.page;
    let read = || -> Result<String> {
        std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))
    };
    let cannot_fill = || format!("cannot fill {}", page.display());
    // A page that has no place for a section is found out before the runs, which take long.
    filled(&read()?, &Study::empty_sections()).with_context(cannot_fill)?;

    let sizes = Sizes {
        domains: arguments.domains,
        years: arguments.years,
        seeds: arguments.seeds,
        small_domains: arguments.small_domains,
    };
    let study = Study::run(sizes, say)?;

    // Read again: somebody may have worked on its prose in the meantime.
    let text = filled(&read()?, &study.sections()).with_context(cannot_fill)?;
    let chart = page.with_extension("svg");
    for (file, text) in [(page, text), (&chart, study.chart())] {
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Says with what a run begins. That nobody may read it is no reason to stop.
fn say(parameters: &Parameters) {
    let Parameters {
        domains,
        years,
        seed,
        visible,
        false_losses,
        pypi_rows: _,
    } = parameters;
    let _ = writeln!(
        std::io::stderr(),
        "{domains} domains, {years} years, seed {seed}, --visible {visible}, --false-losses {false_losses}"
    );
}
