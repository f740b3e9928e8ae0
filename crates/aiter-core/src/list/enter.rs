//! Cursors that enter the list, and the cursor count.
//!
//! # Ordering policy
//! - `remove_cursor` (Release) and `cursor_count` (Acquire) are partners.
//! - The additions are Relaxed, because no access to memory relies on this count.

use crate::{
    error::PushErrorKind,
    list::{List, block::Block},
    sync::Ordering,
};

impl<T> List<T> {
    /// Adds a cursor at the tail. Returns a block and the number of items to skip from its first
    /// slot on. The caller owns a new count of the block. Lock-free.
    ///
    /// # Panics
    /// Panics as `Readers::try_acquire` does. No cursor is added then, and the list is not pinned.
    pub(crate) fn enter(&self) -> (Block<T>, usize) {
        let _pin = self.pin();
        let mut block = self.pinned_tail().block();
        // SAFETY: the pin keeps the tail block and all later blocks alive. If the last cursor has
        // orphaned its count, that count serves as a new one. The new cursor may then be exclusive.
        unsafe {
            while !(block.header().adopt() || block.header().readers.try_acquire()) {
                block = block.next().expect("a retired block has a next one");
            }
        }
        // Read after the count, and by a read-modify-write: a producer that claims a later slot
        // synchronizes with it. So an exclusive cursor sees the count before it moves an item out
        // of a later slot.
        let tail = self.pinned_tail();
        // SAFETY: the new count keeps this block alive, and the tail block, which is not before it.
        let (from, to) = unsafe { (block.header().start(), tail.block().header().start()) };
        let skip = to.wrapping_add(tail.slot()).wrapping_sub(from);
        // Relaxed: only the number matters. `pinned_tail` has made the new reader visible.
        self.cursors.fetch_add(1, Ordering::Relaxed);
        (block, skip)
    }

    /// Returns `true` if the list has no cursor.
    #[inline(always)]
    pub(crate) fn has_no_cursor(&self) -> bool {
        self.cursor_count() == 0
    }

    /// Returns the kind of the error for a push that found no cursor.
    ///
    /// At the end of a list, its cursors go away. The kind is then `Stopped`: a push that sees the
    /// last cursor gone also sees the stop mark.
    #[cold]
    pub(crate) fn no_cursor_kind(&self) -> PushErrorKind {
        if self.tail().is_stopped() { PushErrorKind::Stopped } else { PushErrorKind::NoCursor }
    }

    /// Returns the number of cursors.
    #[inline(always)]
    pub(crate) fn cursor_count(&self) -> usize {
        // Acquire: partner of `remove_cursor`, for the stop mark that the cursor may have seen.
        self.cursors.load(Ordering::Acquire)
    }

    /// Counts a new cursor. The cursor already owns its count of a block, because that call may
    /// panic.
    pub(crate) fn add_cursor(&self) {
        // Relaxed: the caller has a counted cursor, so the number is not zero before.
        self.cursors.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a cursor out of the count.
    pub(crate) fn remove_cursor(&self) {
        // Release: partner of `cursor_count`.
        self.cursors.fetch_sub(1, Ordering::Release);
    }

    /// Returns the index of the next item to push. Lock-free.
    pub(crate) fn tail_index(&self) -> usize {
        let _pin = self.pin();
        let tail = self.pinned_tail();
        // SAFETY: the pin keeps the tail block alive.
        unsafe { tail.block().header() }.start().wrapping_add(tail.slot())
    }

    /// Returns the number of slots from the first block that is not retired up to the tail.
    pub(crate) fn retained(&self) -> usize {
        let _pin = self.pin();
        let tail = self.pinned_tail();
        // SAFETY: the pin keeps the tail block alive.
        let start = unsafe { tail.block().header() }.start();
        // Relaxed: only a number. The head may have passed the tail that was read before.
        let head = self.head_start.load(Ordering::Relaxed);
        let held = start.wrapping_add(tail.slot()).wrapping_sub(head);
        if held > isize::MAX as usize { 0 } else { held }
    }

    /// Sets the clone functions. The caller counts the second reader afterwards.
    pub(crate) fn set_clone(&self)
    where
        T: Clone,
    {
        self.clone_fn.set();
        self.clone_run.set();
    }
}
