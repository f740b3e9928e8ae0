//! The tail word: the newest block, the next free slot in it and the stop mark, in one pointer.
//!
//! A block's address is a multiple of `ALIGN`, so its low bits are free. A claim is one
//! compare-and-swap on this word, and it names the block that the claimed slot is in: the block
//! can't go away before the slot is published, so a producer needs no search and no protection.
//! A stale copy of the word is never dereferenced: a compare-and-swap from it succeeds only if the
//! same block (be it recycled) is the tail again at that same slot, and then the claim is valid.

use crate::list::block::{ALIGN, Block, Header, SLOT_BITS};

const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
/// Set once by `stop`; it never goes away.
const STOPPED: usize = 1 << SLOT_BITS;
const TAG_MASK: usize = SLOT_MASK | STOPPED;

const _: () = assert!(TAG_MASK < ALIGN);

/// A value of the tail word.
pub(crate) struct Tail<T>(*mut Header<T>);

impl<T> Clone for Tail<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Tail<T> {}

impl<T> PartialEq for Tail<T> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl<T> Tail<T> {
    #[inline(always)]
    pub(crate) fn from_word(word: *mut Header<T>) -> Self {
        Self(word)
    }

    #[inline(always)]
    pub(crate) fn word(self) -> *mut Header<T> {
        self.0
    }

    #[inline(always)]
    pub(crate) fn new(block: Block<T>, slot: usize) -> Self {
        debug_assert!(slot < Block::<T>::CAP);
        // The bits are clear: to add is to set, and takes one instruction where `|` may take three.
        Self(block.as_ptr().map_addr(|addr| addr + slot))
    }

    #[inline(always)]
    pub(crate) fn block(self) -> Block<T> {
        // The word was made from a block by `new`, so it is not null without its tag.
        Block::from_tagged(self.0, TAG_MASK)
    }

    #[inline(always)]
    pub(crate) fn slot(self) -> usize {
        self.0.addr() & SLOT_MASK
    }

    /// True if it is there, and the list not stopped, for a place that is not behind the tail.
    ///
    /// With 16 slots a block, on 32-bit targets, the place behind the last slot looks like the stop mark. A
    /// cursor stands there only after all slots were claimed. The tail has then left the block, so no
    /// stopped tail is taken for that place.
    #[inline(always)]
    pub(crate) fn is_at(self, block: Block<T>, slot: usize) -> bool {
        self.0.addr() == block.as_ptr().addr() + slot
    }

    #[inline(always)]
    pub(crate) fn is_stopped(self) -> bool {
        self.0.addr() & STOPPED != 0
    }

    /// True while `count` slots can be claimed that leave at least one free in this block, and
    /// the list is not stopped: one comparison, since the stop mark is above the slot number.
    #[inline(always)]
    pub(crate) fn has_room(self, count: usize) -> bool {
        (self.0.addr() & TAG_MASK) + count < Block::<T>::CAP
    }

    /// The same block, `count` slots on. The caller has asked `has_room`.
    #[inline(always)]
    pub(crate) fn plus(self, count: usize) -> Self {
        Self(self.0.map_addr(|addr| addr + count))
    }

    #[inline(always)]
    pub(crate) fn stopped(self) -> Self {
        Self(self.0.map_addr(|addr| addr | STOPPED))
    }
}
