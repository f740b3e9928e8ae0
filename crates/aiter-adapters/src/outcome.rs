use crate::sync::{AtomicUsize, Ordering};

/// How a source that somebody else drives came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It ended.
    Completed,
    /// It was dropped before its end.
    Cancelled,
    /// It panicked.
    Panicked,
    /// It goes on, but this reader of it fell behind and was put out: see [`Lag::Error`](crate::Lag).
    Lagged,
}

const UNKNOWN: usize = 0;
const COMPLETED: usize = 1;
const CANCELLED: usize = 2;
const PANICKED: usize = 3;
const LAGGED: usize = 4;

/// An outcome that one party sets, once, and any party reads.
#[derive(Debug)]
pub(crate) struct OutcomeCell(AtomicUsize);

impl OutcomeCell {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(UNKNOWN))
    }

    pub(crate) fn set(&self, outcome: Outcome) {
        let value = match outcome {
            Outcome::Completed => COMPLETED,
            Outcome::Cancelled => CANCELLED,
            Outcome::Panicked => PANICKED,
            Outcome::Lagged => LAGGED,
        };
        // Relaxed: set before the list is stopped, and meaningful once that is seen.
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<Outcome> {
        // Relaxed: as above.
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => None,
            COMPLETED => Some(Outcome::Completed),
            CANCELLED => Some(Outcome::Cancelled),
            PANICKED => Some(Outcome::Panicked),
            _ => Some(Outcome::Lagged),
        }
    }
}
