//! Growth of the list: blocks that are linked after the tail block, before a claim needs them.

use crate::{
    list::{List, OnFull, block::Block},
    sync::Ordering,
};

impl<T> List<T> {
    /// Links a new block after `block`, unless another party has linked one, and returns the linked
    /// block. If the allocation unwinds, the list is unchanged.
    ///
    /// # Safety
    /// `block` and all later blocks are alive.
    pub(super) unsafe fn append(&self, block: Block<T>) -> Block<T> {
        // SAFETY: `block` and all later blocks are alive, by contract.
        let next = unsafe { self.grow(block, OnFull::Allocate) };
        next.expect("`OnFull::Allocate` unwinds if the allocation fails")
    }

    /// `append`, if `on_full` permits it. Returns `None` if `on_full` forbids the allocation, or if
    /// the allocator has no memory.
    ///
    /// # Safety
    /// `block` and all later blocks are alive.
    pub(super) unsafe fn grow(&self, block: Block<T>, on_full: OnFull) -> Option<Block<T>> {
        if on_full == OnFull::Fail {
            return None;
        }
        // SAFETY: `block` is alive, by contract.
        let start = unsafe { block.header() }.start().wrapping_add(Block::<T>::CAP);
        let new = match self.free_list.pop(start) {
            Some(new) => new,
            None if on_full == OnFull::TryAllocate => Block::try_allocate(start)?,
            None => Block::allocate(start),
        };
        // SAFETY: `block` is alive by contract, and this call owns `new` exclusively.
        match unsafe { block.link_next(new) } {
            Ok(()) => Some(new),
            Err(other) => {
                // SAFETY: `new` was never linked, so this call still owns it exclusively.
                // `allocate` made it, and it is not used again.
                unsafe { new.free() };
                Some(other)
            }
        }
    }

    /// Links blocks until `additional` slots can be claimed without an allocation. From now on, the
    /// list keeps that many blocks linked after the tail block. Lock-free, except for the
    /// allocator.
    ///
    /// # Panics
    /// Panics if the blocks would take more than `isize::MAX` bytes. The list is then unchanged.
    #[track_caller]
    pub(crate) fn reserve(&self, additional: usize) {
        // Counts blocks, because blocks of zero-sized items take memory as well.
        let bytes = additional.div_ceil(Block::<T>::CAP).checked_mul(Block::<T>::BYTES);
        assert!(bytes.is_some_and(|bytes| bytes <= isize::MAX as usize), "capacity overflow");
        let _pin = self.pin();
        let tail = self.pinned_tail();
        let mut block = tail.block();
        // Excludes the last slot, which can be claimed only if the next block is linked.
        let mut free = Block::<T>::CAP - tail.slot() - 1;
        let mut ahead = 0;
        let mut is_last = false;
        // At least one block: a steady flow of items enters the next block before the cursors have
        // read the last slot of this block.
        while free < additional || (additional > 0 && ahead == 0) {
            // SAFETY: the pin keeps the tail block and all later blocks alive.
            block = match unsafe { block.next() } {
                Some(next) => next,
                None => {
                    is_last = true;
                    // SAFETY: the pin keeps this block and all later blocks alive.
                    unsafe { self.append(block) }
                }
            };
            free += Block::<T>::CAP;
            ahead += 1;
        }
        // Relaxed: `recycle` and `spare_at` need only the number.
        self.spare.fetch_max(ahead, Ordering::Relaxed);
        if is_last && ahead > 1 {
            // SAFETY: this call has pinned the list and then read the tail. The block is not before
            // the tail block.
            unsafe { self.note_reserved(block) };
        }
    }
}
