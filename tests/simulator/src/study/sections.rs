//! The sections of the page: every figure on it that comes from the runs, as short sentences and tables.

use super::{Lived, Study};
use crate::history::Way;
use crate::report::markdown::table;
use crate::report::numbers::{grouped, percent, runs};
use crate::report::{LossFigures, Part, RulesReport};
use crate::score::Score;
use crate::tld::TldClass;

/// Writes a section.
type Writes = fn(&Study) -> String;

/// Every section, by its name in the page's markers.
pub(super) const ALL: [(&str, Writes); 6] = [
    ("runs", main_runs),
    ("results", results),
    ("retaken", retaken),
    ("classes", classes),
    ("visible", visible),
    ("false-losses", false_losses),
];

fn main_runs(study: &Study) -> String {
    let usual = study.by_seed.first();
    let usual = usual.map(|lived| lived.parameters).unwrap_or_default();
    format!(
        "Simulated, and added up: {}.\nFastly shows an expiry for what it is in {} of the cases (`--visible {}`), and calls {} of \
         all domains free for a week each year that their owners have (`--false-losses {}`).\nPyPI's queue holds {} rows, the \
         simulated ones among them (`--pypi-rows {}`).",
        study.main_runs(),
        percent(usual.visible),
        usual.visible,
        percent(usual.false_losses),
        usual.false_losses,
        grouped(usual.pypi_rows.into()),
        usual.pypi_rows,
    )
}

fn results(study: &Study) -> String {
    let reports = study.reports();
    let became = reports.iter().map(|rules| {
        let losses = &rules.all.losses;
        let mut row = vec![rules.name.to_owned(), grouped(losses.at_risk)];
        row.extend(outcomes(losses));
        row
    });
    let became = table(
        &[
            "rules",
            "addresses at risk",
            "closed before",
            "refused at use",
            "too late",
            "never",
            "closed by mistake",
        ],
        &became.collect::<Vec<_>>(),
    );
    let costs = reports.iter().map(|rules| {
        let figures = &rules.all;
        let losses = &figures.losses;
        vec![
            rules.name.to_owned(),
            counted(losses.warned_before),
            of_those_tried(losses),
            hours(losses.exposed_hours_median),
            hours(losses.exposed_hours_p99),
            wrong(rules),
            calls(rules),
        ]
    });
    let costs = table(
        &[
            "rules",
            "warned in time",
            "of those tried, taken over",
            "hours exposed if too late, median",
            "99th percentile",
            "wrongly un-verified",
            "paid calls a healthy domain and year",
        ],
        &costs.collect::<Vec<_>>(),
    );
    format!("{became}\n{costs}")
}

fn retaken(study: &Study) -> String {
    let [ours, ..] = &study.all;
    let losses = ours.score.retaken_where_dates_are_told();
    let all = LossFigures::of(&losses);
    let sentence = format!(
        "**Of {} addresses at domains that were deleted and registered by another, where the registry's RDAP tells dates, \
         Lapsewatch closed {} ({}) before that, and refused {} of the others at the moment of use: {} together.**",
        grouped(all.at_risk),
        grouped(all.closed_before.count),
        percent(all.closed_before.share),
        grouped(all.refused_at_use.count),
        before_or_at_use(&all),
    );
    let years = study.sizes.years;
    let of_seeds = study.by_seed.iter();
    let of_seeds = of_seeds.map(|lived| (lived.parameters.seed.to_string(), lapsewatch(lived)));
    let of_all = [("all".to_owned(), &ours.score)];
    let rows = of_seeds.chain(of_all).map(|(seed, score)| {
        let losses = LossFigures::of(&score.retaken_where_dates_are_told());
        let rules = RulesReport::of(ours.name, score, years);
        let mut row = vec![seed, grouped(losses.at_risk)];
        row.extend(outcomes(&losses));
        row.extend([wrong(&rules), calls(&rules)]);
        row
    });
    let table = table(
        &[
            "lapsewatch, by seed",
            "such addresses",
            "closed before",
            "refused at use",
            "too late",
            "never",
            "closed by mistake",
            "wrongly un-verified, of all",
            "paid calls a healthy domain and year",
        ],
        &rows.collect::<Vec<_>>(),
    );
    format!("{sentence}\n\n{table}")
}

fn classes(study: &Study) -> String {
    let [lapsewatch, pypi, rubygems] = study.reports();
    let mut rows = Vec::new();
    for class in TldClass::ALL {
        for way in Way::ALL {
            let of = |rules: &RulesReport| {
                let class = rules.by_class.get(&class)?;
                class.by_way.get(&way).cloned()
            };
            // Peers live through the same losses: where one has none, none has.
            let (Some(ours), Some(pypi), Some(rubygems)) =
                (of(&lapsewatch), of(&pypi), of(&rubygems))
            else {
                continue;
            };
            rows.push(vec![
                format!("{}: {}", class.words(), way.words()),
                grouped(ours.at_risk),
                percent(ours.closed_before.share),
                percent(pypi.closed_before.share),
                percent(rubygems.closed_before.share),
                counted(ours.refused_at_use),
                of_those_tried(&ours),
            ]);
        }
    }
    table(
        &[
            "top-level domain, and how the domain changed hands",
            "addresses at risk",
            "closed before: lapsewatch",
            "pypi",
            "rubygems",
            "lapsewatch: refused at use",
            "lapsewatch: of those tried, taken over",
        ],
        &rows,
    )
}

fn visible(study: &Study) -> String {
    let rows = study.by_visible.iter().map(|lived| {
        let [ours, pypi, rubygems] = reports(lived);
        let told = LossFigures::of(&lapsewatch(lived).retaken_where_dates_are_told());
        vec![
            percent(lived.parameters.visible),
            percent(told.closed_before.share),
            before_or_at_use(&told),
            closed_before(&ours),
            closed_before(&pypi),
            closed_before(&rubygems),
            wrong(&ours),
            calls(&ours),
        ]
    });
    let table = table(
        &[
            "Fastly shows an expiry",
            "lapsewatch, retaken where RDAP tells dates: closed before",
            "before or at use",
            "closed before, of all: lapsewatch",
            "pypi",
            "rubygems",
            "lapsewatch: wrongly un-verified",
            "lapsewatch: paid calls",
        ],
        &rows.collect::<Vec<_>>(),
    );
    format!("{}\n{table}", small_runs(&study.by_visible))
}

fn false_losses(study: &Study) -> String {
    let rows = study.by_false_losses.iter().map(|lived| {
        let [ours, pypi, rubygems] = reports(lived);
        vec![
            percent(lived.parameters.false_losses),
            wrong(&ours),
            wrong(&pypi),
            wrong(&rubygems),
            closed_before(&ours),
            closed_before(&pypi),
            closed_before(&rubygems),
            calls(&ours),
        ]
    });
    let table = table(
        &[
            "domains a year that Fastly calls free",
            "wrongly un-verified: lapsewatch",
            "pypi",
            "rubygems",
            "closed before, of all: lapsewatch",
            "pypi",
            "rubygems",
            "lapsewatch: paid calls",
        ],
        &rows.collect::<Vec<_>>(),
    );
    format!("{}\n{table}", small_runs(&study.by_false_losses))
}

/// The line above a table of small runs: they differ in one thing, which the table's first column has.
fn small_runs(lived: &[Lived]) -> String {
    lived.first().map_or_else(String::new, |lived| {
        let parameters = &lived.parameters;
        let runs = runs(parameters.domains, parameters.years, &[parameters.seed]);
        format!("{runs}:\n")
    })
}

fn reports(lived: &Lived) -> [RulesReport; 3] {
    let years = lived.parameters.years;
    let scored = lived.scored.each_ref();
    scored.map(|scored| RulesReport::of(scored.name, &scored.score, years))
}

/// What Lapsewatch did in a run.
fn lapsewatch(lived: &Lived) -> &Score {
    let [lapsewatch, ..] = &lived.scored;
    &lapsewatch.score
}

/// What became of addresses at risk: five figures, which add up to all of them.
fn outcomes(losses: &LossFigures) -> [String; 5] {
    [
        losses.closed_before,
        losses.refused_at_use,
        losses.too_late,
        losses.never,
        losses.closed_by_mistake,
    ]
    .map(counted)
}

fn counted(part: Part) -> String {
    format!("{} ({})", grouped(part.count), percent(part.share))
}

fn closed_before(rules: &RulesReport) -> String {
    percent(rules.all.losses.closed_before.share)
}

fn before_or_at_use(losses: &LossFigures) -> String {
    let count = losses.closed_before.count + losses.refused_at_use.count;
    percent(Part::of(count, losses.at_risk).share)
}

fn of_those_tried(losses: &LossFigures) -> String {
    if losses.tried == 0 {
        return "–".to_owned();
    }
    let taken = losses.taken_over;
    format!(
        "{} of {} ({})",
        grouped(taken.count),
        grouped(losses.tried),
        percent(taken.share)
    )
}

fn hours(hours: Option<f64>) -> String {
    hours.map_or("–".to_owned(), |hours| format!("{hours:.1}"))
}

fn wrong(rules: &RulesReport) -> String {
    grouped(rules.all.wrongly_unverified.count)
}

fn calls(rules: &RulesReport) -> String {
    format!("{:.1}", rules.all.calls_per_healthy_domain_year)
}
