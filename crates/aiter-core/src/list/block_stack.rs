//! Blocks that wait for something.

use crate::{
    list::block::{Block, Header},
    sync::{AtomicPtr, Ordering, retry_hint},
};

/// A stack of blocks that wait for something: taken as a whole, so there is no pop that could meet a
/// recycled block.
pub(crate) struct BlockStack<T>(AtomicPtr<Header<T>>);

impl<T> BlockStack<T> {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.top() == 0
    }

    /// The address of the top block, or 0, so that one branch tells of several stacks.
    #[inline(always)]
    pub(crate) fn top(&self) -> usize {
        // Relaxed: a hint; `take` synchronises.
        self.0.load(Ordering::Relaxed).addr()
    }

    /// # Safety
    /// The caller owns the block alone, or its last count, and gives it away.
    pub(crate) unsafe fn push(&self, block: Block<T>) {
        let mut head = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: the link belongs to whoever owns the last count.
            unsafe { block.set_stacked(head) };
            // Release: partner of `take`, for the link and the block.
            match self.0.compare_exchange_weak(
                head,
                block.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
            retry_hint();
        }
    }

    /// Takes all the blocks: they are the caller's.
    pub(crate) fn take(&self) -> Chain<T> {
        // Acquire: partner of `push`.
        Chain(self.0.swap(core::ptr::null_mut(), Ordering::Acquire))
    }

    /// Takes one block; the others are away for a moment.
    pub(crate) fn take_one(&self) -> Option<Block<T>> {
        let mut rest = self.take();
        let one = rest.next()?;
        if !rest.0.is_null() {
            // Relaxed: the blocks are as their pushes (Release) left them. The word is only changed by
            // read-modify-writes, so the next `take` synchronizes with these pushes.
            let put_back = self.0.compare_exchange(
                core::ptr::null_mut(),
                rest.0,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if put_back.is_err() {
                for block in rest {
                    // SAFETY: the stack gave it to us.
                    unsafe { self.push(block) };
                }
            }
        }
        Some(one)
    }
}

/// Blocks that were taken off a `BlockStack`. They are leaked if it is dropped.
pub(crate) struct Chain<T>(*mut Header<T>);

impl<T> Iterator for Chain<T> {
    type Item = Block<T>;

    fn next(&mut self) -> Option<Block<T>> {
        let block = Block::from_ptr(self.0)?;
        // SAFETY: it was on the stack, so it, or its last count, is ours, and with it the link.
        self.0 = unsafe { block.stacked() };
        Some(block)
    }
}
