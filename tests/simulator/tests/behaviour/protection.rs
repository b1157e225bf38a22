//! The study, as a process: what it writes into the page, and what it leaves alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lapsewatch_simulator::{Section, Study, filled};

/// The page as it stands in the repository.
const PAGE: &str = include_str!("../../../../docs/protection.md");

/// The page with the same text in every section.
fn with_all_sections(text: &str) -> String {
    let sections = Study::empty_sections().into_iter().map(|section| Section {
        text: text.to_owned(),
        ..section
    });
    filled(PAGE, &sections.collect::<Vec<_>>()).unwrap()
}

fn written(directory: &Path, page: &str) -> PathBuf {
    let file = directory.join("page.md");
    std::fs::write(&file, page).unwrap();
    file
}

fn study(page: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_protection"))
        .arg("--page")
        .arg(page)
        .args(arguments)
        .output()
        .unwrap()
}

/// The lines outside the sections.
fn prose(page: &str) -> Vec<&str> {
    let mut is_outside = true;
    let lines = page.lines().filter(|line| {
        if line.starts_with("<!-- ") {
            is_outside = line.starts_with("<!-- end ");
        }
        is_outside
    });
    lines.collect()
}

/// What stands between the markers of a section.
fn section<'page>(page: &'page str, name: &str) -> &'page str {
    let (_, after) = page
        .split_once(&format!("<!-- begin {name}: generated -->\n"))
        .unwrap();
    after.split_once(&format!("<!-- end {name} -->")).unwrap().0
}

/// The cells of the first row of a section that begins with a word.
fn row<'page>(section: &'page str, first: &str) -> Vec<&'page str> {
    let mut rows = section.lines().map(|line| {
        let cells = line.trim_matches('|').split('|').map(str::trim);
        cells.collect::<Vec<_>>()
    });
    rows.find(|cells| cells[0] == first).unwrap()
}

/// The count that a cell begins with.
fn count(cell: &str) -> u64 {
    let number = cell.split(' ').next().unwrap();
    number.replace(',', "").parse().unwrap()
}

#[test]
fn the_study_replaces_what_stands_between_the_markers_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let page = written(directory.path(), &with_all_sections("Old figures."));
    let sizes = ["--domains", "150", "--years", "2", "--small-domains", "30"];
    let seeds = ["--seed", "4", "--seed", "9"];
    let output = study(&page, &[sizes.as_slice(), &seeds].concat());
    assert!(output.status.success(), "{output:?}");

    let text = std::fs::read_to_string(&page).unwrap();
    assert!(!text.contains("Old figures."), "{text}");
    let sections = Study::empty_sections();
    let markers = PAGE.matches("<!-- begin ").count();
    assert_eq!(markers, sections.len(), "the page has others beside");
    assert_eq!(prose(&text), prose(PAGE));

    let runs = "150 domains, 2 years, seeds 4 and 9";
    assert!(section(&text, "runs").contains(runs), "{text}");
    let chart = std::fs::read_to_string(page.with_extension("svg")).unwrap();
    assert!(chart.contains(runs), "{chart}");

    // All of a row's parts are all of its addresses, and the seeds are added up, not one of them shown.
    for rules in ["lapsewatch", "pypi", "rubygems"] {
        let results = row(section(&text, "results"), rules);
        let parts = results[2..7].iter().map(|cell| count(cell));
        assert!(count(results[1]) > 0, "{text}");
        assert_eq!(parts.sum::<u64>(), count(results[1]), "{text}");
    }
    let retaken = section(&text, "retaken");
    let [first, second, all] = ["4", "9", "all"].map(|seed| count(row(retaken, seed)[1]));
    assert!(first > 0 && second > 0, "{text}");
    assert_eq!(first + second, all);

    let small = "30 domains, 2 years, seed 4:";
    for (name, first_cells) in [
        ("visible", ["100.0 %", "80.0 %", "50.0 %"]),
        ("false-losses", ["0.0 %", "1.00 %", "10.0 %"]),
    ] {
        let section = section(&text, name);
        assert!(section.contains(small), "{section}");
        for cell in first_cells {
            row(section, cell);
        }
    }
    assert!(
        row(
            section(&text, "classes"),
            "generic: deleted and registered by another"
        )
        .len()
            > 1
    );
}

#[test]
fn a_page_without_a_marker_is_refused_before_anything_is_run_or_written() {
    let directory = tempfile::tempdir().unwrap();
    for marker in [
        "<!-- begin visible: generated -->",
        "<!-- end classes -->",
        "<!-- end false-losses -->",
    ] {
        let before = PAGE.replace(marker, "");
        let page = written(directory.path(), &before);
        let sizes = ["--domains", "30", "--years", "1", "--small-domains", "30"];
        let output = study(&page, &sizes);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        let sentence = format!("the page lacks the marker {marker}");
        assert!(said.contains(&sentence), "{said}");
        assert!(!said.contains("30 domains"), "a run had begun: {said}");
        assert_eq!(std::fs::read_to_string(&page).unwrap(), before);
        assert!(!page.with_extension("svg").exists());
    }
}
