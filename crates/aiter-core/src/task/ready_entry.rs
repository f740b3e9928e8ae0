//! The place of one node on a ready stack.

use crate::{
    sync::{Arc, AtomicUsize, Ordering, retry_hint},
    task::{
        ready_cells::{Cell, EMPTY, IDLE, NO_NUMBER, Shared},
        ready_queue::ReadyQueue,
    },
};

/// One of those that may get ready.
pub(crate) struct ReadyEntry {
    shared: Arc<Shared>,
    number: usize,
    below: AtomicUsize,
}

impl ReadyEntry {
    pub(super) fn new(stack: &ReadyQueue, number: usize) -> Self {
        Self { shared: stack.shared.clone(), number, below: AtomicUsize::new(ReadyQueue::NONE) }
    }

    /// Puts its number onto the stack, and wakes the task if it sleeps.
    ///
    /// To be called again only when the number has been taken, and its `below` read: a number
    /// that is on the stack twice makes a knot of it, which the owner would follow for ever.
    ///
    /// Lock-free; neither allocates nor frees. If the task's waker panics, the number is on the stack all the same.
    pub(crate) fn mark(&self) {
        /// Gives the cell back whether or not the waker panics.
        struct GiveBack<'a>(&'a Cell);
        impl Drop for GiveBack<'_> {
            fn drop(&mut self) {
                // Release: partner of `Cell::is_idle`, for our use of the waker.
                self.0.idle.store(true, Ordering::Release);
            }
        }
        let top = &self.shared.top;
        // Relaxed: only the word counts.
        let mut word = top.load(Ordering::Relaxed);
        loop {
            let below = if word & NO_NUMBER == 0 { word } else { ReadyQueue::NONE };
            // Relaxed: published by the exchange.
            self.below.store(below, Ordering::Relaxed);
            // Release: partner of `take`, for the link. Acquire: of `set_idle`, for the waker.
            match top.compare_exchange_weak(word, self.number, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => break,
                Err(now) => word = now,
            }
            retry_hint();
        }
        if word & NO_NUMBER == 0 || word == EMPTY {
            return;
        }
        if let Some(cell) = self.shared.cells().nth(word & !IDLE) {
            let cell = GiveBack(cell);
            cell.0.waker.with(|at| {
                // SAFETY: the word gave us the cell: nobody writes to it before it is idle.
                if let Some(waker) = unsafe { &*at } {
                    waker.wake_by_ref();
                }
            });
        }
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Who was below it on the stack that it was taken with, or [`ReadyQueue::NONE`].
    pub(crate) fn next(&self) -> usize {
        // Relaxed: came with `ReadyQueue::take`.
        self.below.load(Ordering::Relaxed)
    }
}
