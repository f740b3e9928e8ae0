use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{broken_law::BrokenLaw, env};
use crate::law::Law;

/// What a run of [`Laws`](crate::Laws) found.
#[derive(Clone, Debug)]
#[must_use = "a report that nobody looks at checks nothing"]
pub struct Report {
    pub(crate) name: String,
    pub(crate) cases: usize,
    pub(crate) broken: Vec<BrokenLaw>,
    pub(crate) excepted: Vec<(Law, &'static str)>,
}

impl Report {
    /// The adapter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many cases were run.
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// The laws that were found broken, in order, each with a small case that shows it.
    pub fn broken(&self) -> &[BrokenLaw] {
        &self.broken
    }

    /// The laws that were not looked at, with the reasons given.
    pub fn excepted(&self) -> &[(Law, &'static str)] {
        &self.excepted
    }

    /// Does nothing if every law held.
    ///
    /// # Panics
    ///
    /// When a law was broken, with all that were broken and how to see it again.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.broken.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, cases, broken, excepted } = self;
        if broken.is_empty() {
            write!(f, "{name}: {cases} cases, no law broken")?;
        } else {
            let laws: Vec<String> = broken.iter().map(|broken| broken.law.to_string()).collect();
            write!(f, "{name}: {cases} cases, broken: {}", laws.join(", "))?;
        }
        for (law, reason) in excepted {
            write!(f, "\n  {law} not looked at: {reason}")?;
        }
        for broken in broken {
            write!(f, "\n  {broken}")?;
        }
        if let Some(first) = broken.first() {
            let again = env::assignment(name, first.seed);
            write!(f, "\n  {again} runs the case of that seed alone")?;
        }
        Ok(())
    }
}
