//! The waker of a task that is polled by hand.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicBool, Ordering};

/// Records whether the task was woken.
#[derive(Debug, Default)]
pub(super) struct Task(AtomicBool);

impl Task {
    /// Returns `true` if the task was woken since the last call.
    pub(super) fn was_woken(&self) -> bool {
        // Acquire: synchronizes with `wake_by_ref`.
        self.0.swap(false, Ordering::Acquire)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
