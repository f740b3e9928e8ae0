//! The state that the owner of a ready queue and its nodes share.
//!
//! # Ordering policy
//! `idle` returns a cell from a notifier to the owner: Release in `ReadyEntry::push`, Acquire in
//! `Cell::is_idle`. See `ready_queue.rs` for `top`.

use core::{ptr::null_mut, task::Waker};

use alloc::boxed::Box;

use crate::{
    defer::Defer,
    sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell},
};

/// In `Shared::top`: the word is not a node number.
pub(super) const NO_NUMBER: usize = 1 << (usize::BITS - 1);
/// The value of `Shared::top` if no node is ready and the owner is running.
pub(super) const EMPTY: usize = usize::MAX;
/// In `Shared::top`, together with the index of a cell: no node is ready, and the owner sleeps.
pub(super) const SLEEPING: usize = NO_NUMBER;

/// A cell for one waker of the owner.
pub(super) struct Cell {
    pub(super) waker: UnsafeCell<Option<Waker>>,
    /// Set while neither `Shared::top` nor a notifier refers to the cell, so the owner may change
    /// it.
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
        // Acquire: partner of `ReadyEntry::push`, for the notifier's use of the waker.
        self.idle.load(Ordering::Acquire)
    }

    /// Returns `true` if the cell contains this waker.
    ///
    /// # Safety
    /// The caller is the owner of the queue.
    pub(super) unsafe fn will_wake(&self, waker: &Waker) -> bool {
        // SAFETY: only the owner writes to the waker, and the caller is the owner by contract.
        self.waker.with(|at| unsafe { &*at }.as_ref().is_some_and(|own| own.will_wake(waker)))
    }
}

/// The state that the owner and its nodes share.
pub(super) struct Shared {
    /// ```text
    ///  highest bit    other bits
    ///     +-----------+------------+
    ///     |     0     |   number   |  the number of the node on top of the stack
    ///     +-----------+------------+
    ///     | NO_NUMBER |  all ones  |  EMPTY: no node is ready, and the owner is running
    ///     +-----------+------------+
    ///     | NO_NUMBER | cell index |  SLEEPING: no node is ready; the cell contains the waker
    ///     +-----------+------------+
    /// ```
    pub(super) top: AtomicUsize,
    /// The first of the linked cells. Others exist only if a notifier was interrupted while it
    /// called a waker.
    pub(super) first: Cell,
}

// SAFETY: wakers are `Send`. `top` and `idle` hand each cell from one party to the next.
unsafe impl Send for Shared {}

// SAFETY: wakers are `Sync`, and only the owner changes a waker, while its cell is idle.
unsafe impl Sync for Shared {}

impl Shared {
    /// Returns the cells in the order of their indices. Reads only the links before each cell.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        // Not `successors`, which would also read the link after each cell.
        let mut last: Option<&Cell> = None;
        core::iter::from_fn(move || {
            last = match last {
                None => Some(&self.first),
                // Relaxed: either the owner itself has set the link, or the cell's index came with
                // it: Release in `ReadyQueue::set_sleeping`, Acquire in `ReadyEntry::push`.
                // SAFETY: the link is null, or a cell, which is freed with `self`.
                Some(cell) => Some(unsafe { cell.next.load(Ordering::Relaxed).as_ref() }?),
            };
            last
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Relaxed: `&mut self` excludes other parties.
        let mut next = self.first.next.load(Ordering::Relaxed);
        // Frees all cells, also if the drop of a waker panics.
        let free = Defer(|| {
            while !next.is_null() {
                // SAFETY: `ReadyQueue::idle_cell` made it from a box, and only this chain refers to
                // it.
                let cell = unsafe { Box::from_raw(next) };
                // Relaxed: `&mut self` excludes other parties.
                next = cell.next.load(Ordering::Relaxed);
            }
        });
        free.run();
    }
}
