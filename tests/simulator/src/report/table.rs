//! The report as tables for a terminal, which are Markdown too.

use std::fmt;

use super::markdown::table;
use super::numbers::percent;
use super::{Figures, LossFigures, Part, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = &self.parameters;
        writeln!(
            f,
            "{} simulated domains over {} years, seed {}. Fastly shows an expiry in {} of its cases, and calls {} of all domains free \
             for a week each year that their owners have. PyPI's queue: {} rows.\n",
            parameters.domains,
            parameters.years,
            parameters.seed,
            percent(parameters.visible),
            percent(parameters.false_losses),
            parameters.pypi_rows,
        )?;
        writeln!(
            f,
            "Addresses whose domain changed hands after they were verified:\n"
        )?;
        self.losses(f)?;
        writeln!(
            f,
            "\nAddresses whose owner kept the domain, and what it costs:\n"
        )?;
        self.kept(f)?;
        writeln!(f, "\nBy group of top-level domains and way of loss:\n")?;
        self.by_class(f)
    }
}

const LOSS_HEAD: [&str; 11] = [
    "rules",
    "at risk",
    "closed before",
    "refused at use",
    "too late",
    "never",
    "closed by mistake",
    "warned before",
    "tried",
    "taken over",
    "hours exposed, median / p99",
];

impl Report {
    fn losses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rules.iter().map(|rules| {
            let mut row = vec![rules.name.to_owned()];
            row.extend(cells(&rules.all.losses));
            row
        });
        f.write_str(&table(&LOSS_HEAD, &rows.collect::<Vec<_>>()))
    }

    fn kept(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = [
            "rules",
            "addresses",
            "wrongly un-verified",
            "healthy domains",
            "paid calls each a year",
        ];
        let rows = self.rules.iter().map(|rules| {
            let figures: &Figures = &rules.all;
            vec![
                rules.name.to_owned(),
                figures.addresses.to_string(),
                part(figures.wrongly_unverified),
                figures.healthy_domains.to_string(),
                format!("{:.2}", figures.calls_per_healthy_domain_year),
            ]
        });
        f.write_str(&table(&head, &rows.collect::<Vec<_>>()))
    }

    fn by_class(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = Vec::new();
        for rules in &self.rules {
            for (class, report) in &rules.by_class {
                for (way, losses) in &report.by_way {
                    let mut row = vec![format!(
                        "{}: {}, {}",
                        rules.name,
                        class.words(),
                        way.words()
                    )];
                    row.extend(cells(losses));
                    rows.push(row);
                }
            }
        }
        f.write_str(&table(&LOSS_HEAD, &rows))
    }
}

fn cells(losses: &LossFigures) -> Vec<String> {
    let hours = |hours: Option<f64>| hours.map_or("–".to_owned(), |hours| format!("{hours:.1}"));
    vec![
        losses.at_risk.to_string(),
        part(losses.closed_before),
        part(losses.refused_at_use),
        part(losses.too_late),
        part(losses.never),
        part(losses.closed_by_mistake),
        part(losses.warned_before),
        losses.tried.to_string(),
        part(losses.taken_over),
        format!(
            "{} / {}",
            hours(losses.exposed_hours_median),
            hours(losses.exposed_hours_p99)
        ),
    ]
}

fn part(part: Part) -> String {
    format!("{} ({})", part.count, percent(part.share))
}
