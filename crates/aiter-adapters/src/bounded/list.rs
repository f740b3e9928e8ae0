//! What the handles of one bounded list share, and the place of one cursor in it.

use core::mem;

use aiter_core::{Pusher, WeakPusher};

use crate::{
    bounded::gate::{Gate, cell::Cell},
    sync::Arc,
    util::Finally,
};

/// What the handles of one list share.
pub(super) struct BoundedList<T> {
    pub(super) gate: Gate,
    /// For the handles that do not keep the list from ending.
    pub(super) pusher: WeakPusher<T>,
}

impl<T> BoundedList<T> {
    /// Stops the list. All wakers are called, also if one of them panics.
    pub(super) fn stop(&self, pusher: &Pusher<T>) {
        // Before the stop, so that no request is admitted after it.
        let wakers = self.gate.close();
        // User code: the wakers of the producers, and in `stop` those of the readers.
        let _wake = Finally(Some(wakers), |wakers| {
            if let Some(wakers) = wakers.take() {
                wakers.wake();
            }
        });
        pusher.stop();
    }

    /// Stops the list for a reader.
    pub(super) fn close(&self) {
        // Without a pusher, the list has stopped.
        if let Some(core) = self.pusher.upgrade() {
            self.stop(&core);
        }
    }
}

/// The place of a cursor at the gate. It is left on drop, which its owner does after the drop of
/// the cursor, so that the room of the items is returned last.
pub(super) struct Place<T> {
    pub(super) list: Arc<BoundedList<T>>,
    pub(super) cell: Arc<Cell>,
}

impl<T> Place<T> {
    /// Returns the room of `n` items that were read. Calls wakers.
    #[inline]
    pub(super) fn advance(&self, n: usize) {
        self.list.gate.advance(&self.cell, n);
    }

    /// Returns the room of a run of `n` items, which may be 0. Calls wakers.
    pub(super) fn advance_run(&self, n: usize) {
        if n > 0 {
            self.advance(n);
        }
    }

    /// Calls a read of a taker. If it panics, returns the room of the items that the takers have
    /// lost. Calls wakers.
    #[inline]
    pub(super) fn or_lost<S, R>(
        &self,
        taker: &mut S,
        take_lost: fn(&S) -> usize,
        read: impl FnOnce(&mut S) -> R,
    ) -> R {
        let taker = Finally(taker, |taker: &mut &mut S| self.advance_run(take_lost(taker)));
        let result = read(&mut *taker.0);
        mem::forget(taker);
        result
    }

    /// Makes a place at the same position, for a cursor that is made next.
    pub(super) fn fork(&self) -> Self {
        Self { list: self.list.clone(), cell: self.list.gate.fork(&self.cell) }
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.list.gate.leave(&self.cell);
    }
}
