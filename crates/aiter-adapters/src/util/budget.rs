//! The limit of the work in one poll.

/// Maximum number of steps without an item in one poll.
const MAX_STEPS: usize = 128;

/// The steps that are left to a poll. When it is spent, the poll wakes its own task and returns
/// `Pending`, so the executor can run other tasks.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MAX_STEPS)
    }

    /// Takes a step. Returns `false` if none is left.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    /// Returns `true` at every second step.
    pub(crate) fn is_even(&self) -> bool {
        self.0 % 2 == 0
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}
