//! How a cursor that finds nothing to read lets go of what it has read.

use core::mem::needs_drop;

use crate::list::{List, block::Block, position::RawCursor};

impl<T> RawCursor<T> {
    /// Gives back what the list kept for producers, and drops the items that all readers have read. For
    /// a cursor that finds nothing to read.
    ///
    /// Items are dropped here: no lock may be held.
    #[inline]
    pub(crate) fn give_back(&mut self, list: &List<T>) {
        // SAFETY: this cursor has a count of its block.
        unsafe { list.tidy_beside_cursor() };
        if let Some((block, from, to)) = self.park_at() {
            // SAFETY: `park_at` gave them to us; our position keeps the block.
            unsafe { block.drop_items(from, to) };
        }
    }

    /// Counts this cursor as one that needs nothing before its position, for one that finds nothing to
    /// read. If all readers of the block are counted, returns the slots whose items are the caller's
    /// to drop: no reader looks at them again.
    ///
    /// Costs one comparison if the cursor has not moved since, if it is alone, or if items need no drop.
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
        // SAFETY: our count keeps the block alive.
        let header = unsafe { self.block.header() };
        // Not unsettled before: the slot is behind the one at which the cursor was counted, so that count
        // is void, or becomes so now.
        let all = header.readers.park_at(slot)?;
        self.parked = slot;
        if !all {
            return None;
        }
        let from = header.claim_before(slot);
        (from < slot).then_some((self.block, from, slot))
    }

    pub(super) fn unpark(&mut self, block: Block<T>) {
        if self.parked != 0 {
            // SAFETY: we still have our count of that block.
            unsafe { block.header() }.readers.unpark(self.parked);
            self.parked = 0;
        }
    }

    /// Keeps the block, so that what `park_at` returned can be dropped when the cursor has moved on.
    pub(crate) fn hold(&self) {
        // SAFETY: our count keeps the block alive.
        unsafe { self.block.header() }.readers.hold();
    }

    /// Gives the position up and tidies up, also if an item's drop panics.
    ///
    /// # Safety
    /// As `release`.
    #[inline]
    pub(crate) unsafe fn give_up(&mut self, list: &List<T>) {
        /// Tidies up when it is dropped.
        struct Tidy<'a, T>(&'a List<T>);
        impl<T> Drop for Tidy<'_, T> {
            fn drop(&mut self) {
                self.0.tidy();
            }
        }
        if needs_drop::<T>() {
            let _tidy = Tidy(list);
            // SAFETY: by contract.
            unsafe { self.release(list) };
        } else {
            // SAFETY: by contract.
            unsafe { self.release(list) };
            list.tidy();
        }
    }
}
