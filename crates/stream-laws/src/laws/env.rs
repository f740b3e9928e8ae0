//! The environment variables that override the description.

use alloc::{format, string::String};
use core::ops::Range;
use std::env;

/// Returns the seeds to run for the adapter of this name. Without variables, there are `cases`
/// seeds.
///
/// # Panics
/// Panics if a variable has an invalid value.
pub(crate) fn seeds(name: &str, cases: usize) -> Range<u64> {
    if let Some(seed) = env::var("STREAM_LAWS_SEED").ok().and_then(|text| parse_seed(name, &text)) {
        return seed..seed.saturating_add(1);
    }
    let cases = env::var("STREAM_LAWS_CASES").map_or(cases as u64, |text| {
        let number = text.parse();
        number.unwrap_or_else(|_| panic!("STREAM_LAWS_CASES is {text:?}, which is not a number"))
    });
    0..cases
}

/// Parses `SEED`, or `NAME=SEED` if the name is `name`.
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

/// Returns the variable, quoted for a shell, that runs the case of this seed for this adapter.
pub(crate) fn replay_assignment(name: &str, seed: u64) -> String {
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
        assert_eq!(replay_assignment("two's", 7), r"STREAM_LAWS_SEED='two'\''s=7'");
    }
}
