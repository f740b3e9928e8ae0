use crate::sync::{AtomicUsize, Ordering};

/// How a source ended that a task or another fork drives.
///
/// # Examples
/// See the example of [`active`](crate::AiterExt::active).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskOutcome {
    /// The source ended.
    Completed,
    /// The source was dropped before its end.
    Cancelled,
    /// The source panicked.
    Panicked,
    /// The source continues, but this fork lagged and was removed; see
    /// [`LagPolicy::Error`](crate::LagPolicy).
    Lagged,
}

/// The value of an unset cell; each other value is a discriminant of `TaskOutcome`.
const UNKNOWN: usize = usize::MAX;

/// An outcome that is set once, before the source's end is published.
#[derive(Debug)]
pub(crate) struct OutcomeCell(AtomicUsize);

impl OutcomeCell {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(UNKNOWN))
    }

    pub(crate) fn set(&self, outcome: TaskOutcome) {
        // Relaxed: a reader has seen the published end, which synchronizes.
        self.0.store(outcome as usize, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<TaskOutcome> {
        use TaskOutcome::{Cancelled, Completed, Lagged, Panicked};
        // Relaxed: see `set`.
        let value = self.0.load(Ordering::Relaxed);
        let all = [Completed, Cancelled, Panicked, Lagged];
        all.into_iter().find(|outcome| *outcome as usize == value)
    }
}
