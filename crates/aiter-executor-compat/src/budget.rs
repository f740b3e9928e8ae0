//! How a used-up cooperative budget is told from a stream that waits for something.
//!
//! An executor that gives its tasks a budget puts the waker of one that has used it up on a list,
//! and calls it when the task has returned. tokio's list takes a waker at every poll, unless the one
//! before was the same, and lets go of none before. A stream that waits for an event keeps the latest
//! waker only, as the contract of `Future::poll` has it, and lets go of an earlier one. So two wakers
//! in turn, each of them twice, tell the two apart: on the list each turn adds one reference to each,
//! and the repetition none.
//!
//! A list of waiters that is never cleared grows at the repetition, too; one that looks for the waker
//! in all of it stops growing after the first turn. What remains to be taken for a budget is a list
//! that compares with its last entry only, and that nobody has called for as long as this is asked.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::ops::ControlFlow;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

use crate::scope;

/// Turns of the two wakers.
const TURNS: usize = 4;

/// A waker whose holders can be counted.
pub(crate) struct Probe {
    waker: Waker,
    mark: Arc<Mark>,
}

/// Whoever calls it has done so before the next poll, which looks.
#[derive(Default)]
struct Mark {
    /// The thread that polls.
    thread: AtomicUsize,
    called_by_it: AtomicBool,
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Relaxed: only what this very thread has stored matters.
        if self.thread.load(Ordering::Relaxed) == scope::this_thread() {
            self.called_by_it.store(true, Ordering::Relaxed);
        }
    }
}

impl Probe {
    pub(crate) fn new() -> Self {
        let mark = Arc::new(Mark::default());
        Self { waker: Waker::from(Arc::clone(&mark)), mark }
    }

    /// Polls with it, and says whether the poll has called it.
    pub(crate) fn poll<T>(
        &self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> (Poll<T>, bool) {
        self.mark.thread.store(scope::this_thread(), Ordering::Relaxed);
        let polled = poll(&mut self.context());
        (polled, self.mark.called_by_it.swap(false, Ordering::Relaxed))
    }

    fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// How many others keep the waker.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.mark) - 2
    }
}

/// Polls some more and says whether a used-up budget is what the future waits for; it breaks with the
/// output if there is one after all. Afterwards the caller has to poll with its own waker again.
pub(crate) fn is_used_up<T>(
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> ControlFlow<T, bool> {
    let probes = [Probe::new(), Probe::new()];
    for turn in 1..=TURNS {
        for probe in &probes {
            for _ in 0..2 {
                if let Poll::Ready(output) = poll(&mut probe.context()) {
                    return ControlFlow::Break(output);
                }
                if probe.holders() != turn {
                    return ControlFlow::Continue(false);
                }
            }
        }
    }
    ControlFlow::Continue(true)
}
