//! A push list whose cursors register no wakers, for adapters that wake their tasks themselves.
//!
//! # Why a store may publish
//! Other lists publish with a read-modify-write of the block's state word, because a cursor may set
//! a flag in it at the same time. Here, [`NoWakePusher::push_with_hint`] may publish with a store
//! if the borrowed cursor is at the tail. No other party changes the state word then:
//! - No cursor sets `WAITING`, because a [`NoWakeCursor`] cannot be polled.
//! - No cursor sets `ORPHANED`, because the borrowed cursor holds a count of the block. So a cursor
//!   that leaves the block is not the last one.
//! - No cursor clears `ORPHANED`, because a cursor can only be forked, not subscribed.
//!   `drop_unreadable` clears it as well, but only this pusher calls `drop_unreadable`.
//! - No other producer publishes, because a [`NoWakePusher`] cannot be cloned and pushes by `&mut
//!   self`.

use core::fmt;

use crate::{
    error::PushError,
    list::{List, position::RawCursor},
    pusher::{Pusher, push_list, unique::UniquePusher},
    sync::Arc,
};

/// Makes an empty push list that wakes no task, and returns its pusher and its first cursor.
///
/// Its cursors are not streams, unlike the cursors of [`push_list`]. If the cursor that is passed
/// to a push has read every item, the push costs no atomic read-modify-write. A task that waits for
/// items registers elsewhere, for example with the [`PollLock`](crate::task::PollLock) that holds
/// the pusher.
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
/// Dropping it stops the list, as [`stop`](Self::stop) does.
pub struct NoWakePusher<T>(Pusher<T>);

impl<T> NoWakePusher<T> {
    /// Appends an item, without an atomic read-modify-write if `reader` has read every item.
    ///
    /// If `reader` has unread items, is at the end of a block, or belongs to another list, the push
    /// costs one read-modify-write. Wait-free, except that the last item of a block may allocate.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor.
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
        // Before the item is written, because the allocation may unwind.
        let to = self.0.list.unique_place_after(place, 1);
        let (block, slot) = place;
        // SAFETY: the slot is at the tail of a list that is not stopped, and no other party pushes.
        // So it belongs to this call. The count of `reader` keeps the block alive.
        unsafe { block.write(slot, item) };
        let claim = self.0.list.advance_unique(&mut place, to, 1);
        // SAFETY: this call has claimed and filled the slot. `reader` has read the slots before it,
        // so they are published. No flag is set, and no other party changes the state word: see the
        // head of this file.
        unsafe { claim.block.publish_by_store(claim.slot) };
        Ok(())
    }

    /// Appends an item with a read-modify-write, if `reader` is not at the tail.
    #[cold]
    fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        UniquePusher::new(&self.0.list).push(item)
    }

    /// Returns `true` if the list accepts items and `reader` is a cursor of it at the tail.
    #[inline(always)]
    fn is_at_tail(&self, reader: &NoWakeCursor<T>) -> bool {
        let (block, slot) = reader.raw.place();
        core::ptr::eq(&raw const *self.0.list, &raw const *reader.list)
            && self.0.list.unique_tail().is_at(block, slot)
    }

    /// Returns `true` if `reader`, a cursor of this list, has read every item. Wait-free.
    #[inline(always)]
    pub fn is_caught_up(&self, reader: &NoWakeCursor<T>) -> bool {
        let (block, slot) = reader.raw.place();
        // In the common case the first comparison decides.
        self.0.list.unique_tail().is_at(block, slot) || reader.lag() == 0
    }

    /// Returns the number of cursors of the list. Wait-free.
    #[inline(always)]
    pub fn cursor_count(&self) -> usize {
        self.0.list.cursor_count_unclosed()
    }

    #[cfg(test)]
    pub(crate) fn into_inner(self) -> Pusher<T> {
        self.0
    }

    /// Stops the list. Cursors still receive the items that were pushed before. A second call has
    /// no effect.
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

/// A reading position in a [`no_wake_list`]. It is not a stream, because no push wakes a task.
///
/// The only cursor of a list moves items out. With two or more cursors, items are cloned.
///
/// # Panics
/// Every method that reads panics if `T::clone` panics; the item is then still to be read. It
/// panics if `T::drop` panics for an item that all cursors have read.
#[must_use = "a cursor that is not read keeps its unread items in memory"]
pub struct NoWakeCursor<T> {
    list: Arc<List<T>>,
    raw: RawCursor<T>,
}

impl<T> NoWakeCursor<T> {
    /// Takes the next item if one is ready. Wait-free inside a run of ready items, otherwise
    /// lock-free.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn next_ready(&mut self) -> Option<T> {
        self.raw.pop(&self.list)
    }

    /// Makes [`next_fast`](Self::next_fast) return `None` until [`set_active`](Self::set_active) is
    /// called.
    ///
    /// A task calls it before it sleeps. Its next read then takes the slow path, on which the task
    /// drops its called waker.
    pub fn set_idle(&mut self) {
        self.raw.set_idle();
    }

    /// Ends the state that [`set_idle`](Self::set_idle) began.
    pub fn set_active(&mut self) {
        self.raw.set_active();
    }

    /// Returns `true` between [`set_idle`](Self::set_idle) and [`set_active`](Self::set_active).
    pub fn is_idle(&self) -> bool {
        self.raw.is_idle()
    }

    /// Returns the result of [`next_ready`](Self::next_ready) if the fast path has it.
    ///
    /// If the outer option is `None`, the result is not known and the caller calls `next_ready` out
    /// of line. After `Some(None)`, the items that the cursor has read are kept until `next_ready`
    /// also finds nothing. Wait-free.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn next_fast(&mut self) -> Option<Option<T>> {
        self.raw.pop_fast_shared()
    }

    /// Makes a second cursor at the same position. Wait-free.
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`](crate::Cursor::fork) does.
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        Self { list: self.list.clone(), raw: self.raw.fork(&self.list) }
    }

    /// Returns the number of items that were pushed and that this cursor has not read. Wait-free.
    pub fn lag(&self) -> usize {
        self.raw.distance(&self.list)
    }

    /// Returns `true` if [`next_ready`](Self::next_ready) would return an item. Wait-free.
    pub fn has_ready(&self) -> bool {
        self.raw.has_ready()
    }

    /// Returns `true` if the list was stopped, also with items left to read. Wait-free.
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }

    /// Returns `true` if the list was stopped and this cursor has read every item. Wait-free.
    pub fn is_drained(&self) -> bool {
        self.raw.is_drained(&self.list)
    }

    /// Returns [`lag`](Self::lag) as the lower bound of the items to come. Once the list is
    /// stopped, it is exact.
    pub fn size_hint(&self) -> (usize, Option<usize>) {
        // The mark is read before `lag`, because after the stop `lag` only falls.
        let is_stopped = self.is_stopped();
        let lag = self.lag();
        (lag, is_stopped.then_some(lag))
    }
}

impl<T> Drop for NoWakeCursor<T> {
    fn drop(&mut self) {
        // First, so that a push that begins later finds no cursor.
        // No task waits with `closed`, because the pusher has no such method.
        _ = self.list.remove_cursor();
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
