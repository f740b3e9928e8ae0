//! Operations that take the items of a run: an exclusive cursor moves them out, a shared one
//! clones.

use core::mem::needs_drop;

use alloc::vec::Vec;

use crate::{
    defer::DeferWith,
    list::{
        List,
        block::Block,
        position::{EXCLUSIVE, RawCursor},
    },
};

/// An item that a shared cursor took under its lock.
pub(crate) enum Taken<T> {
    /// The item was moved out.
    Moved(T),
    /// The item stays in this slot, and the caller clones it. A count of the block comes with it.
    Borrowed(Block<T>, usize),
}

impl<T> RawCursor<T> {
    /// Takes the next item of the current run. May clone or drop items, so the caller holds no
    /// lock.
    ///
    /// # Panics
    /// Panics if `T::clone` or the drop of an item panics. The next item is then not taken.
    ///
    /// # Safety
    /// `fill` has returned `true` since the last item was taken.
    #[inline(always)]
    pub(crate) unsafe fn take(&mut self, list: &List<T>) -> T {
        debug_assert!(self.slot < self.ready);
        if self.is_exclusive() || self.try_become_exclusive() {
            // SAFETY: the run has an item, by contract, and the cursor is exclusive.
            return unsafe { self.take_exclusive() };
        }
        // SAFETY: the next item is ready, by contract. `fill` has skipped all items that were to be
        // skipped.
        unsafe { self.take_clone(list) }
    }

    /// Moves the next item of the current run out.
    ///
    /// # Safety
    /// The run has an item, and the cursor is exclusive.
    #[inline(always)]
    unsafe fn take_exclusive(&mut self) -> T {
        let slot = self.slot;
        self.slot += 1;
        // SAFETY: this cursor's count keeps the block alive. The slot is published and unread, and
        // the cursor is the only reader.
        unsafe { self.block.read(slot) }
    }

    /// Clones the next item, for a cursor that has just seen another reader.
    ///
    /// # Safety
    /// The next item is ready, and no item is to be skipped.
    #[inline(always)]
    unsafe fn take_clone(&mut self, list: &List<T>) -> T {
        // SAFETY: the slot is published. The position is not after the item, so the item stays.
        (list.clone_fn.expect())(unsafe { self.block.peek(self.slot) }, &mut self.slot)
    }

    /// Moves the next item out if the cursor is exclusive and the known run has an item. Accesses
    /// no shared word. Wait-free.
    #[inline(always)]
    pub(crate) fn take_known(&mut self) -> Option<T> {
        // SAFETY: the run has an item, and the cursor is exclusive.
        (self.slot < self.ready && self.is_exclusive()).then(|| unsafe { self.take_exclusive() })
    }

    /// Takes the next item of the current run without running user code.
    ///
    /// # Panics
    /// Panics as `Readers::acquire` does. The item is then not taken.
    ///
    /// # Safety
    /// `refill` has returned `Ready` since the last item was taken.
    pub(crate) unsafe fn take_or_borrow(&mut self) -> Taken<T> {
        if self.is_exclusive() {
            // SAFETY: the run has an item, by contract, and the cursor is exclusive.
            return Taken::Moved(unsafe { self.take_exclusive() });
        }
        // SAFETY: this cursor's count keeps the block alive.
        unsafe { self.block.header() }.readers.acquire();
        let slot = self.slot;
        self.slot += 1;
        Taken::Borrowed(self.block, slot)
    }

    /// Takes up to `max` items of the current run, appends them to `into` and returns their number.
    /// May clone or drop items, so the caller holds no lock.
    ///
    /// # Panics
    /// Panics if `T::clone` or the drop of an item panics, or if `into` cannot grow. The items that
    /// are not in `into` are then not taken.
    ///
    /// # Safety
    /// `fill` has returned `true` since the last item was taken.
    pub(crate) unsafe fn take_run(
        &mut self,
        list: &List<T>,
        into: &mut Vec<T>,
        max: usize,
    ) -> usize {
        let count = max.min(self.ready - self.slot);
        if self.is_exclusive() || self.try_become_exclusive() {
            // First, because it may panic.
            into.reserve(count);
            let from = self.slot;
            self.slot += count;
            // SAFETY: the slots are in the known run, so they are published and unread. The cursor
            // is the only reader, and its count keeps the block alive. `into` has room.
            unsafe { self.block.read_run(from, count, into) };
        } else {
            // SAFETY: `count` items are ready, and `fill` has skipped all items that were to be
            // skipped.
            unsafe { self.clone_run(list, into, count) };
        }
        count
    }

    /// Clones the next `count` items, for a cursor that has just seen another reader.
    ///
    /// # Safety
    /// The next `count` items are ready, and no item is to be skipped.
    #[inline(always)]
    unsafe fn clone_run(&mut self, list: &List<T>, into: &mut Vec<T>, count: usize) {
        let (from, before) = (self.slot, into.len());
        // Moves the cursor past the cloned items, even if a clone panics.
        let cloned = DeferWith(into, |into| self.slot += into.len() - before);
        let mut done = 0;
        while done < count {
            // SAFETY: the slots are published, and at least one is left. The position is not after
            // the items, so they stay.
            let items = unsafe { self.block.peek_run(from + done, count - done) };
            (list.clone_run.expect())(items, cloned.0);
            done += items.len();
        }
    }

    /// Takes up to `max` ready items if the cursor is shared. Loads the ready bits once, and once
    /// more for each block that it enters. Returns `false` if the cursor is exclusive, or may have
    /// become so: more items may then be ready.
    ///
    /// Does not use `fill` and `take_run`, because they would cost as much as the copy of a run.
    /// Clones and drops items, so the caller holds no lock.
    ///
    /// # Panics
    /// Panics as `advance_block` does, if `T::clone` or the drop of an item panics, or if `into`
    /// cannot grow. The items that are not in `into` are then not taken.
    pub(crate) fn take_shared(&mut self, list: &List<T>, into: &mut Vec<T>, max: usize) -> bool {
        if self.fast_clone.get().is_none() {
            return false;
        }
        let mut wanted = max;
        loop {
            // SAFETY: this cursor's count keeps the block alive.
            let header = unsafe { self.block.header() };
            let count = wanted.min(header.run_end(self.slot) - self.slot);
            if count > 0 {
                // The cursor may be exclusive by now. The slow path of the caller finds out.
                if header.readers.count() == 1 {
                    return false;
                }
                // SAFETY: the items are ready. `fast_clone` is set, so no item is to be skipped.
                unsafe { self.clone_run(list, into, count) };
                wanted -= count;
            }
            if wanted == 0 || self.slot != Block::<T>::CAP {
                return true;
            }
            if let Some(block) = self.advance_block_shared() {
                // SAFETY: the count belonged to this cursor, which has left the block.
                unsafe { list.release(block) };
            }
        }
    }

    /// Skips up to `max` ready items without a clone, and returns their number. Drops items that no
    /// other cursor reads, so the caller holds no lock.
    ///
    /// # Panics
    /// Panics as `advance_block` does, or if the drop of an item panics. If a drop panics, the
    /// position is after all items that this call skips in that run.
    pub(crate) fn skip_ready(&mut self, list: &List<T>, max: usize) -> usize {
        // SAFETY: `skip_with` gives the items to the closure.
        self.skip_with(list, max, |block, from, to| unsafe { block.drop_items(from, to) })
    }

    /// `skip_ready`, which moves the items that it would drop into `items` instead.
    pub(crate) fn skip_into(&mut self, list: &List<T>, max: usize, items: &mut Vec<T>) -> usize {
        self.skip_with(list, max, |block, from, to| {
            if needs_drop::<T>() {
                items.reserve(to - from);
                // SAFETY: `skip_with` gives the items to the closure, and the vector has room.
                unsafe { block.read_run(from, to - from, items) };
            }
        })
    }

    /// Skips up to `max` ready items. Calls `take` with each range of slots whose items no other
    /// cursor reads: they meet the contract of `Block::read`.
    fn skip_with(
        &mut self,
        list: &List<T>,
        max: usize,
        mut take: impl FnMut(Block<T>, usize, usize),
    ) -> usize {
        let mut left = max;
        // `fill` comes first, so that the cursor leaves a block that it has skipped to the end.
        while self.fill(list) && left > 0 {
            let is_exclusive = self.is_exclusive() || self.try_become_exclusive();
            let (block, from) = (self.block, self.slot);
            let count = left.min(self.ready - from);
            left -= count;
            self.slot += count;
            // The items are ready and unread, and the cursor is the only reader. Its position is
            // after them, so they are taken once.
            if is_exclusive {
                take(block, from, from + count);
            }
        }
        max - left
    }

    /// Skips up to `max` ready items of the current block, and returns their number. Passes the
    /// items that no other cursor reads to `take`. Runs no user code.
    ///
    /// Skips nothing if items before the position would have to be dropped.
    #[inline]
    pub(crate) fn skip_in_block(
        &mut self,
        list: &List<T>,
        max: usize,
        take: impl FnMut(T),
    ) -> usize {
        let slot = self.slot;
        // SAFETY: this cursor's count keeps the block alive.
        let header = unsafe { self.block.header() };
        let end = header.run_end(slot);
        let count = max.min(end - slot);
        if count == 0 || self.skip > 0 {
            return 0;
        }
        // Loaded after the ready bits, as in `refill`.
        match (header.readers.count() == 1, self.is_exclusive()) {
            (true, false) => {
                if needs_drop::<T>() && header.live_from() != slot {
                    return 0;
                }
                self.unpark(self.block);
                self.set_exclusive();
            }
            (false, true) => {
                header.set_live_from(slot);
                self.set_shared(&list.clone_fn);
            }
            _ => {}
        }
        (self.slot, self.ready) = (slot + count, end);
        if needs_drop::<T>() && self.is_exclusive() {
            // SAFETY: the count keeps the block alive. The slots are published and unread, and the
            // cursor is the only reader. Its position is after them, so each is read once.
            (slot..slot + count).map(|slot| unsafe { self.block.read(slot) }).for_each(take);
        }
        count
    }

    /// Takes the next item if one is ready: `fill` and `take` in one call. May clone or drop items,
    /// so the caller holds no lock.
    ///
    /// # Panics
    /// Panics as `fill` and `take` do.
    #[inline(always)]
    pub(crate) fn pop(&mut self, list: &List<T>) -> Option<T> {
        self.pop_fast().or_else(|| self.pop_slow(list))
    }

    /// `pop`, after a `pop_fast` that returned `None`.
    #[inline(never)]
    fn pop_slow(&mut self, list: &List<T>) -> Option<T> {
        if !self.fill(list) {
            self.give_back(list);
            return None;
        }
        // SAFETY: `fill` has returned `true`, and no item was taken since.
        Some(unsafe { self.take(list) })
    }

    /// Takes the next item if no call is needed for it. `None` does not tell that no item is ready.
    ///
    /// A shared cursor loads the ready bit of each item, because it loads the number of readers for
    /// each item as well. So it needs no run.
    #[inline(always)]
    pub(crate) fn pop_fast(&mut self) -> Option<T> {
        if self.mode() == EXCLUSIVE {
            let (block, slot) = (self.block, self.slot);
            return (slot < self.ready || self.fill_exclusive(slot) == Some(true)).then(|| {
                self.slot = slot + 1;
                // SAFETY: this cursor's count keeps the block alive. The slot is published and
                // unread, and the cursor is the only reader.
                unsafe { block.read(slot) }
            });
        }
        self.pop_fast_shared().flatten()
    }

    /// Takes the next item if the fast path for shared cursors is open. Returns `Some(None)` if no
    /// item is ready, and `None` if only the slow path can tell.
    #[inline(always)]
    pub(crate) fn pop_fast_shared(&mut self) -> Option<Option<T>> {
        let clone = self.fast_clone.get()?;
        let (block, slot) = (self.block, self.slot);
        // SAFETY: this cursor's count keeps the block alive.
        let header = unsafe { block.header() };
        if !header.is_ready(slot) {
            return if slot == Block::<T>::CAP { None } else { Some(None) };
        }
        // The cursor may be exclusive by now. The slow path checks it after the ready bits.
        if header.readers.count() == 1 {
            return None;
        }
        // SAFETY: the slot is published. The position is not after the item, so the item stays.
        Some(Some(clone(unsafe { block.peek(slot) }, &mut self.slot)))
    }
}
