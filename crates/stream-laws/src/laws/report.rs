use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{broken_law::BrokenLaw, env};
use crate::law::Law;

/// The result of a run of [`Laws`](crate::Laws).
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use stream_laws::{Laws, Relation};
///
/// let report = Laws::of("map", |source| source.map(Some))
///     .expect(Relation::Same)
///     .cases(100)
///     .run();
/// println!("{}: {} cases", report.name(), report.cases());
/// for broken in report.broken() {
///     println!("{broken}");
/// }
/// for (law, reason) in report.excepted() {
///     println!("{law} was not checked: {reason}");
/// }
/// report.assert();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a report does nothing unless it is asserted or read"]
pub struct Report {
    pub(crate) name: String,
    pub(crate) cases: usize,
    pub(crate) broken: Vec<BrokenLaw>,
    pub(crate) excepted: Vec<(Law, &'static str)>,
}

impl Report {
    /// Returns the name of the adapter.
    ///
    /// # Examples
    /// See the example of [`Report`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of cases that were run.
    ///
    /// # Examples
    /// See the example of [`Report`].
    pub fn cases(&self) -> usize {
        self.cases
    }

    /// Returns the broken laws in order, each with its smallest case.
    ///
    /// # Examples
    /// See the example of [`Report`].
    pub fn broken(&self) -> &[BrokenLaw] {
        &self.broken
    }

    /// Returns the laws that were not checked, with the reasons.
    ///
    /// # Examples
    /// See the example of [`Report`].
    pub fn excepted(&self) -> &[(Law, &'static str)] {
        &self.excepted
    }

    /// Asserts that no law was broken.
    ///
    /// # Panics
    /// Panics if a law was broken. The message contains the broken laws and the variable that runs
    /// the case again.
    ///
    /// # Examples
    /// See the example of [`Report`].
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
            write!(f, "\n  {law} not checked: {reason}")?;
        }
        for broken in broken {
            write!(f, "\n  {broken}")?;
        }
        if let Some(first) = broken.first() {
            let replay = env::replay_assignment(name, first.seed);
            write!(f, "\n  {replay} runs that case only")?;
        }
        Ok(())
    }
}
