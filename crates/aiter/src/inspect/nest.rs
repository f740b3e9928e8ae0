//! Which row feeds which: a poll inside a poll, and a push inside a poll.
//!
//! Each thread knows the row whose stream it polls. A stream that is polled meanwhile feeds that
//! row, and a list that is pushed to is fed by it. The edges are kept by row, so their number does
//! not grow with the number of handles.

use alloc::vec::Vec;
use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::{sync::Mutex, thread_local};

use crate::inspect::lock::lock;

/// Not the id of any row.
const NONE: usize = 0;

thread_local! {
    /// The row whose stream this thread polls.
    static CURRENT: Cell<usize> = const { Cell::new(NONE) };
}

/// Returns the id of a new row, which no other row of the process has.
pub(super) fn new_id() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(NONE + 1);
    // Relaxed: only a number.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Returns the row whose stream this thread polls.
pub(super) fn current() -> Option<usize> {
    // The destructor of another thread-local may run later than that of this one.
    let current = CURRENT.try_with(Cell::get).unwrap_or(NONE);
    (current != NONE).then_some(current)
}

/// A poll of a stream of one row. Its end restores the row around it, also after a panic.
pub(super) struct Nested {
    outer: usize,
}

impl Nested {
    pub(super) fn enter(id: usize) -> Self {
        Self { outer: CURRENT.try_with(|current| current.replace(id)).unwrap_or(NONE) }
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.outer));
    }
}

/// The rows at the other ends of the edges of one row.
pub(super) struct Edges {
    /// The row that was added last. Most rows have one.
    last: AtomicUsize,
    all: Mutex<Vec<usize>>,
}

impl Edges {
    pub(super) const fn new() -> Self {
        Self { last: AtomicUsize::new(NONE), all: Mutex::new(Vec::new()) }
    }

    /// Adds a row. Does nothing if it is known.
    #[inline]
    pub(super) fn add(&self, id: usize) {
        // Relaxed, here and below: only a hint. The lock orders the rest.
        if self.last.load(Ordering::Relaxed) != id {
            self.add_slow(id);
        }
    }

    #[cold]
    fn add_slow(&self, id: usize) {
        let mut all = lock(&self.all);
        if !all.contains(&id) {
            all.push(id);
        }
        self.last.store(id, Ordering::Relaxed);
    }

    pub(super) fn all(&self) -> Vec<usize> {
        lock(&self.all).clone()
    }
}
