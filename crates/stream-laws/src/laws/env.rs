//! What the environment overrides.

use alloc::{format, string::String};
use core::ops::Range;
use std::env;

/// The seeds to run for the adapter of this name; `scripts` of them if the environment is silent.
///
/// # Panics
///
/// Panics if a variable is set to a value that cannot be read.
pub(crate) fn seeds(name: &str, scripts: usize) -> Range<u64> {
    if let Some(seed) = read("STREAM_LAWS_SEED").and_then(|text| seed_of(name, &text)) {
        return seed..seed.saturating_add(1);
    }
    let scripts = read("STREAM_LAWS_SCRIPTS").map_or(scripts as u64, |text| {
        let number = text.parse();
        number.unwrap_or_else(|_| panic!("STREAM_LAWS_SCRIPTS is {text:?}, which is no number"))
    });
    0..scripts
}

fn read(variable: &str) -> Option<String> {
    env::var(variable).ok()
}

/// The seed of `SEED`, and of `NAME=SEED` if the name is `name`.
fn seed_of(name: &str, text: &str) -> Option<u64> {
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
    fn seed_with_name_is_for_that_name() {
        assert_eq!(seed_of("zip", "7"), Some(7));
        assert_eq!(seed_of("zip", "zip=7"), Some(7));
        assert_eq!(seed_of("zip", "map=7"), None);
        assert_eq!(seed_of("a = b", "a = b=7"), Some(7));
    }

    #[test]
    fn assignment_is_quoted_for_a_shell() {
        assert_eq!(assignment("two's", 7), r"STREAM_LAWS_SEED='two'\''s=7'");
    }
}
