//! The report as a bar chart: SVG that reads well on a light page and on a dark one.

use super::numbers::percent;
use super::{LossFigures, RulesReport};

const WIDTH: f64 = 760.0;
const BAR_LEFT: f64 = 110.0;
const BAR_WIDTH: f64 = 630.0;
const BAR_HEIGHT: f64 = 34.0;
const ROW_HEIGHT: f64 = 62.0;
const TOP: f64 = 96.0;
/// Narrower parts of a bar go without a label inside; it shows when pointed at.
const LABEL_WIDTH: f64 = 52.0;

/// What became of addresses at risk, in the order of the bars: class of the style sheet, words, share.
fn parts(losses: &LossFigures) -> [(&'static str, &'static str, f64); 5] {
    [
        ("before", "closed before", losses.closed_before.share),
        ("refused", "refused at use", losses.refused_at_use.share),
        ("late", "too late", losses.too_late.share),
        ("never", "never", losses.never.share),
        (
            "mistake",
            "closed by mistake",
            losses.closed_by_mistake.share,
        ),
    ]
}

/// Draws the chart: for each set of rules one bar of all addresses at risk. The caption says of which runs.
pub fn chart(caption: &str, reports: &[RulesReport]) -> String {
    let bars: String = reports
        .iter()
        .zip(0_u32..)
        .map(|(rules, row)| {
            bar(
                rules.name,
                &rules.all.losses,
                TOP + ROW_HEIGHT * f64::from(row),
            )
        })
        .collect();
    let rows = u32::try_from(reports.len()).unwrap_or(0);
    let height = TOP + ROW_HEIGHT * f64::from(rows) + 16.0;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{TITLE}">
<style>
  text {{ font: 13px system-ui, sans-serif; fill: #1f2328; }}
  .title {{ font-size: 16px; font-weight: 600; }}
  .small {{ font-size: 12px; fill: #59636e; }}
  .inside {{ fill: #ffffff; font-weight: 600; }}
  .before {{ fill: #1a7f37; }} .refused {{ fill: #0969da; }} .late {{ fill: #9a6700; }} .never {{ fill: #cf222e; }} .mistake {{ fill: #6e7781; }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #f0f6fc; }}
    .small {{ fill: #9198a1; }}
    .before {{ fill: #238636; }} .refused {{ fill: #1f6feb; }} .late {{ fill: #9e6a03; }} .never {{ fill: #da3633; }} .mistake {{ fill: #656c76; }}
    .inside {{ fill: #ffffff; }}
  }}
</style>
<text class="title" x="16" y="28">{TITLE}</text>
<text class="small" x="16" y="48">{caption}</text>
{legend}{bars}</svg>
"#,
        legend = legend(),
    )
}

const TITLE: &str = "When a domain changed hands: what had become of the addresses at it";

fn legend() -> String {
    let entries = [
        ("before", "closed before", 16),
        ("refused", "refused at use", 136),
        ("late", "too late", 262),
        ("never", "never", 346),
        ("mistake", "closed by mistake", 416),
    ];
    let entries = entries.into_iter().map(|(class, words, x)| {
        format!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"62\" width=\"12\" height=\"12\" rx=\"2\"/>\
             <text class=\"small\" x=\"{}\" y=\"73\">{words}</text>\n",
            x + 17
        )
    });
    entries.collect()
}

fn bar(name: &str, losses: &LossFigures, y: f64) -> String {
    let middle = y + BAR_HEIGHT / 2.0 + 5.0;
    let mut svg = vec![format!("<text x=\"16\" y=\"{middle}\">{name}</text>\n")];
    let mut x = BAR_LEFT;
    for (class, words, share) in parts(losses) {
        if share <= 0.0 {
            continue;
        }
        let width = BAR_WIDTH * share;
        let label = percent(share);
        svg.push(format!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR_HEIGHT}\">\
             <title>{name}: {words} {label}</title></rect>\n"
        ));
        if width > LABEL_WIDTH {
            let center = x + width / 2.0;
            svg.push(format!(
                "<text class=\"inside\" x=\"{center:.1}\" y=\"{middle}\" text-anchor=\"middle\">{label}</text>\n"
            ));
        }
        x += width;
    }
    svg.push(format!(
        "<text class=\"small\" x=\"{BAR_LEFT}\" y=\"{}\">{} addresses at risk; of {} tried, {} taken over ({})</text>\n",
        y + BAR_HEIGHT + 15.0,
        losses.at_risk,
        losses.tried,
        losses.taken_over.count,
        percent(losses.taken_over.share),
    ));
    svg.concat()
}
