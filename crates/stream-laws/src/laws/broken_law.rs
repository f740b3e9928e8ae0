use alloc::string::String;
use core::{error::Error, fmt};

use crate::{case::Case, law::Law};

/// A broken law, with the smallest case found that breaks it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokenLaw {
    /// The law.
    pub law: Law,
    /// The seed of the case before it was shrunk.
    pub seed: u64,
    /// The shrunk case.
    pub case: Case,
    /// The number of polls, wakes, side effects and drops before the law was broken.
    pub step: usize,
    /// A description of what the driver observed.
    pub message: String,
}

impl fmt::Display for BrokenLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { law, seed, case, step, message } = self;
        write!(f, "{law} ({}): {message}; {case}; step {step}, seed {seed}", law.text())
    }
}

impl Error for BrokenLaw {}
