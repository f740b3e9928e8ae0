use alloc::string::String;
use core::{error::Error, fmt};

use crate::{case::Case, law::Law};

/// A law that was found broken, and the smallest case found that shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokenLaw {
    /// The law.
    pub law: Law,
    /// The seed whose case showed it, before that case was made smaller.
    pub seed: u64,
    /// The case, made smaller.
    pub case: Case,
    /// How many polls, wakes and drops into the case.
    pub step: usize,
    /// What was seen.
    pub message: String,
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, seed, case, step, message } = self;
        write!(f, "{law} ({}): {message}; {case}; step {step}, seed {seed}", law.text())
    }
}

impl Error for BrokenLaw {}
