//! The only pusher of a list together with a reader that has seen all: the shortest way in.

use core::fmt;

use crate::{
    block::Block,
    cursor_stream::Cursor,
    list::{Claim, Cleanup, List},
};

/// The only pusher of a list, beside a cursor that had read all there was, for as long as it borrows the
/// two. See [`Pusher::beside`](crate::Pusher::beside).
#[must_use = "it only borrows the pusher and the cursor"]
pub struct BesidePusher<'a, T> {
    list: &'a List<T>,
    /// Where the list's tail word points: only we write it.
    block: Block<T>,
    slot: usize,
    /// Stands in our block or before it: so that one is not left by its last reader, who would leave a
    /// mark in the block's state. It was not made by `subscribe`, so that nobody else has left meanwhile.
    _reader: &'a Cursor<T>,
}

impl<'a, T> BesidePusher<'a, T> {
    /// The caller lends its pusher for `'a`.
    #[inline(always)]
    pub(crate) fn new(list: &'a List<T>, reader: &'a Cursor<T>) -> Option<Self> {
        let tail = list.sole_tail();
        let (block, slot) = reader.raw.place();
        let beside = core::ptr::eq(list, &raw const *reader.list)
            && list.is_sole_pusher()
            && tail.is_at(block, slot)
            && !list.was_entered();
        beside.then_some(Self { list, block, slot, _reader: reader })
    }

    /// Appends an item and wakes the cursors that wait for it.
    pub fn push(&mut self, item: T) {
        let claim = self.fill(item);
        // SAFETY: just filled; ours as nobody else pushes.
        unsafe { self.list.publish(claim, Cleanup::Now) };
    }

    /// Appends an item and wakes nobody, without an atomic read-modify-write.
    ///
    /// A cursor that sleeps, or goes to sleep while this happens, need not wake up for this item: for
    /// callers whose readers learn of it in another way. [`Cursor::wake_all`] makes good for it.
    #[inline(always)]
    pub fn push_quietly(&mut self, item: T) {
        let claim = self.fill(item);
        // SAFETY: just filled; ours as nobody else pushes. The slots before it are published: by us, or by
        // others, who are gone. The reader's count keeps the block from being left by its last one.
        unsafe { claim.block.publish_by_store(claim.slot) };
    }

    /// Fills the slot at the tail and moves the tail past it.
    #[inline(always)]
    fn fill(&mut self, item: T) -> Claim<T> {
        // SAFETY: nobody else pushes: the slot at the tail is ours, and keeps the block alive.
        unsafe { self.block.write(self.slot, item) };
        self.list.advance_sole(&mut self.block, &mut self.slot, 1)
    }

    /// True if the list has no cursor but the one that was lent: the item may as well go there directly.
    #[inline(always)]
    pub fn is_only_reader(&self) -> bool {
        self.list.cursor_count() == 1
    }

    /// Ends the list, as [`Pusher::stop`](crate::Pusher::stop) does.
    pub fn stop(self) {
        self.list.stop();
    }
}

// SAFETY: it is a `&mut Pusher` and a `&Cursor`, of which it uses neither's items.
unsafe impl<T: Send> Send for BesidePusher<'_, T> {}
// SAFETY: nothing happens through `&BesidePusher`.
unsafe impl<T: Send> Sync for BesidePusher<'_, T> {}

impl<T> fmt::Debug for BesidePusher<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BesidePusher").finish_non_exhaustive()
    }
}
