//! How cursors come to a list, and how many there are.

use crate::{
    error::PushErrorKind,
    list::{List, block::Block},
    sync::Ordering,
};

impl<T> List<T> {
    /// Enters the list at its end. Returns the block, of which the caller then owns a count, and
    /// how many of its items, and of those behind, it must step over.
    ///
    /// # Panics
    /// As `Readers::enter`; then nobody has come in, and the pin is gone.
    pub(crate) fn enter(&self) -> (Block<T>, usize) {
        let _pin = self.pin();
        let mut block = self.pinned_tail().block();
        // SAFETY: pinned: the tail's block and all that follow stay. The count that the last cursor of
        // an abandoned list left behind is as good as a new one, and then we may be alone.
        unsafe {
            while !(block.header().adopt() || block.header().readers.try_acquire()) {
                block = block.next().expect("a retired block has a next one");
            }
        }
        // Only now, and in this way: whoever claims a slot behind this tail knows of our count, so
        // a cursor that thinks that it is alone finds out before it moves that slot's item.
        let tail = self.pinned_tail();
        // SAFETY: ours now, and the tail's block is at or behind it.
        let (from, to) = unsafe { (block.header().start(), tail.block().header().start()) };
        let skip = to.wrapping_add(tail.slot()).wrapping_sub(from);
        // Relaxed: a number. The tail has made the reader known.
        self.cursors.fetch_add(1, Ordering::Relaxed);
        (block, skip)
    }

    /// True if nobody reads.
    #[inline(always)]
    pub(crate) fn has_no_cursor(&self) -> bool {
        self.cursor_count() == 0
    }

    /// The kind for want of a cursor. Cursors go away when the list has ended: then it is that, and
    /// who saw them gone sees the mark.
    #[cold]
    pub(crate) fn no_cursor_kind(&self) -> PushErrorKind {
        if self.tail().is_stopped() { PushErrorKind::Stopped } else { PushErrorKind::NoCursor }
    }

    #[inline(always)]
    pub(crate) fn cursor_count(&self) -> usize {
        // Acquire: partner of `remove_cursor`; a push after the last drop must see it.
        self.cursors.load(Ordering::Acquire)
    }

    /// Call it when the cursor has its count of a block: that may be refused.
    pub(crate) fn add_cursor(&self) {
        // Relaxed: the caller has one.
        self.cursors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_cursor(&self) {
        // Release: partner of `cursor_count`.
        self.cursors.fetch_sub(1, Ordering::Release);
    }

    /// From the oldest block that is still held to the tail, in items.
    pub(crate) fn retained(&self) -> usize {
        let _pin = self.pin();
        let tail = self.pinned_tail();
        // SAFETY: pinned.
        let start = unsafe { tail.block().header() }.start();
        // Relaxed: a number; the tail may have been read before the head went past it.
        let head = self.head_start.load(Ordering::Relaxed);
        let held = start.wrapping_add(tail.slot()).wrapping_sub(head);
        if held > isize::MAX as usize { 0 } else { held }
    }

    /// Remembers how to clone. Call it before the second reader is counted.
    pub(crate) fn set_clone(&self)
    where
        T: Clone,
    {
        self.clone_fn.set();
        self.clone_run.set();
    }
}
