//! The report as tables for a terminal, which are Markdown too.

use std::fmt;

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
        write_table(f, &LOSS_HEAD, &rows.collect::<Vec<_>>())
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
        write_table(f, &head, &rows.collect::<Vec<_>>())
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
        write_table(f, &LOSS_HEAD, &rows)
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

/// A share in percent; one that is neither nothing nor all never looks like it.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.01 {
        "<0.01 %".to_owned()
    } else if percent > 99.99 && percent < 100.0 {
        ">99.99 %".to_owned()
    } else if percent > 1.0 && percent < 99.0 || percent == 0.0 || share >= 1.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.2} %")
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, head: &[&str], rows: &[Vec<String>]) -> fmt::Result {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(head[column].chars().count())
        })
        .collect();
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    write_row(f, &head, &widths)?;
    let lines = widths.iter().enumerate().map(|(column, width)| {
        let dashes = "-".repeat(*width + 1);
        if column == 0 {
            format!(":{dashes}")
        } else {
            format!("{dashes}:")
        }
    });
    writeln!(f, "|{}|", lines.collect::<Vec<_>>().join("|"))?;
    for row in rows {
        write_row(f, row, &widths)?;
    }
    Ok(())
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &[String], widths: &[usize]) -> fmt::Result {
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let width = *width;
        if column == 0 {
            write!(f, "| {cell:<width$} ")?;
        } else {
            write!(f, "| {cell:>width$} ")?;
        }
    }
    writeln!(f, "|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_all_never_reads_as_all() {
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.999_99), "100.00 %".replace("100.00", ">99.99"));
        assert_eq!(percent(0.9962), "99.62 %");
        assert_eq!(percent(0.5), "50.0 %");
        assert_eq!(percent(0.000_01), "<0.01 %");
        assert_eq!(percent(0.0), "0.0 %");
    }
}
