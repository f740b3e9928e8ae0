//! An iterator over the ready slots after a cursor's position.

use crate::list::block::Block;

/// The iterator of `RawCursor::ready_slots`. It is valid until the cursor moves or is dropped.
pub(crate) struct ReadySlots<T> {
    pub(super) block: Block<T>,
    pub(super) slot: usize,
    /// The end of the run that is known to be ready.
    pub(super) ready: usize,
    /// Number of items still to be skipped.
    pub(super) skip: usize,
}

// SAFETY: the iterator gives access to `&T` only, so `T: Sync` suffices. It neither moves nor drops
// an item, so `T: Send` is not needed.
unsafe impl<T: Sync> Send for ReadySlots<T> {}

// SAFETY: `&ReadySlots` gives access to no item.
unsafe impl<T: Sync> Sync for ReadySlots<T> {}

impl<T> ReadySlots<T> {
    /// Finds the next run after the known one, without the items that are to be skipped. Returns
    /// `None` if no slot behind the known run is ready.
    fn next_run(&mut self) -> Option<()> {
        // SAFETY: the count of the cursor keeps its block and all later blocks alive.
        unsafe {
            if self.slot == Block::<T>::CAP {
                self.block = self.block.next()?;
                self.slot = 0;
            }
            self.ready = self.block.header().run_end(self.slot);
        }
        let step = self.skip.min(self.ready - self.slot);
        let is_ready = self.ready > self.slot;
        self.slot += step;
        self.skip -= step;
        is_ready.then_some(())
    }

    /// Returns the number of the slots. The time grows with the number of blocks.
    pub(crate) fn count_by_blocks(mut self) -> usize {
        let mut count = 0;
        loop {
            count += self.ready.saturating_sub(self.slot);
            self.slot = self.slot.max(self.ready);
            if self.next_run().is_none() {
                return count;
            }
        }
    }
}

impl<T> Iterator for ReadySlots<T> {
    type Item = (Block<T>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        while self.slot >= self.ready {
            self.next_run()?;
        }
        let found = (self.block, self.slot);
        self.slot += 1;
        Some(found)
    }
}
