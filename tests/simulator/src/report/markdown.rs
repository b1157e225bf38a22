//! Tables in Markdown, which reads well on a terminal too.

/// A table: the first column to the left, the others to the right.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
            widest.max(head[column].chars().count())
        })
        .collect();
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let dashes = widths.iter().enumerate().map(|(column, width)| {
        let dashes = "-".repeat(*width + 1);
        if column == 0 {
            format!(":{dashes}")
        } else {
            format!("{dashes}:")
        }
    });
    let dashes = format!("|{}|\n", dashes.collect::<Vec<_>>().join("|"));
    let rows = rows.iter().map(|cells| row(cells, &widths));
    [row(&head, &widths), dashes]
        .into_iter()
        .chain(rows)
        .collect()
}

fn row(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths).enumerate();
    let cells = cells.map(|(column, (cell, &width))| {
        if column == 0 {
            format!("| {cell:<width$} ")
        } else {
            format!("| {cell:>width$} ")
        }
    });
    cells.chain(["|\n".to_owned()]).collect()
}
