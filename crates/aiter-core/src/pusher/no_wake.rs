//! A push list whose cursors never sleep, so a push need not learn whether one does.
//!
//! # Why a store may publish
//! Any other list publishes by a read-modify-write of the block's state
//! word, because a cursor may set a flag in it at the same time. Here no party but the pusher
//! changes that word while an item is pushed beside a cursor at the tail:
//! - No cursor sets `WAITING`, because a [`NoWakeCursor`] is not polled.
//! - No cursor sets `ORPHANED`, because the cursor at the tail is borrowed and counts in the block.
//!   So a cursor that leaves the block is not the last one.
//! - No cursor takes `ORPHANED` away, because there is no `subscribe`. `drop_unreadable` takes it
//!   away, too, but only this pusher calls that.
//! - No other producer publishes, because a [`NoWakePusher`] is not cloned and pushes by
//!   `&mut self`.

use core::fmt;

use crate::{
    error::PushError,
    list::{List, position::RawCursor},
    pusher::{Pusher, push_list, unique::UniquePusher},
    sync::Arc,
};

/// An empty push list for an adapter that wakes its tasks itself: the handle that pushes and the
/// cursor that reads.
///
/// As [`push_list`], but its cursors are not streams. A push wakes no task and costs no atomic
/// read-modify-write if the cursor beside it has read all. A task that waits for items sleeps
/// elsewhere, for example at the [`PollLock`](crate::task::PollLock) that the pusher is in.
///
/// # Examples
/// ```
/// use aiter_core::task::no_wake_list;
///
/// let (mut pusher, mut one) = no_wake_list();
/// let mut two = one.fork();
/// pusher.push_with_hint(&one, 1)?;
/// assert_eq!((one.next_ready(), two.next_ready()), (Some(1), Some(1)));
/// drop(pusher);
/// assert!(one.is_drained());
/// # Ok::<(), aiter_core::PushError<i32>>(())
/// ```
pub fn no_wake_list<T>() -> (NoWakePusher<T>, NoWakeCursor<T>) {
    let (pusher, cursor) = push_list();
    let (list, raw) = cursor.into_parts();
    (NoWakePusher(pusher), NoWakeCursor { list, raw })
}

/// The only pusher of a [`no_wake_list`].
///
/// Dropping it ends the list, as [`stop`](Self::stop) does.
pub struct NoWakePusher<T>(Pusher<T>);

impl<T> NoWakePusher<T> {
    /// Appends an item.
    ///
    /// Without an atomic read-modify-write if `reader` has read all and is not at the end of a
    /// block, else with one. The item is appended also if `reader` has items left, or belongs to
    /// another list. Wait-free, except for the last slot of a block, where it may allocate.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor left.
    #[inline(always)]
    pub fn push_with_hint(
        &mut self,
        reader: &NoWakeCursor<T>,
        item: T,
    ) -> Result<(), PushError<T>> {
        if !self.is_at_tail(reader) {
            return self.push(item);
        }
        let mut place = reader.raw.place();
        // First, as it may unwind.
        let to = self.0.list.unique_place_after(place, 1);
        let (block, slot) = place;
        // SAFETY: the slot is the tail's, and the list is not stopped. No other party pushes, so
        // the slot is this call's, and the reader's count keeps the block alive.
        unsafe { block.write(slot, item) };
        let claim = self.0.list.advance_unique(&mut place, to, 1);
        // SAFETY: the slot is claimed and filled. The reader has read the slots before it, so they
        // are published. No other party changes the state word: see the head of this file.
        unsafe { claim.block.publish_by_store(claim.slot) };
        Ok(())
    }

    /// `push_with_hint` without a cursor at the tail.
    #[cold]
    fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        UniquePusher::new(&self.0.list).push(item)
    }

    /// Returns `true` if the reader is where the next item goes, and the list takes one.
    #[inline(always)]
    fn is_at_tail(&self, reader: &NoWakeCursor<T>) -> bool {
        let (block, slot) = reader.raw.place();
        core::ptr::eq(&raw const *self.0.list, &raw const *reader.list)
            && self.0.list.unique_tail().is_at(block, slot)
    }

    /// Returns `true` if `reader`, a cursor of this list, has read all that was pushed.
    #[inline(always)]
    pub fn is_caught_up(&self, reader: &NoWakeCursor<T>) -> bool {
        let (block, slot) = reader.raw.place();
        // One comparison in the common case.
        self.0.list.unique_tail().is_at(block, slot) || reader.lag() == 0
    }

    /// Number of cursors of the list.
    #[inline(always)]
    pub fn cursor_count(&self) -> usize {
        self.0.cursor_count()
    }

    #[cfg(test)]
    pub(crate) fn into_inner(self) -> Pusher<T> {
        self.0
    }

    /// Ends the list: cursors read what was pushed before. A second call does nothing.
    pub fn stop(&mut self) {
        self.0.stop();
    }
}

impl<T> fmt::Debug for NoWakePusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoWakePusher")
            .field("is_stopped", &self.0.is_stopped())
            .field("cursors", &self.0.cursor_count())
            .finish_non_exhaustive()
    }
}

/// A reading position in a [`no_wake_list`]. It is no stream, because no push wakes a task.
///
/// As a [`Cursor`](crate::Cursor), it moves items if it is the only one, and clones them else.
///
/// # Panics
/// Each way to read panics if `T::clone` does, or the drop of an item that all cursors
/// have read. If `T::clone` panics, the item is still to be read.
#[must_use = "a cursor that is not read keeps what it has not read in memory"]
pub struct NoWakeCursor<T> {
    list: Arc<List<T>>,
    raw: RawCursor<T>,
}

impl<T> NoWakeCursor<T> {
    /// Takes the next item if one is ready.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn next_ready(&mut self) -> Option<T> {
        self.raw.pop(&self.list)
    }

    /// Lets [`next_fast`](Self::next_fast) give no answer until [`wake_up`](Self::wake_up).
    ///
    /// For a task that goes to sleep and must see to its waker when it finds an item.
    pub fn set_idle(&mut self) {
        self.raw.set_idle();
    }

    /// Ends what [`set_idle`](Self::set_idle) began.
    pub fn set_active(&mut self) {
        self.raw.set_active();
    }

    /// Returns `true` between [`set_idle`](Self::set_idle) and [`wake_up`](Self::wake_up).
    pub fn is_idle(&self) -> bool {
        self.raw.is_idle()
    }

    /// Returns the answer of [`next_ready`](Self::next_ready) if a few instructions give it.
    ///
    /// The outer `None` is no answer: the caller asks `next_ready`, out of line. If the answer is
    /// that no item is ready, the cursor keeps the items that it has read until `next_ready` says
    /// so too. Wait-free.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn next_fast(&mut self) -> Option<Option<T>> {
        self.raw.pop_fast_shared()
    }

    /// Returns a second cursor at the same position. As [`Cursor::fork`](crate::Cursor::fork).
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`](crate::Cursor::fork) does.
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        self.list.set_clone();
        let raw = self.raw.fork();
        self.list.add_cursor();
        Self { list: self.list.clone(), raw }
    }

    /// Number of items that were pushed, and that this cursor has not read.
    pub fn lag(&self) -> usize {
        self.raw.distance(&self.list)
    }

    /// Returns `true` if [`next_ready`](Self::next_ready) would return an item.
    pub fn has_ready(&self) -> bool {
        self.raw.has_ready()
    }

    /// Returns `true` if the list was stopped, also with items left to read.
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }

    /// Returns `true` if the list was stopped and this cursor has read all items.
    pub fn is_drained(&self) -> bool {
        self.raw.is_drained(&self.list)
    }

    /// Returns how many items are left: [`lag`](Self::lag), and no more if the list was stopped.
    pub fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the stop the number only falls.
        let is_stopped = self.is_stopped();
        let lag = self.lag();
        (lag, is_stopped.then_some(lag))
    }
}

impl<T> Drop for NoWakeCursor<T> {
    fn drop(&mut self) {
        // First: from here on a push may find that the list has no cursor.
        self.list.remove_cursor();
        // SAFETY: the cursor is being dropped, so the position is not used again.
        unsafe { self.raw.give_up(&self.list) };
    }
}

impl<T> fmt::Debug for NoWakeCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoWakeCursor")
            .field("lag", &self.lag())
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
