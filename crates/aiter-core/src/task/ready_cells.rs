//! What the owner of a ready stack and its wakers share: the top of the stack, and the cells for the task's waker.

use alloc::boxed::Box;
use core::{ptr::null_mut, task::Waker};

use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell};

/// Set in the word if it is no number.
pub(super) const NO_NUMBER: usize = 1 << (usize::BITS - 1);
/// In the word: nobody is ready, and the owner is at work.
pub(super) const EMPTY: usize = usize::MAX;
/// In the word, with the index of a cell: nobody is ready, and the owner sleeps.
pub(super) const IDLE: usize = NO_NUMBER;

/// Where a waker lies.
pub(super) struct Cell {
    pub(super) waker: UnsafeCell<Option<Waker>>,
    /// Neither in the word nor with a notifier.
    pub(super) idle: AtomicBool,
    pub(super) next: AtomicPtr<Cell>,
}

impl Cell {
    pub(super) fn new() -> Self {
        Self {
            waker: UnsafeCell::new(None),
            idle: AtomicBool::new(true),
            next: AtomicPtr::new(null_mut()),
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        // Acquire: partner of `ReadyEntry::mark`, who is done with the waker.
        self.idle.load(Ordering::Acquire)
    }

    /// # Safety
    /// The caller is the owner, or was given the cell by the word and has not made it idle.
    pub(super) unsafe fn will_wake(&self, waker: &Waker) -> bool {
        // SAFETY: nobody writes to it but the owner while the cell is idle, and the owner is one.
        self.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|mine| mine.will_wake(waker)))
    }
}

pub(super) struct Shared {
    /// See the protocol.
    pub(super) top: AtomicUsize,
    /// The cells, linked: one, but for wakers that were called at an awkward moment.
    pub(super) first: Cell,
}

// SAFETY: a cell's waker is `Send` and `Sync`; it is handed from one to the other as the protocol says.
unsafe impl Send for Shared {}

// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The cells, in the order of their indices. To get a cell, only the links before it are read.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        // Not `successors`: it reads the link behind a cell together with the cell.
        let mut last: Option<&Cell> = None;
        core::iter::from_fn(move || {
            last = match last {
                None => Some(&self.first),
                // Relaxed: the owner has set the link, or it came with the cell's index: Release by
                // `ReadyQueue::set_idle`, Acquire by `ReadyEntry::mark`.
                // SAFETY: null, or a cell that lives as long as `self`.
                Some(cell) => Some(unsafe { cell.next.load(Ordering::Relaxed).as_ref() }?),
            };
            last
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        /// Frees the cells that are left, also if a waker's drop panics.
        struct Rest(*mut Cell);
        impl Rest {
            fn run(&mut self) {
                while !self.0.is_null() {
                    // SAFETY: `idle_cell` made it from a box, and only this chain knows it.
                    let cell = unsafe { Box::from_raw(self.0) };
                    // Relaxed: no other party is left.
                    self.0 = cell.next.load(Ordering::Relaxed);
                }
            }
        }
        impl Drop for Rest {
            fn drop(&mut self) {
                self.run();
            }
        }
        // Relaxed: no other party is left.
        Rest(self.first.next.load(Ordering::Relaxed)).run();
    }
}
