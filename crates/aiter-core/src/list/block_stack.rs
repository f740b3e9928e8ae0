//! A lock-free stack of blocks, linked through their headers.
//!
//! No operation removes the top block alone, so the ABA problem cannot occur if a block is recycled
//! and pushed again.
//!
//! # Ordering policy
//! `push` uses Release and `take_all` uses Acquire. All changes of the word are read-modify-writes,
//! so `take_all` synchronizes with every push of the blocks that it takes.

use crate::{
    list::block::{Block, Header},
    sync::{AtomicPtr, Ordering},
};

/// A stack that owns its blocks, or the last count of each.
pub(crate) struct BlockStack<T>(AtomicPtr<Header<T>>);

impl<T> BlockStack<T> {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.top() == 0
    }

    /// Returns the address of the top block, or 0 if the stack is empty.
    ///
    /// With the bitwise or of several results, one branch tests several stacks.
    #[inline(always)]
    pub(crate) fn top(&self) -> usize {
        // Relaxed: a hint; `take_all` synchronizes.
        self.0.load(Ordering::Relaxed).addr()
    }

    /// Adds a block.
    ///
    /// # Safety
    /// The caller owns the block exclusively, or owns its last count, and gives it to the stack.
    pub(crate) unsafe fn push(&self, block: Block<T>) {
        // Release: partner of `take_all`, for the link and the block.
        let _ = self.0.fetch_update(Ordering::Release, Ordering::Relaxed, |head| {
            // SAFETY: the caller owns the block or its last count, by contract. That keeps the
            // block alive, and excludes other accesses to this link.
            unsafe { block.header().stack_next.with_mut(|link| *link = head) };
            Some(block.as_ptr())
        });
    }

    /// Takes all blocks. The caller then owns what `push` gave to the stack.
    pub(crate) fn take_all(&self) -> Chain<T> {
        // Acquire: partner of `push`, for the blocks.
        Chain(self.0.swap(core::ptr::null_mut(), Ordering::Acquire))
    }

    /// Takes one block. The stack lacks the other blocks until they are put back.
    pub(crate) fn pop(&self) -> Option<Block<T>> {
        let mut rest = self.take_all();
        let block = rest.next()?;
        if !rest.0.is_null() {
            // Relaxed: the blocks are unchanged since their pushes (Release). The word is only
            // changed by read-modify-writes, so the next `take_all` synchronizes with these pushes.
            let put_back = self.0.compare_exchange(
                core::ptr::null_mut(),
                rest.0,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if put_back.is_err() {
                for block in rest {
                    // SAFETY: `take_all` gave the block to this thread.
                    unsafe { self.push(block) };
                }
            }
        }
        Some(block)
    }
}

/// Blocks that were taken off a `BlockStack`. Dropping a chain leaks its blocks.
pub(crate) struct Chain<T>(*mut Header<T>);

impl<T> Iterator for Chain<T> {
    type Item = Block<T>;

    fn next(&mut self) -> Option<Block<T>> {
        let block = Block::from_ptr(self.0)?;
        // SAFETY: the stack owned the block or its last count, and `take_all` passed it on. That
        // keeps the block alive, and excludes other accesses to this link.
        self.0 = unsafe { block.header().stack_next.with(|link| *link) };
        Some(block)
    }
}
