//! Blocks that were read, kept for producers.

use crate::{
    list::{block::Block, block_stack::BlockStack},
    sync::{AtomicUsize, FREE_LIST_BYTES, Ordering},
};

/// Blocks without items, at which nobody is left who could look.
pub(crate) struct FreeList<T> {
    blocks: BlockStack<T>,
    /// How many there are, or a few more.
    count: AtomicUsize,
}

impl<T> FreeList<T> {
    /// How many it may hold: two at least, but for items that fill one by themselves.
    pub(crate) const CAP: usize = match FREE_LIST_BYTES / Block::<T>::BYTES {
        _ if FREE_LIST_BYTES == 0 || Block::<T>::CAP == 1 => 0,
        few if few < 2 => 2,
        many => many,
    };

    pub(crate) fn new() -> Self {
        Self { blocks: BlockStack::new(), count: AtomicUsize::new(0) }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.top() == 0
    }

    /// As `BlockStack::top`.
    #[inline(always)]
    pub(crate) fn top(&self) -> usize {
        if Self::CAP == 0 { 0 } else { self.blocks.top() }
    }

    /// Keeps a block, or frees it.
    ///
    /// # Safety
    /// The caller owns the block alone, its items are gone, and nobody is left who could look at it.
    pub(crate) unsafe fn put(&self, block: Block<T>) {
        // Relaxed: a number that only weighs memory against allocations.
        if Self::CAP > 0 && self.count.load(Ordering::Relaxed) < Self::CAP {
            self.count.fetch_add(1, Ordering::Relaxed);
            // SAFETY: by contract.
            unsafe { self.blocks.push(block) };
        } else {
            // SAFETY: by contract.
            unsafe { block.free() };
        }
    }

    /// One of them, as good as new, whose slot 0 has the index `start`.
    pub(crate) fn take(&self, start: usize) -> Option<Block<T>> {
        if self.is_empty() {
            return None;
        }
        let block = self.blocks.take_one()?;
        // Relaxed: as in `put`.
        self.count.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the stack gave it to us, and nobody was left who could look at it.
        unsafe { block.recycle(start) };
        Some(block)
    }

    /// Gives all back to the allocator.
    pub(crate) fn clear(&self) {
        if Self::CAP == 0 {
            return;
        }
        for block in self.blocks.take() {
            // Relaxed: as in `put`.
            self.count.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: the stack gave it to us, and nobody was left who could look at it.
            unsafe { block.free() };
        }
    }
}

impl<T> Drop for FreeList<T> {
    fn drop(&mut self) {
        self.clear();
    }
}
