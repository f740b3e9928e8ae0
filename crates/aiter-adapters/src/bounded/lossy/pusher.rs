//! `LossyPusher`, the handle that pushes into a lossy list.
//!
//! `push_all.rs` pushes iterators, and `control.rs` holds the methods that manage the list.

use core::fmt;

use aiter_core::{PushError, Pusher, TryPushError, push_list};

use crate::{
    bounded::lossy::{LossyPolicy, cursor::LossyCursor, list::LossyList},
    sync::Arc,
    util::nonzero,
};

/// Makes an empty list that keeps the newest `cap` items for cursors that lag, and returns its
/// first pusher and cursor.
///
/// A push never waits. If it leaves a cursor more than `cap` items behind, the [`LossyPolicy`]
/// decides what that cursor loses. Everything else is as in [`push_list`]: the cursors receive the
/// items in one order, and [`fork`](LossyCursor::fork) takes constant time at any backlog.
///
/// # Memory
/// If no cursor is ever read and all are made by [`fork`](LossyCursor::fork), at most
/// `cap + min(cap / 4, 32)` items are in memory after each push, and at most `cap` with
/// [`LossyPolicy::Disconnect`]. If one of two or more cursors is read or was made by
/// [`subscribe`](LossyPusher::subscribe), items that no cursor needs may stay until their block is
/// left. A block has up to 61 items.
///
/// A thread that is suspended inside a read, for example in `T::clone`, pins the items that are
/// pushed meanwhile. So does a push that is not finished. At `cap + 2^20` items,
/// [`LossyPusher::push`] fails.
///
/// # Panics
/// Panics if `cap` is 0.
///
/// # Examples
/// ```
/// use aiter_adapters::{LossyPolicy, bounded_lossy};
///
/// let (pusher, mut reader) = bounded_lossy(8, LossyPolicy::DropOldest);
/// let stuck = reader.fork();
/// for n in 0..1000 {
///     pusher.push(n)?;
///     assert_eq!(reader.try_next(), Ok(n));
/// }
/// assert!(stuck.is_lagged());
/// # Ok::<(), aiter_core::TryPushError<i32>>(())
/// ```
#[track_caller]
#[doc(alias = "broadcast")]
#[doc(alias = "channel")]
#[doc(alias = "ring_buffer")]
pub fn bounded_lossy<T>(cap: usize, policy: LossyPolicy) -> (LossyPusher<T>, LossyCursor<T>) {
    let cap = nonzero(cap, "cap").get();
    let (core, cursor) = push_list();
    let (list, seat) = LossyList::new(&core, cursor, cap, policy);
    (LossyPusher { list: list.clone(), core }, LossyCursor::new(list, seat))
}

/// A handle that appends items to a lossy list; made by [`bounded_lossy`].
///
/// Clones push into the same list. Dropping the last pusher stops the list, as [`stop`](Self::stop)
/// does.
///
/// # Progress
/// A push takes no lock if every cursor is at most `cap` items behind by its last known position.
/// Otherwise it looks at each cursor that is not cut, under a short lock, under which no user code
/// runs. The time grows with the number of these cursors.
///
/// A cursor that is cut costs nothing until it is read or dropped. If a thousand cursors at one
/// position are never read, one push cuts all of them. If they are at as many positions, a thousand
/// pushes cut one each, and look at the rest.
///
/// # Examples
/// ```
/// use aiter_adapters::{LossyPolicy, bounded_lossy};
///
/// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
/// for n in 1..=3 {
///     pusher.push(n)?;
/// }
/// assert_eq!(cursor.try_next(), Ok(2));
/// # Ok::<(), aiter_core::TryPushError<i32>>(())
/// ```
#[doc(alias = "Sender")]
pub struct LossyPusher<T> {
    pub(super) list: Arc<LossyList<T>>,
    pub(super) core: Pusher<T>,
}

impl<T> LossyPusher<T> {
    /// Appends an item and wakes the tasks that wait for it. Never waits.
    ///
    /// Cuts each cursor that is now more than `cap` items behind, unless a thread is in the middle
    /// of a read of that cursor. Drops the items that no cursor needs any more. Allocates as
    /// [`Pusher::push`] does, when it cuts a cursor, and when it drops more than one item.
    ///
    /// # Errors
    /// - Returns [`TryPushError::Full`] with the item if a read or a push that does not return pins
    ///   `cap + 2^20` items, for example because `T::clone` waits for ever. The end of that read or
    ///   push ends this state.
    /// - Returns [`TryPushError::Stopped`] with the item if the list is stopped.
    /// - Returns [`TryPushError::NoCursor`] with the item if the list has no cursor. A cursor that
    ///   was cut off by [`LossyPolicy::Disconnect`] does not count.
    ///
    /// # Panics
    /// Panics if the waker of a waiting task or the drop of an item panics. The item is pushed, and
    /// all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use aiter_core::TryPushError;
    ///
    /// let (pusher, cursor) = bounded_lossy(1, LossyPolicy::Disconnect);
    /// pusher.push(1)?;
    /// pusher.push(2)?; // the only cursor is cut off
    /// assert_eq!(pusher.push(3), Err(TryPushError::NoCursor(3)));
    /// assert!(cursor.is_lagged());
    /// # Ok::<(), TryPushError<i32>>(())
    /// ```
    #[doc(alias = "send")]
    #[doc(alias = "force_send")]
    #[inline]
    pub fn push(&self, item: T) -> Result<(), TryPushError<T>> {
        if self.list.is_full(&self.core) {
            return Err(TryPushError::Full(item));
        }
        match self.core.push_indexed(item) {
            Ok(index) => {
                self.list.after_push(index);
                Ok(())
            }
            Err(PushError::Stopped(item)) => Err(TryPushError::Stopped(item)),
            Err(PushError::NoCursor(item)) => Err(TryPushError::NoCursor(item)),
        }
    }
}

impl<T> Clone for LossyPusher<T> {
    /// Makes another pusher of the same list. Wait-free.
    fn clone(&self) -> Self {
        Self { list: self.list.clone(), core: self.core.clone() }
    }
}

impl<T> fmt::Debug for LossyPusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossyPusher")
            .field("max_capacity", &self.max_capacity())
            .field("policy", &self.policy())
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
