//! Text from outside that is kept: in a record, an event, a log line.

/// The longest text that is kept, in characters.
const LONGEST: usize = 200;

/// The text without control characters, its white space single, cut to 200 characters.
pub(crate) fn kept(text: &str) -> String {
    let mut kept = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    match kept.char_indices().nth(LONGEST) {
        Some((end, _)) => kept[..end].trim_end().to_owned(),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_and_what_moves_a_cursor_goes() {
        assert_eq!(
            kept(" not\u{1b}[31m found\r\n\u{0}for you "),
            "not [31m found for you"
        );
    }

    proptest! {
        #[test]
        fn any_text_becomes_short_and_printable(text in "(?s).{0,600}") {
            let kept = kept(&text);
            prop_assert!(kept.chars().count() <= 200);
            prop_assert!(!kept.contains(char::is_control));
        }
    }
}
