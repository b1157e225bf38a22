//! `lapsewatch-simulator`: one command, one report.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use lapsewatch_simulator::{Parameters, Report, World, chart, side_by_side};

/// Shows what share of lost domains' addresses each set of rules closes before the domain changes hands. All of it is simulated.
#[derive(Parser)]
#[command(name = "lapsewatch-simulator")]
struct Arguments {
    /// How many domains
    #[arg(long, default_value_t = Parameters::default().domains)]
    domains: u32,
    /// How many years of their lives
    #[arg(long, default_value_t = Parameters::default().years)]
    years: u32,
    /// What all lives and all answers of the sources are drawn from
    #[arg(long, default_value_t = Parameters::default().seed)]
    seed: u64,
    /// How often Fastly shows that a name is expiring or being deleted, from 0 to 1
    #[arg(long, default_value_t = Parameters::default().visible)]
    visible: f64,
    /// How often, in a year, Fastly calls a domain free for a week that its owner has, from 0 to 1
    #[arg(long, default_value_t = Parameters::default().false_losses)]
    false_losses: f64,
    /// How many rows of addresses PyPI's queue holds, the simulated ones among them
    #[arg(long, default_value_t = Parameters::default().pypi_rows)]
    pypi_rows: u32,
    /// Print one JSON document instead of tables
    #[arg(long)]
    json: bool,
    /// Write a bar chart to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let world = World::drawn(parameters(&arguments)?);
    let mut report = Report::of(&world);
    for scored in side_by_side(&world)? {
        report.add(scored.name, &scored.score);
    }
    if let Some(file) = &arguments.svg {
        std::fs::write(file, chart(&report.caption(), &report.rules))
            .with_context(|| format!("cannot write the chart to {}", file.display()))?;
    }
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &report).context("cannot write the report")?;
        writeln!(stdout).context("cannot write the report")
    } else {
        write!(stdout, "{report}").context("cannot write the report")
    }
}

fn parameters(arguments: &Arguments) -> Result<Parameters> {
    ensure!(
        (0.0..=1.0).contains(&arguments.visible),
        "--visible is a share: from 0 to 1"
    );
    ensure!(
        (0.0..=1.0).contains(&arguments.false_losses),
        "--false-losses is a share of domains a year: from 0 to 1"
    );
    ensure!(
        (1..=100).contains(&arguments.years),
        "--years is from 1 to 100"
    );
    Ok(Parameters {
        domains: arguments.domains,
        years: arguments.years,
        seed: arguments.seed,
        visible: arguments.visible,
        false_losses: arguments.false_losses,
        pypi_rows: arguments.pypi_rows,
    })
}
