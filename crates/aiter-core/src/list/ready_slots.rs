//! The items that are ready, one after the other, lent in place.

use crate::list::block::Block;

/// See `RawCursor::ready_slots`. Valid as long as the cursor does not move.
pub(crate) struct ReadySlots<T> {
    pub(super) block: Block<T>,
    pub(super) slot: usize,
    pub(super) ready: usize,
    pub(super) skip: usize,
}

// SAFETY: it leads to `&T` only.
unsafe impl<T: Sync> Send for ReadySlots<T> {}

// SAFETY: as above.
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
            // SAFETY: the cursor's count keeps its block and all behind it alive.
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
