//! Parking: how a cursor that finds nothing to read frees the items that all cursors have read.

use core::mem::needs_drop;

use crate::{
    defer::Defer,
    list::{List, block::Block, position::RawCursor},
};

impl<T> RawCursor<T> {
    /// Parks a cursor that finds nothing to read.
    ///
    /// Reclaims unused blocks, and drops the items that all readers have read. The caller holds no
    /// lock, because `T::drop` is user code.
    #[inline]
    pub(crate) fn give_back(&mut self, list: &List<T>) {
        // SAFETY: the cursor owns a count of its block until this returns.
        unsafe { list.reclaim_and_relink() };
        if let Some((block, from, to)) = self.park_at() {
            // SAFETY: `park_at` gave these items to the caller. The cursor's count keeps the block
            // alive.
            unsafe { block.drop_items(from, to) };
        }
    }

    /// Counts this cursor as parked at its slot: it needs no item before that slot.
    ///
    /// If all readers of the block are now parked there, returns a range of slots. The caller must
    /// drop their items, which no reader accesses again.
    ///
    /// Costs one comparison if the cursor has not moved since, if it is exclusive, or if items need
    /// no drop.
    #[inline]
    pub(crate) fn park_at(&mut self) -> Option<(Block<T>, usize, usize)> {
        if !needs_drop::<T>() || self.parked == self.slot || self.is_exclusive() {
            return None;
        }
        self.park_at_slow()
    }

    #[cold]
    fn park_at_slow(&mut self) -> Option<(Block<T>, usize, usize)> {
        let slot = self.slot;
        // SAFETY: the cursor's count keeps the block alive.
        let header = unsafe { self.block.header() };
        // No `unpark` is needed before this. The cursor was parked at a lower slot, so that parked
        // count is void, or becomes void now.
        let all = header.readers.park_at(slot)?;
        self.parked = slot;
        if !all {
            return None;
        }
        let from = header.take_before(slot);
        (from < slot).then_some((self.block, from, slot))
    }

    /// Takes back the parked count of this cursor in `block`.
    pub(crate) fn unpark(&mut self, block: Block<T>) {
        if self.parked != 0 {
            // SAFETY: the cursor owns a count of that block.
            unsafe { block.header() }.readers.unpark(self.parked);
            self.parked = 0;
        }
    }

    /// Acquires another count of the block. The caller of `park_at` drops items of the block while
    /// the cursor may move on, and then releases that count.
    pub(crate) fn acquire_block(&self) {
        // SAFETY: the cursor's count keeps the block alive.
        unsafe { self.block.header() }.readers.acquire_unchecked();
    }

    /// Releases the position and reclaims unused blocks, also if the drop of an item panics.
    ///
    /// # Safety
    /// The cursor is not used again.
    #[inline]
    pub(crate) unsafe fn give_up(&mut self, list: &List<T>) {
        // If no drop of an item can panic, the guard runs nothing but would cost a landing pad.
        let reclaim = needs_drop::<T>().then(|| Defer(|| list.reclaim_unused()));
        // SAFETY: the cursor is not used again, by contract.
        unsafe { self.release(list) };
        if reclaim.is_none() {
            list.reclaim_unused();
        }
    }
}
