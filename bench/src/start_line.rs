//! A barrier before the clock starts.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// A barrier that threads leave together, because they spin and no thread has to wake another.
#[derive(Debug)]
pub(crate) struct StartLine {
    others: usize,
    arrived: AtomicUsize,
}

impl StartLine {
    /// Makes a barrier for the thread that starts the clock and `others` more.
    pub(crate) fn with_others(others: usize) -> Self {
        Self { others, arrived: AtomicUsize::new(0) }
    }

    /// Waits for the clock to start.
    pub(crate) fn wait(&self) {
        // AcqRel: what this thread did before happens before the others go on.
        self.arrived.fetch_add(1, Ordering::AcqRel);
        self.wait_for(self.others + 1);
    }

    /// Waits for the other threads, reads the clock and releases them.
    pub(crate) fn start(&self) -> Instant {
        self.wait_for(self.others);
        let start = Instant::now();
        // AcqRel: see `wait`.
        self.arrived.fetch_add(1, Ordering::AcqRel);
        start
    }

    fn wait_for(&self, arrived: usize) {
        // Acquire: synchronizes with the additions in `wait` and `start`.
        while self.arrived.load(Ordering::Acquire) < arrived {
            // With fewer cores than threads, the other threads need this core.
            thread::yield_now();
        }
    }
}
