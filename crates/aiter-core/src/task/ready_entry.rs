//! The entry of one node in a ready queue.
//!
//! # Ordering policy
//! `push` publishes the entry's link to `ReadyQueue::take` with Release. It acquires the owner's
//! waker from `ReadyQueue::set_sleeping`, and returns the waker's cell with Release.

use crate::{
    defer::Defer,
    sync::{Arc, AtomicUsize, Ordering},
    task::{
        ready_cells::{EMPTY, NO_NUMBER, SLEEPING, Shared},
        ready_queue::ReadyQueue,
    },
};

/// A node's number, and its link in the stack of ready numbers.
pub(crate) struct ReadyEntry {
    shared: Arc<Shared>,
    number: usize,
    next: AtomicUsize,
}

impl ReadyEntry {
    pub(super) fn new(queue: &ReadyQueue, number: usize) -> Self {
        Self { shared: queue.shared.clone(), number, next: AtomicUsize::new(ReadyQueue::NONE) }
    }

    /// Pushes the number onto the stack. If the owner sleeps, wakes its task.
    ///
    /// Must not be called again before the owner has taken the number and read `next`. A number
    /// that is on the stack twice makes a cycle, which the owner would follow forever.
    ///
    /// Lock-free; neither allocates nor frees. If the task's waker panics, the number is still on
    /// the stack.
    pub(crate) fn push(&self) {
        let top = &self.shared.top;
        // Release: partner of `ReadyQueue::take`, for the link. Acquire: partner of
        // `ReadyQueue::set_sleeping`, for the waker. Relaxed: a guess. The exchange decides.
        let (Ok(word) | Err(word)) =
            top.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
                let next = if word & NO_NUMBER == 0 { word } else { ReadyQueue::NONE };
                // Relaxed: the exchange publishes it.
                self.next.store(next, Ordering::Relaxed);
                Some(self.number)
            });
        if word & NO_NUMBER == 0 || word == EMPTY {
            return;
        }
        if let Some(cell) = self.shared.cells().nth(word & !SLEEPING) {
            // Release: partner of `Cell::is_idle`, for the use of the waker. Runs also if the waker
            // panics.
            let _idle = Defer(|| cell.idle.store(true, Ordering::Release));
            cell.waker.with(|at| {
                // SAFETY: the exchange took the cell out of the word, so the owner does not write
                // to the waker until the cell is idle.
                if let Some(waker) = unsafe { &*at } {
                    waker.wake_by_ref();
                }
            });
        }
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Returns the number below this one on the stack that it was taken with, or
    /// [`ReadyQueue::NONE`].
    pub(crate) fn next(&self) -> usize {
        // Relaxed: `ReadyQueue::take` synchronizes with `push`.
        self.next.load(Ordering::Relaxed)
    }
}
