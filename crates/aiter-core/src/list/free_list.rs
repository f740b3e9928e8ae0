//! Retired blocks that are kept for producers.
//!
//! A retirement adds a block, and a producer that grows the list takes it. A reader that finds
//! nothing to read, or is dropped, empties the free list, so an idle list holds no spare memory.
//!
//! # Progress
//! All operations are lock-free. `pop` takes the whole stack and puts the rest back. Meanwhile
//! other producers see an empty free list, and allocate.
//!
//! # Ordering policy
//! The stack synchronizes its own accesses. `len` is Relaxed, because it only limits memory.

use crate::{
    list::{block::Block, block_stack::BlockStack},
    sync::{AtomicUsize, Ordering},
    tuning::FREE_LIST_BYTES,
};

/// Empty blocks that no other thread can access.
pub(crate) struct FreeList<T> {
    blocks: BlockStack<T>,
    /// Number of blocks. Exceeds the true number while a push or a pop is in progress.
    len: AtomicUsize,
}

impl<T> FreeList<T> {
    /// Maximum number of blocks: `FREE_LIST_BYTES` worth, but at least two. Zero if memory is
    /// scarce or a block holds one item. Concurrent pushes may exceed it.
    pub(crate) const CAP: usize = match FREE_LIST_BYTES / Block::<T>::BYTES {
        _ if FREE_LIST_BYTES == 0 || Block::<T>::CAP == 1 => 0,
        few if few < 2 => 2,
        many => many,
    };

    pub(crate) fn new() -> Self {
        Self { blocks: BlockStack::new(), len: AtomicUsize::new(0) }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.top() == 0
    }

    /// Returns the address of the top block, or 0 if the list is empty. See `BlockStack::top`.
    #[inline(always)]
    pub(crate) fn top(&self) -> usize {
        if Self::CAP == 0 { 0 } else { self.blocks.top() }
    }

    /// Adds a block, or frees it if the list is full.
    ///
    /// # Safety
    /// - The caller owns the block exclusively, and its items have been dropped or moved out.
    /// - No other thread can access the block.
    pub(crate) unsafe fn push(&self, block: Block<T>) {
        // Relaxed: the number only limits memory.
        if Self::CAP > 0 && self.len.load(Ordering::Relaxed) < Self::CAP {
            self.len.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the caller owns the block, and gives it to the stack.
            unsafe { self.blocks.push(block) };
        } else {
            // SAFETY: the caller owns the block exclusively, and does not use it again.
            unsafe { block.free() };
        }
    }

    /// Takes a block and resets it so that slot 0 has index `start`. Returns `None` if the list is
    /// empty.
    pub(crate) fn pop(&self, start: usize) -> Option<Block<T>> {
        if self.is_empty() {
            return None;
        }
        let block = self.blocks.pop()?;
        // Relaxed: the number only limits memory.
        self.len.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the stack gave the block to this thread, and no other thread can access it.
        unsafe { block.recycle(start) };
        Some(block)
    }

    /// Frees all blocks, except blocks that a concurrent `pop` has taken for a moment.
    pub(crate) fn clear(&self) {
        if Self::CAP == 0 {
            return;
        }
        for block in self.blocks.take_all() {
            // Relaxed: the number only limits memory.
            self.len.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: the stack gave the block to this thread, and no other thread can access it.
            unsafe { block.free() };
        }
    }
}

impl<T> Drop for FreeList<T> {
    fn drop(&mut self) {
        self.clear();
    }
}
