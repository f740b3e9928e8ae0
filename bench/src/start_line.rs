//! Where threads wait for each other before the clock starts.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// Threads leave it together, without one having to wake another.
#[derive(Debug)]
pub(crate) struct StartLine {
    others: usize,
    arrived: AtomicUsize,
}

impl StartLine {
    /// A line for the thread that starts the clock and that many others.
    pub(crate) fn with_others(others: usize) -> Self {
        Self { others, arrived: AtomicUsize::new(0) }
    }

    /// Waits for the clock to start.
    pub(crate) fn wait(&self) {
        // AcqRel: what this thread did before is done when the others go on.
        self.arrived.fetch_add(1, Ordering::AcqRel);
        self.wait_for(self.others + 1);
    }

    /// Waits for the others, reads the clock and lets them go.
    pub(crate) fn start(&self) -> Instant {
        self.wait_for(self.others);
        let start = Instant::now();
        // AcqRel: as in `wait`.
        self.arrived.fetch_add(1, Ordering::AcqRel);
        start
    }

    fn wait_for(&self, arrived: usize) {
        // Acquire: partner of the additions.
        while self.arrived.load(Ordering::Acquire) < arrived {
            // With fewer cores than threads, the others need this one's time.
            thread::yield_now();
        }
    }
}
