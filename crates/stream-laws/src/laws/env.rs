//! What the environment overrides.

use alloc::{format, string::String};
use core::ops::Range;
use std::env;

/// The seeds to run for the adapter of this name; `scripts` of them if the environment is silent.
///
/// # Panics
///
/// Panics if a variable is set to a value that cannot be read.
pub(crate) fn seeds(name: &str, cases: usize) -> Range<u64> {
    if let Some(seed) = read("STREAM_LAWS_SEED").and_then(|text| parse_seed(name, &text)) {
        return seed..seed.saturating_add(1);
    }
    let cases = read("STREAM_LAWS_CASES").map_or(cases as u64, |text| {
        let number = text.parse();
        number.unwrap_or_else(|_| panic!("STREAM_LAWS_CASES is {text:?}, which is no number"))
    });
    0..cases
}

fn read(variable: &str) -> Option<String> {
    env::var(variable).ok()
}

/// The seed of `SEED`, and of `NAME=SEED` if the name is `name`.
fn parse_seed(name: &str, text: &str) -> Option<u64> {
    let (named, seed) = match text.rsplit_once('=') {
        Some((named, seed)) => (Some(named), seed),
        None => (None, text),
    };
    let Ok(seed) = seed.parse() else {
        panic!("STREAM_LAWS_SEED is {text:?}, which is neither SEED nor NAME=SEED")
    };
    named.is_none_or(|named| named == name).then_some(seed)
}

/// What runs the case of this seed for the adapter of this name, as a shell reads it.
pub(crate) fn assignment(name: &str, seed: u64) -> String {
    let name = name.replace('\'', r"'\''");
    format!("STREAM_LAWS_SEED='{name}={seed}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_seed_applies_to_that_name_only() {
        assert_eq!(parse_seed("zip", "7"), Some(7));
        assert_eq!(parse_seed("zip", "zip=7"), Some(7));
        assert_eq!(parse_seed("zip", "map=7"), None);
        assert_eq!(parse_seed("a = b", "a = b=7"), Some(7));
    }

    #[test]
    fn replay_assignment_is_quoted() {
        assert_eq!(assignment("two's", 7), r"STREAM_LAWS_SEED='two'\''s=7'");
    }
}
