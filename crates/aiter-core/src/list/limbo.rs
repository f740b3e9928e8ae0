//! Limbo: retired blocks that a pinned operation may still access.
//!
//! A block that retires while the list is pinned is put into limbo. It remains part of the reserve.
//! The number of blocks that are linked or in limbo always exceeds `spare`. Otherwise `try_push`
//! could run out of blocks forever. So a block leaves limbo only in these ways:
//! - A later retirement, or a cursor that finds nothing to read, links it behind the last block. If
//!   `spare` blocks are linked behind the tail, the block is kept for a producer. Both own a count,
//!   so they need no pin.
//! - A claim that may not allocate links it behind the tail block.
//! - Any other thread keeps it or frees it, but leaves `spare` blocks in limbo.
//!
//! A cursor must not pin the list here. Beside a `UniquePusher`, the tail moves by a plain store,
//! which does not notice a pin.

use crate::{
    list::{List, block::Block, block_stack::Chain, tail::Tail},
    sync::Ordering,
};

/// Treatment of blocks in limbo that the reserve needs.
pub(super) enum InLimbo {
    /// Links them behind the last block.
    Link,
    /// Leaves them in limbo.
    Leave,
}

impl<T> List<T> {
    /// Takes the blocks in limbo, unless the list is pinned.
    ///
    /// Any thread may call this, also during a retirement, because the stack hands each block to
    /// one thread. Neither `end` nor `reserved` names a block in limbo, except while a `reserve` is
    /// pinned.
    fn take_limbo(&self) -> Option<Chain<T>> {
        let blocks = self.limbo.take_all();
        // This load must follow `take_all`. A pin that leads to one of the blocks was made before
        // the tail left that block. So it happens before the block's retirement, which happens
        // before `take_all`. If the load finds no pin, that pin is dropped. A later pin leads to
        // none of the blocks.
        if !self.is_pinned() {
            return Some(blocks);
        }
        for block in blocks {
            // SAFETY: the stack gave the block to this thread.
            unsafe { self.limbo.push(block) };
        }
        None
    }

    /// Links the blocks in limbo behind the last block while the reserve lacks blocks, and keeps
    /// the others.
    ///
    /// # Safety
    /// - The caller is the current retirement. It saw no pin since it moved `head`.
    /// - The caller owns a count of the block behind the block that it retires.
    #[cold]
    pub(super) unsafe fn recycle_limbo(&self) {
        let Some(blocks) = self.take_limbo() else { return };
        let tail = self.tail();
        let spare = self.spare_at(tail);
        for block in blocks {
            // SAFETY: the stack gave the block to this thread, and no pin leads to it. The caller
            // owns a count at or before the tail block, and is the current retirement.
            unsafe {
                if spare == 0 || !self.link_last(block, tail.block(), spare) {
                    self.push_free(block);
                }
            }
        }
    }

    /// Reclaims the blocks in limbo. Changes nothing if the list is pinned.
    ///
    /// With `InLimbo::Link`, walks over the reserve.
    ///
    /// # Safety
    /// With `InLimbo::Link`, the caller owns a count of a block until this returns.
    pub(super) unsafe fn clear_limbo(&self, in_limbo: InLimbo) {
        let Some(blocks) = self.take_limbo() else { return };
        let tail = self.tail();
        let spare = self.spare_at(tail);
        let mut last = tail.block();
        for (left, block) in blocks.enumerate() {
            // SAFETY: the stack gave the block to this thread, and no pin leads to it.
            // `link_behind` is called only if the caller owns a count, which is at or before the
            // tail block. `last` is at or behind the tail.
            unsafe {
                if matches!(in_limbo, InLimbo::Link) {
                    if spare == 0 || !self.link_behind(block, tail.block(), &mut last, spare) {
                        self.push_free(block);
                    }
                } else if left < spare {
                    self.limbo.push(block);
                } else {
                    self.push_free(block);
                }
            }
        }
    }

    /// Links a block from limbo behind the tail block, for a claim that must not allocate. Returns
    /// `true` if the claim should retry, because a block is linked, or the tail has moved.
    ///
    /// Lock-free. Neither allocates nor frees.
    ///
    /// # Safety
    /// The caller has pinned the list exactly once, and `pinned_tail` then returned `tail`.
    pub(super) unsafe fn link_from_limbo(&self, tail: Tail<T>) -> bool {
        if self.limbo.is_empty() {
            return false;
        }
        let Some(block) = self.limbo.pop() else { return false };
        // This load must follow `pop`, for the reason in `take_limbo`. If the caller's pin is the
        // only pin, no other thread accesses the block. Acquire: partner of `Pin::drop`.
        let is_only = self.pins.load(Ordering::Acquire) == 1;
        // The caller's pin leads to the tail block. While that block is the tail, it is not the
        // block from limbo.
        let is_tail = self.tail() == tail;
        // SAFETY: the stack gave the block to this thread. The pin keeps the tail block alive, even
        // after the tail has left it.
        unsafe {
            if is_only && is_tail {
                block.recycle(tail.block().header().start().wrapping_add(Block::<T>::CAP));
                if tail.block().link_next(block).is_ok() {
                    return true;
                }
            }
            // The block was not linked, so this thread owns it.
            self.limbo.push(block);
        }
        // If `link_next` failed, another thread has linked a block.
        is_only || !is_tail
    }
}
