//! `BoundedPusher`, the handle that pushes into a bounded list.
//!
//! `push.rs`, `push_all.rs` and `reserve.rs` hold the operations that wait.

use core::fmt;

use aiter_core::{PushError, Pusher, TryPushError, push_list};

use crate::{
    bounded::{
        closed::Closed,
        cursor::BoundedCursor,
        error::TryReserveError,
        gate::Gate,
        list::{BoundedList, Place},
    },
    sync::Arc,
    util::nonzero,
};

/// Makes an empty list for at most `cap` unread items, and returns its first pusher and cursor.
///
/// A push waits while a cursor has not read `cap` items, so the slowest cursor governs. Permits
/// count as unread items. Everything else is as in [`push_list`]: the cursors receive the items in
/// one order, and [`fork`](BoundedCursor::fork) takes constant time at any backlog.
///
/// # Memory
/// An item that all cursors have read is dropped as in an unbounded list. A list with two or more
/// cursors keeps read items until their block is left, which is up to 56 items beside the unread
/// ones.
///
/// # Panics
/// Panics if `cap` is 0.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded;
/// use futures_util::{StreamExt, future};
///
/// # futures_executor::block_on(async {
/// let (pusher, cursor) = bounded(4);
/// let producer = async move {
///     for n in 0..100 {
///         pusher.push(n).await.expect("the list has a cursor");
///     }
/// }; // the last pusher is dropped: the list stops
/// let consumer = cursor.fold(0, |sum, n| future::ready(sum + n));
/// assert_eq!(future::join(producer, consumer).await.1, 4950);
/// # });
/// ```
#[track_caller]
#[doc(alias = "channel")]
#[doc(alias = "sync_channel")]
#[doc(alias = "broadcast")]
pub fn bounded<T>(cap: usize) -> (BoundedPusher<T>, BoundedCursor<T>) {
    let cap = nonzero(cap, "cap").get();
    let (core, cursor) = push_list();
    let (gate, cell) = Gate::new(cursor.index(), cap);
    let list = Arc::new(BoundedList { gate, pusher: core.downgrade() });
    let place = Place { list: list.clone(), cell };
    (BoundedPusher { list, core }, BoundedCursor::new(cursor, place))
}

/// A handle that appends items to a bounded list; made by [`bounded`].
///
/// Clones push into the same list. Dropping the last pusher stops the list, as [`stop`](Self::stop)
/// does. An [`OwnedPermit`](crate::OwnedPermit) is a pusher, too.
///
/// # Progress
/// A push that finds room takes no lock, unless it is the first to find out that the slowest cursor
/// has moved. A read takes no lock unless a producer waits for exactly this step. The other
/// operations take a short lock, under which no user code runs.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded;
///
/// let (pusher, mut cursor) = bounded(2);
/// pusher.try_push(1)?;
/// pusher.try_push(2)?;
/// assert!(pusher.try_push(3).unwrap_err().is_full());
/// assert_eq!(cursor.try_next(), Ok(1));
/// pusher.try_push(3)?;
/// # Ok::<(), aiter_core::TryPushError<i32>>(())
/// ```
#[doc(alias = "Sender")]
pub struct BoundedPusher<T> {
    pub(super) list: Arc<BoundedList<T>>,
    pub(super) core: Pusher<T>,
}

impl<T> BoundedPusher<T> {
    /// Appends an item if there is room and no request waits in line.
    ///
    /// Never waits. A `try_push` that finds a task in line does not overtake it, also if the task
    /// was granted room and has not been polled since. Does not allocate after
    /// [`preallocate`](Self::preallocate). Lock-free if there is room by the last known position of
    /// the slowest cursor. Otherwise scans the cursors under a lock.
    ///
    /// # Errors
    /// - Returns [`TryPushError::Full`] with the item if there is no room or a request waits.
    /// - Returns [`TryPushError::Stopped`] with the item if the list is stopped.
    /// - Returns [`TryPushError::NoCursor`] with the item if the list has no cursor.
    ///
    /// # Panics
    /// Panics if the waker of a waiting task panics. The item is pushed, and all other tasks are
    /// woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(1);
    /// pusher.try_push("first")?;
    /// assert_eq!(pusher.try_push("second").unwrap_err().into_inner(), "second");
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_send")]
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        match self.list.gate.try_admit(1, 1) {
            Ok(_) => self.push_admitted(item).map_err(|error| match error {
                PushError::Stopped(item) => TryPushError::Stopped(item),
                PushError::NoCursor(item) => TryPushError::NoCursor(item),
            }),
            Err(TryReserveError::Full) => Err(TryPushError::Full(item)),
            Err(TryReserveError::Stopped) => Err(TryPushError::Stopped(item)),
            Err(TryReserveError::NoCursor) => Err(TryPushError::NoCursor(item)),
        }
    }

    /// Appends an item into a place that is admitted. If the list refuses the item, returns the
    /// place.
    pub(super) fn push_admitted(&self, item: T) -> Result<(), PushError<T>> {
        self.core.push(item).inspect_err(|_| self.list.gate.release(1))
    }

    /// Returns how many items could be pushed now: 0 while a request waits in line.
    ///
    /// Scans the cursors under a lock.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(3);
    /// pusher.try_push(1)?;
    /// assert_eq!((pusher.capacity(), pusher.max_capacity(), pusher.len()), (2, 3, 1));
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn capacity(&self) -> usize {
        self.list.gate.room()
    }

    /// Returns the largest number of unread items. Wait-free.
    ///
    /// This is the `cap` of [`bounded`], or a quarter of the range of counts if that is less.
    pub fn max_capacity(&self) -> usize {
        self.list.gate.cap()
    }

    /// Returns how many places are in use: items that a cursor has not read, and permits.
    ///
    /// Scans the cursors under a lock. Returns 0 if the list has no cursor.
    pub fn len(&self) -> usize {
        self.list.gate.used()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until the list accepts no items: it is stopped, or its last cursor is dropped.
    ///
    /// If `subscribe` revives the list after the wake-up and before the poll, the future is still
    /// ready.
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// assert_eq!(pusher.closed().now_or_never(), None);
    /// drop(cursor);
    /// assert_eq!(pusher.closed().now_or_never(), Some(()));
    /// ```
    pub fn closed(&self) -> Closed<'_> {
        Closed::new(&self.list.gate)
    }

    /// Stops the list and wakes every waiting task.
    ///
    /// Every cursor still receives the items that were pushed before. Later pushes are refused, and
    /// so are the pushes that wait and the permits that are out. A second call has no effect.
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use aiter_core::TryNextError;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push(1)?;
    /// pusher.stop();
    /// assert_eq!(pusher.try_push(2).unwrap_err().into_inner(), 2);
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn stop(&self) {
        self.list.stop(&self.core);
    }

    /// Returns `true` if the list was stopped. Wait-free.
    pub fn is_stopped(&self) -> bool {
        self.core.is_stopped()
    }

    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Takes constant time at any backlog, under a short lock. If the list had no cursor, it accepts
    /// items again. From now on, pushes also wait for the new cursor; see [`BoundedCursor::fork`].
    ///
    /// # Panics
    /// Panics as [`Pusher::subscribe`] does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(2);
    /// pusher.try_push("early")?;
    /// let mut late = pusher.subscribe();
    /// pusher.try_push("late")?;
    /// assert_eq!((cursor.try_next(), late.try_next()), (Ok("early"), Ok("late")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "tail")]
    pub fn subscribe(&self) -> BoundedCursor<T>
    where
        T: Clone + Sync,
    {
        BoundedCursor::subscribe(&self.list, &self.core)
    }

    /// Links memory for `max_capacity` items, so that later calls of [`try_push`](Self::try_push)
    /// allocate nothing.
    ///
    /// # Panics
    /// Panics as [`Pusher::reserve`] does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(256);
    /// pusher.preallocate();
    /// pusher.try_push(1)?;
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[track_caller]
    #[doc(alias = "with_capacity")]
    pub fn preallocate(&self) {
        self.core.reserve(self.max_capacity());
    }

    /// Returns the number of cursors of the list. A shared cursor counts once. Wait-free.
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.core.cursor_count()
    }

    /// Returns the number of pushers of the list. Each [`OwnedPermit`](crate::OwnedPermit) counts as
    /// a pusher. Wait-free.
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.core.pusher_count()
    }

    /// Returns `true` if both pushers push into the same list. Wait-free.
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        self.core.same_list(&other.core)
    }
}

impl<T> Clone for BoundedPusher<T> {
    /// Makes another pusher of the same list. Wait-free.
    fn clone(&self) -> Self {
        Self { list: self.list.clone(), core: self.core.clone() }
    }
}

impl<T> fmt::Debug for BoundedPusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedPusher")
            .field("max_capacity", &self.max_capacity())
            .field("is_stopped", &self.is_stopped())
            .field("cursors", &self.cursor_count())
            .finish_non_exhaustive()
    }
}
