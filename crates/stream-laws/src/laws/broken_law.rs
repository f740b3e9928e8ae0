use alloc::string::String;
use core::{error::Error, fmt};

use crate::{case::Case, law::Law};

/// A broken law, with the smallest case found that breaks it.
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use stream_laws::{Law, Laws, Relation};
///
/// let laws = Laws::of("skip", |source| source.skip(1)).expect(Relation::Same);
/// let broken = laws.check().expect_err("`skip` loses an item");
/// assert_eq!(broken.law, Law::Items);
/// assert_eq!(broken.case.to_string(), "`o|`");
/// assert_eq!(broken.message, "[0.0] became []");
/// ```
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
