//! How long a poll may go on without anything to show.

/// Steps without a result in one poll; after them the executor may run something else.
const STEPS: usize = 128;

/// What a poll may still do before it wakes its own task and answers `Pending`.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(STEPS)
    }

    /// Takes one step, if one is left.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }

    /// Returns `true` for every second step.
    pub(crate) fn is_even(&self) -> bool {
        self.0 % 2 == 0
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}
