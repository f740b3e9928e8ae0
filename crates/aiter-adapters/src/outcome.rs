use crate::sync::{AtomicUsize, Ordering};

/// How a source ended that a task or another fork drives.
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

const UNKNOWN: usize = 0;
const COMPLETED: usize = 1;
const CANCELLED: usize = 2;
const PANICKED: usize = 3;
const LAGGED: usize = 4;

/// An outcome that is set once, before the source's end is published.
#[derive(Debug)]
pub(crate) struct OutcomeCell(AtomicUsize);

impl OutcomeCell {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(UNKNOWN))
    }

    pub(crate) fn set(&self, outcome: TaskOutcome) {
        let value = match outcome {
            TaskOutcome::Completed => COMPLETED,
            TaskOutcome::Cancelled => CANCELLED,
            TaskOutcome::Panicked => PANICKED,
            TaskOutcome::Lagged => LAGGED,
        };
        // Relaxed: a reader has seen the published end, which synchronizes.
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<TaskOutcome> {
        // Relaxed: see `set`.
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => None,
            COMPLETED => Some(TaskOutcome::Completed),
            CANCELLED => Some(TaskOutcome::Cancelled),
            PANICKED => Some(TaskOutcome::Panicked),
            _ => Some(TaskOutcome::Lagged),
        }
    }
}
