//! The movement of a position: to the next run of ready slots, and to the next block.

use core::mem::needs_drop;

use crate::list::{List, block::Block, position::RawCursor, readers::Outcome};

/// The result of `refill`.
pub(crate) enum Refill<T> {
    /// At least one item is ready in the current run.
    Ready,
    /// No item is ready.
    Empty,
    /// The cursor has left this block for the next one. The caller releases the cursor's count of
    /// this block, with no lock held, and then calls `refill` again.
    Left(Block<T>),
}

impl<T> RawCursor<T> {
    /// Returns `true` if the current run has an item. If the run is read, finds the next one first.
    /// May drop items of other blocks, so the caller holds no lock.
    ///
    /// # Panics
    /// Panics as `advance_block` does, or if the drop of an item panics.
    #[inline(always)]
    pub(crate) fn fill(&mut self, list: &List<T>) -> bool {
        self.slot < self.ready || self.fill_slow(list)
    }

    #[inline]
    fn fill_slow(&mut self, list: &List<T>) -> bool {
        let known = if self.is_exclusive() { self.fill_exclusive(self.slot) } else { None };
        known.unwrap_or_else(|| self.refill_and_release(list))
    }

    /// Finds the run that begins at `slot`, for an exclusive cursor at that slot. Returns whether
    /// the run has an item, or `None` if only `refill` can tell.
    ///
    /// Handles the common case without a call and without a change of mode.
    #[inline(always)]
    pub(super) fn fill_exclusive(&mut self, slot: usize) -> Option<bool> {
        if slot == Block::<T>::CAP {
            return None;
        }
        // SAFETY: this cursor's count keeps the block alive.
        let header = unsafe { self.block.header() };
        let end = header.run_end(slot);
        if end == slot {
            return Some(false);
        }
        // Loaded after the ready bits, as in `refill_slow`.
        if header.readers.count() != 1 {
            return None;
        }
        self.ready = end;
        Some(true)
    }

    #[inline(never)]
    fn refill_and_release(&mut self, list: &List<T>) -> bool {
        loop {
            match self.refill(list) {
                Refill::Ready => return true,
                Refill::Empty => return false,
                // SAFETY: the count belonged to this cursor, which has left the block.
                Refill::Left(block) => unsafe { list.release(block) },
            }
        }
    }

    /// Finds the next run if the current one is read. Runs no user code. Lock-free, and wait-free
    /// inside a run.
    ///
    /// # Panics
    /// Panics as `advance_block` does.
    #[inline(always)]
    pub(crate) fn refill(&mut self, list: &List<T>) -> Refill<T> {
        if self.slot < self.ready { Refill::Ready } else { self.refill_slow(list) }
    }

    #[inline(never)]
    fn refill_slow(&mut self, list: &List<T>) -> Refill<T> {
        loop {
            if self.slot < self.ready {
                return Refill::Ready;
            }
            if self.slot == Block::<T>::CAP {
                match self.advance_block(list) {
                    Some(left) => return Refill::Left(left),
                    None => continue,
                }
            }
            // SAFETY: this cursor's count keeps the block alive.
            let header = unsafe { self.block.header() };
            let end = header.run_end(self.slot);
            if end == self.slot {
                return Refill::Empty;
            }
            // Loaded after the ready bits. A cursor that entered before these slots were published
            // is then counted.
            let only_reader = header.readers.count() == 1;
            if self.is_exclusive() && !only_reader {
                header.set_live_from(self.slot);
                self.set_shared(&list.clone_fn);
            }
            self.ready = end;
            let step = self.skip.min(end - self.slot);
            self.slot += step;
            self.skip -= step;
            // Becomes exclusive only if no item before the slot is live. The cursor would have to
            // drop that item, but this function runs no user code.
            let none_before = || !needs_drop::<T>() || header.live_from() == self.slot;
            if !self.is_exclusive() && only_reader && self.skip == 0 && none_before() {
                self.unpark(self.block);
                self.set_exclusive();
            } else if !self.is_exclusive() {
                self.set_shared(&list.clone_fn);
            }
        }
    }

    /// Moves to the next block. Returns the old block if the caller must release its count.
    ///
    /// # Panics
    /// Panics as `Readers::acquire` does. The cursor has not moved then.
    fn advance_block(&mut self, list: &List<T>) -> Option<Block<T>> {
        if self.is_exclusive() {
            let (left, next) = (self.block, self.next_block());
            // SAFETY: this cursor's count keeps the block alive.
            let header = unsafe { left.header() };
            // The tail has left this block, so only a pinned `enter` can still add a reader. The
            // pins are loaded before the count, so a cursor that entered and then unpinned is
            // counted.
            let only_reader = if list.is_pinned() {
                header.readers.release_if_unique()
            } else {
                header.readers.count() == 1
            };
            if only_reader {
                self.parked = 0;
                self.enter_block(next);
                // SAFETY: this cursor was the only reader, so it owns `left` exclusively. All items
                // of `left` were moved out. The link's count of `next` is now the count of this
                // cursor.
                unsafe { list.retire(left, next) };
                return None;
            }
            header.set_live_from(Block::<T>::CAP);
            self.set_shared(&list.clone_fn);
        }
        self.advance_block_shared()
    }

    /// Returns the block after this one, which is complete.
    fn next_block(&self) -> Block<T> {
        // SAFETY: this cursor's count keeps the block alive.
        unsafe { self.block.next() }.expect("a complete block has a next one")
    }

    /// `advance_block` for a shared cursor: acquires a count of the next block, then releases one
    /// of this block.
    ///
    /// Unless the cursor has parked, the two read-modify-writes follow each other directly. The
    /// second would wait for stores in between.
    ///
    /// # Panics
    /// Panics as `advance_block` does.
    #[inline(always)]
    pub(super) fn advance_block_shared(&mut self) -> Option<Block<T>> {
        let (left, next) = (self.block, self.next_block());
        // First, because it may panic.
        // SAFETY: this cursor's count keeps `left` alive, and the count of its link keeps `next`.
        unsafe { next.header() }.readers.acquire();
        self.unpark(left);
        // Releases the count in the common case only. If it is the last count, or all other readers
        // have parked, items must be dropped, which the caller does.
        // SAFETY: this cursor's count keeps the block alive until the call takes it.
        let header = unsafe { left.header() };
        let leave = header.readers.release_if_shared(|| header.live_from());
        self.enter_block(next);
        if let Outcome::Released = leave { None } else { Some(left) }
    }

    /// Moves the position to the first slot of a block. The cursor owns a count of that block.
    fn enter_block(&mut self, block: Block<T>) {
        self.block = block;
        self.slot = 0;
        self.ready = 0;
    }

    /// Makes a shared cursor exclusive if it is the only reader, and returns whether it is. Drops
    /// the items before its position that are still live, so the caller holds no lock.
    ///
    /// # Panics
    /// Panics if the drop of an item panics. The cursor is exclusive then.
    #[inline(always)]
    pub(super) fn try_become_exclusive(&mut self) -> bool {
        // SAFETY: this cursor's count keeps the block alive.
        let header = unsafe { self.block.header() };
        if header.readers.count() != 1 {
            return false;
        }
        self.set_exclusive();
        // An exclusive cursor does not update `live_from`. If it were still counted as parked, a
        // new reader would drop items by a `live_from` that is out of date.
        self.unpark(self.block);
        // SAFETY: the block is alive. The items were published, and `live_from` tells that they are
        // still there. Every reader has read them, and this cursor is the only one left.
        unsafe { self.block.drop_items(header.live_from(), self.slot) };
        true
    }
}
