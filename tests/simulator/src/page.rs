//! A page of prose with generated sections, each between two comments that name it.

use anyhow::{Context, Result};

/// A generated section of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name in the markers.
    pub name: &'static str,
    /// What stands between them.
    pub text: String,
}

/// The page with these sections between their markers, and everything else as it was. A marker that the page lacks is an error:
/// figures would be left out, or old ones left in.
pub fn filled(page: &str, sections: &[Section]) -> Result<String> {
    let mut page = page.to_owned();
    for Section { name, text } in sections {
        let (begin, end) = (
            format!("<!-- begin {name}: generated -->"),
            format!("<!-- end {name} -->"),
        );
        let lacks = |marker: &str| format!("the page lacks the marker {marker}");
        let (before, rest) = page.split_once(&begin).with_context(|| lacks(&begin))?;
        let (_, after) = rest.split_once(&end).with_context(|| lacks(&end))?;
        page = format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim());
    }
    Ok(page)
}
