//! How a cursor takes the items of a run: moves them out, or clones them.

use alloc::vec::Vec;

use crate::list::{
    List,
    block::Block,
    position::{EXCLUSIVE, RawCursor, Taken},
};

impl<T> RawCursor<T> {
    /// Takes the next item of the current run.
    ///
    /// # Safety
    /// `fill` has returned true since the last item was taken.
    #[inline(always)]
    pub(crate) unsafe fn take(&mut self, list: &List<T>) -> T {
        debug_assert!(self.slot < self.ready);
        if self.is_exclusive() || self.becomes_exclusive() {
            // SAFETY: by contract, and ours alone.
            return unsafe { self.take_exclusive() };
        }
        // SAFETY: by contract.
        unsafe { self.take_clone(list) }
    }

    /// Moves the next item of the current run out.
    ///
    /// # Safety
    /// There is one, and the cursor is alone.
    #[inline(always)]
    unsafe fn take_exclusive(&mut self) -> T {
        let slot = self.slot;
        self.slot += 1;
        // SAFETY: ready, unread, and ours alone.
        unsafe { self.block.read(slot) }
    }

    /// Takes the next item, for a cursor that has just seen another reader.
    ///
    /// # Safety
    /// The item is ready, and none is to be stepped over.
    #[inline(always)]
    unsafe fn take_clone(&mut self, list: &List<T>) -> T {
        // SAFETY: ready; our position keeps it in place.
        (list.clone_fn.expect())(unsafe { self.block.peek(self.slot) }, &mut self.slot)
    }

    /// The next item, if it is known to be ready and to be moved out. Looks at nothing but this position.
    #[inline(always)]
    pub(crate) fn take_known(&mut self) -> Option<T> {
        // SAFETY: in the run, and ours alone.
        (self.slot < self.ready && self.is_exclusive()).then(|| unsafe { self.take_exclusive() })
    }

    /// Takes the next item of the current run without running user code.
    ///
    /// # Panics
    /// As `Readers::join`; the item is then still to be read.
    ///
    /// # Safety
    /// `refill` has returned `Ready` since the last item was taken.
    pub(crate) unsafe fn take_or_hold(&mut self) -> Taken<T> {
        if self.is_exclusive() {
            // SAFETY: by contract, and ours alone.
            return Taken::Moved(unsafe { self.take_exclusive() });
        }
        // SAFETY: our count keeps the block alive.
        unsafe { self.block.header() }.readers.acquire();
        let slot = self.slot;
        self.slot += 1;
        Taken::Held(self.block, slot)
    }

    /// Takes up to `max` items of the current run.
    ///
    /// # Safety
    /// As `take`.
    pub(crate) unsafe fn take_run(
        &mut self,
        list: &List<T>,
        into: &mut Vec<T>,
        max: usize,
    ) -> usize {
        let count = max.min(self.ready - self.slot);
        if self.is_exclusive() || self.becomes_exclusive() {
            // Before anything is moved: it may panic.
            into.reserve(count);
            let from = self.slot;
            self.slot += count;
            // SAFETY: as in `take`. Room was made.
            unsafe { self.block.read_run(from, count, into) };
        } else {
            // SAFETY: as in `take`.
            unsafe { self.clone_run(list, into, count) };
        }
        count
    }

    /// Clones the next items, for a cursor that has just seen another reader.
    ///
    /// # Safety
    /// So many are ready, and none is to be stepped over.
    #[inline(always)]
    unsafe fn clone_run(&mut self, list: &List<T>, into: &mut Vec<T>, count: usize) {
        /// Moves the cursor past what was cloned, also if a clone panics.
        struct Cloned<'a, T> {
            slot: &'a mut usize,
            before: usize,
            into: &'a mut Vec<T>,
        }
        impl<T> Drop for Cloned<'_, T> {
            fn drop(&mut self) {
                *self.slot += self.into.len() - self.before;
            }
        }
        let (from, before) = (self.slot, into.len());
        let cloned = Cloned { slot: &mut self.slot, before, into };
        let mut done = 0;
        while done < count {
            // SAFETY: ready; our position keeps them in place.
            let items = unsafe { self.block.peek_run(from + done, count - done) };
            (list.clone_run.expect())(items, cloned.into);
            done += items.len();
        }
    }

    /// Takes up to `max` of the items that are ready, if this cursor is among others: what one look shows, and one more
    /// for each block that it goes on to. False if it is not, or no longer: then there may be more to take.
    ///
    /// By itself, as in steps, through `fill` and `take_run`, a run would cost as much as the copy of all its items. Items
    /// are cloned and dropped here: no lock may be held.
    ///
    /// # Panics
    /// As `advance_block`, or if `T::clone` does or there is no room; the item at hand is then still to be read.
    pub(crate) fn take_shared(&mut self, list: &List<T>, into: &mut Vec<T>, max: usize) -> bool {
        if self.among.get().is_none() {
            return false;
        }
        let mut wanted = max;
        loop {
            // SAFETY: our count keeps the block alive.
            let header = unsafe { self.block.header() };
            let count = wanted.min(header.run_end(self.slot) - self.slot);
            if count > 0 {
                // As in `pop_fast_if_ready`.
                if header.readers.count() == 1 {
                    return false;
                }
                // SAFETY: ready; `among` says that there is nothing to step over.
                unsafe { self.clone_run(list, into, count) };
                wanted -= count;
            }
            if wanted == 0 || self.slot != Block::<T>::CAP {
                return true;
            }
            if let Some(block) = self.advance_block_shared() {
                // SAFETY: the count is this cursor's, which has gone on.
                unsafe { list.release(block) };
            }
        }
    }

    /// Steps over up to `max` items that are ready, clones none, and returns how many. Items that no
    /// other cursor reads are dropped here: no lock may be held.
    ///
    /// # Panics
    /// As `advance_block`, or if an item's drop does. The cursor is then behind the run of that item.
    pub(crate) fn skip_ready(&mut self, list: &List<T>, max: usize) -> usize {
        let mut left = max;
        // In this order, so that it leaves a block that it has skipped to the end.
        while self.fill(list) && left > 0 {
            let is_exclusive = self.is_exclusive() || self.becomes_exclusive();
            let (block, from) = (self.block, self.slot);
            let count = left.min(self.ready - from);
            left -= count;
            self.slot += count;
            if is_exclusive {
                // SAFETY: ready, unread, ours alone, and the position is behind them.
                unsafe { block.drop_items(from, from + count) };
            }
        }
        max - left
    }

    /// The next item, if there is one: `fill` and `take` in one.
    #[inline(always)]
    pub(crate) fn pop(&mut self, list: &List<T>) -> Option<T> {
        self.pop_fast().or_else(|| self.pop_slow(list))
    }

    /// `pop`, for one that had no answer at once.
    #[inline(never)]
    fn pop_slow(&mut self, list: &List<T>) -> Option<T> {
        if !self.fill(list) {
            self.give_back(list);
            return None;
        }
        // SAFETY: just filled.
        Some(unsafe { self.take(list) })
    }

    /// The next item, if it is to be had without a call. `None` is no answer.
    ///
    /// A cursor among others looks at the list for each item, as it has to ask whether it still is
    /// among others; so it needs no run.
    #[inline(always)]
    pub(crate) fn pop_fast(&mut self) -> Option<T> {
        if self.mode() == EXCLUSIVE {
            let (block, slot) = (self.block, self.slot);
            return (slot < self.ready || self.fill_exclusive(slot) == Some(true)).then(|| {
                self.slot = slot + 1;
                // SAFETY: ready, unread, and ours alone.
                unsafe { block.read(slot) }
            });
        }
        self.pop_fast_if_ready().flatten()
    }

    /// The next item, or that there is none, if that is to be had in the shortest way.
    #[inline(always)]
    pub(crate) fn pop_fast_if_ready(&mut self) -> Option<Option<T>> {
        let clone = self.among.get()?;
        let (block, slot) = (self.block, self.slot);
        // SAFETY: our count keeps the block alive.
        let header = unsafe { block.header() };
        if !header.is_ready(slot) {
            return if slot == Block::<T>::CAP { None } else { Some(None) };
        }
        // Whether it may be time to move: the steps ask again, in the order that this takes.
        if header.readers.count() == 1 {
            return None;
        }
        // SAFETY: ready and unread; our position keeps it in place.
        Some(Some(clone(unsafe { block.peek(slot) }, &mut self.slot)))
    }
}
