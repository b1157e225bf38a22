//! Tokens that Fastly did not have when this was written: said once a process each, so that a person looks.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use lapsewatch_core::StatusSet;

/// A service gone mad invents a token a call: neither the log nor the memory should follow it.
const MOST: usize = 100;

static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub(super) fn warn_once(status: &StatusSet) {
    for token in status.unseen() {
        if is_first(
            &mut SAID.lock().unwrap_or_else(PoisonError::into_inner),
            token,
        ) {
            tracing::warn!(
                token,
                "Fastly answered with a status token that is not known; it decides nothing"
            );
        }
    }
}

fn is_first(said: &mut BTreeSet<String>, token: &str) -> bool {
    said.len() < MOST && said.insert(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_said_once_and_a_flood_ends() {
        let mut said = BTreeSet::new();
        assert!(is_first(&mut said, "sparkling"));
        assert!(!is_first(&mut said, "sparkling"));
        let flood = (0..1000)
            .filter(|index| is_first(&mut said, &index.to_string()))
            .count();
        assert_eq!(flood, MOST - 1);
        assert!(!is_first(&mut said, "sparkling"));
    }
}
