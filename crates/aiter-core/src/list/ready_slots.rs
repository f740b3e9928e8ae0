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

impl<T> Iterator for ReadySlots<T> {
    type Item = (Block<T>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.slot < self.ready {
                let found = (self.block, self.slot);
                self.slot += 1;
                return Some(found);
            }
            // SAFETY: the count of the cursor keeps its block and all later blocks alive.
            unsafe {
                if self.slot == Block::<T>::CAP {
                    self.block = self.block.next()?;
                    self.slot = 0;
                }
                self.ready = self.block.header().run_end(self.slot);
            }
            if self.ready == self.slot {
                return None;
            }
            let step = self.skip.min(self.ready - self.slot);
            self.slot += step;
            self.skip -= step;
        }
    }
}
