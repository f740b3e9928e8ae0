//! `BoundedPusher`, the handle that pushes into a bounded list.
//!
//! `push.rs`, `push_all.rs` and `reserve.rs` hold the operations that wait, `control.rs` the
//! methods that manage the list.

use core::fmt;

use aiter_core::{PushError, Pusher, TryPushError, push_list};

use crate::{
    bounded::{
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
/// Requires the feature `std` or the feature `critical-section`.
///
/// A push waits while a cursor has not read `cap` items, so the slowest cursor governs. Permits
/// count as unread items. Everything else is as in [`push_list`]: the cursors receive the items in
/// one order, and [`fork`](BoundedCursor::fork) takes constant time at any backlog.
///
#[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/bounded.svg"))]
///
/// # Memory
/// An item that all cursors have read is dropped as in an unbounded list. A list with two or more
/// cursors keeps read items until their block is left, which is up to 61 items beside the unread
/// ones, and fewer if items are large.
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
/// A dropped request passes its room on, and calls the waker of the next request. If that waker
/// drops its task at once, as a waker of an executor that has shut down may, the drop passes the
/// room on in turn. These calls nest, so a line of some thousand such tasks overflows the stack.
///
/// Without the feature `std`, the lock is a critical section. It lasts for a scan of the cursors
/// and a few steps for each request that is answered. It allocates if the registry of cursors or
/// the line of requests has to grow.
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
    /// Without the feature `std`, an interrupt handler may call this. After `preallocate`, it
    /// neither allocates nor frees there.
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
            Ok(_) => self.push_linked(item).map_err(|error| match error {
                PushError::Stopped(item) => TryPushError::Stopped(item),
                PushError::NoCursor(item) => TryPushError::NoCursor(item),
            }),
            Err(TryReserveError::Full) => Err(TryPushError::Full(item)),
            Err(TryReserveError::Stopped) => Err(TryPushError::Stopped(item)),
            Err(TryReserveError::NoCursor) => Err(TryPushError::NoCursor(item)),
        }
    }

    /// Does the same as `push_admitted`. Without `std` it may run in an interrupt handler, so it
    /// allocates only if no memory is linked, and leaves to the cursors what is to be freed.
    fn push_linked(&self, item: T) -> Result<(), PushError<T>> {
        if cfg!(feature = "std") {
            return self.push_admitted(item);
        }
        match self.core.try_push(item) {
            Ok(()) => Ok(()),
            // No memory is linked. There is room in the list.
            Err(TryPushError::Full(item)) => self.push_admitted(item),
            Err(TryPushError::Stopped(item)) => {
                self.list.gate.release(1);
                Err(PushError::Stopped(item))
            }
            Err(TryPushError::NoCursor(item)) => {
                self.list.gate.release(1);
                Err(PushError::NoCursor(item))
            }
        }
    }

    /// Appends an item into a place that is admitted. If the list refuses the item, returns the
    /// place.
    pub(super) fn push_admitted(&self, item: T) -> Result<(), PushError<T>> {
        self.core.push(item).inspect_err(|_| self.list.gate.release(1))
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
