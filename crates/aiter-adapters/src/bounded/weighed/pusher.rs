//! `WeighedPusher`, the handle that pushes into a weighed list.
//!
//! `push.rs` and `reserve.rs` hold the operations that wait, `control.rs` the methods that manage
//! the list.

use core::fmt;

use aiter_core::{PushError, TryPushError};

use crate::{
    bounded::{
        error::TryReserveError,
        pusher::{BoundedPusher, bounded},
        weighed::{Weighed, cursor::WeighedCursor, push_admitted},
    },
    sync::Arc,
};

/// Makes an empty list for unread items of a total weight of at most `cap`, and returns its first
/// pusher and cursor.
///
/// Requires the feature `std` or the feature `critical-section`.
///
/// `weigh` returns the weight of an item, for example its size in bytes. A push waits while the
/// items that a cursor has not read are too heavy for it, so the slowest cursor governs. Permits
/// count as unread items. Everything else is as in [`bounded`].
///
#[cfg_attr(not(rust_analyzer), doc = include_str!("../../../docs/marbles/bounded_weighed.svg"))]
///
/// # Weights
/// - The producer calls `weigh` once for each item, before it waits and under no lock. The result
///   is stored beside the item, so a later result of `weigh` has no effect.
/// - An item of weight 0 counts as 1. So `cap` also bounds the number of items.
/// - An item that is heavier than `cap` counts as `cap`. It passes alone: it waits until all other
///   items are read, and the next item waits until it is read.
/// - An item counts until the slowest cursor has read it. Its reader may keep it for longer.
///
/// # Late cursors
/// There is no `subscribe`. The weights of pushes that are not finished are unknown at the tail, so
/// a cursor that enters there could not tell how much is before it. Keep a cursor, and
/// [`fork`](WeighedCursor::fork) it instead. The fork may
/// [`seek_to_end`](WeighedCursor::seek_to_end). A list whose last cursor is dropped never accepts
/// items again.
///
/// # Memory
/// With one cursor, each item is moved out when it is read. A list with two or more cursors keeps
/// read items until their block is left, or until each cursor has found nothing to read. Their
/// weight is not counted: up to 61 items, and fewer if items are large. Each cursor receives a
/// clone. So put heavy items behind an `Arc`, or push handles such as `bytes::Bytes`. The clones
/// and the item that is kept then share one allocation.
///
/// # Panics
/// Panics if `cap` is 0.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded_by;
/// use futures_util::{StreamExt, future};
///
/// # futures_executor::block_on(async {
/// let (pusher, cursor) = bounded_by(1024, Vec::len); // 1024 bytes
/// let producer = async move {
///     for n in 0..100 {
///         pusher.push(vec![0_u8; n]).await.expect("the list has a cursor");
///     }
/// }; // the last pusher is dropped: the list stops
/// let consumer = cursor.fold(0, |sum, page| future::ready(sum + page.len()));
/// assert_eq!(future::join(producer, consumer).await.1, 4950);
/// # });
/// ```
#[track_caller]
#[doc(alias = "channel")]
#[doc(alias = "bounded_bytes")]
#[doc(alias = "weighted")]
pub fn bounded_by<T, W>(cap: usize, weigh: W) -> (WeighedPusher<T, W>, WeighedCursor<T>)
where
    W: Fn(&T) -> usize,
{
    let (inner, cursor) = bounded(cap);
    (WeighedPusher { inner, weigh: Arc::new(weigh) }, WeighedCursor::new(cursor))
}

/// A handle that appends items to a weighed list; made by [`bounded_by`].
///
/// Clones push into the same list and use the same weight function. Dropping the last pusher stops
/// the list, as [`stop`](Self::stop) does. A program that stores the pusher names the type of the
/// function: `WeighedPusher<Vec<u8>, fn(&Vec<u8>) -> usize>`.
///
/// # Progress
/// As those of a [`BoundedPusher`](crate::BoundedPusher).
///
/// # Examples
/// ```
/// use aiter_adapters::bounded_by;
///
/// let (pusher, mut cursor) = bounded_by(10, String::len);
/// pusher.try_push("12345678".to_owned())?;
/// assert!(pusher.try_push("123".to_owned()).unwrap_err().is_full());
/// pusher.try_push("12".to_owned())?;
/// assert_eq!(cursor.try_next().as_deref(), Ok("12345678"));
/// assert_eq!((pusher.used(), pusher.capacity()), (2, 8));
/// # Ok::<(), aiter_core::TryPushError<String>>(())
/// ```
#[doc(alias = "Sender")]
pub struct WeighedPusher<T, W> {
    pub(super) inner: BoundedPusher<Weighed<T>>,
    weigh: Arc<W>,
}

impl<T, W> WeighedPusher<T, W> {
    /// Returns the weight that the list counts for an item of weight `weight`.
    pub(super) fn clamp(&self, weight: usize) -> usize {
        weight.clamp(1, self.inner.max_capacity())
    }
}

impl<T, W: Fn(&T) -> usize> WeighedPusher<T, W> {
    /// Calls the weight function, which is user code.
    #[inline]
    pub(super) fn weigh(&self, item: T) -> Weighed<T> {
        let weight = self.clamp((self.weigh)(&item));
        Weighed { item, weight }
    }

    /// Appends an item if there is room for its weight and no request waits in line.
    ///
    /// Never waits. A `try_push` that finds a task in line does not overtake it, also if the item
    /// is light. Lock-free if there is room by the last known position of the slowest cursor.
    /// Otherwise scans the cursors under a lock.
    ///
    /// # Errors
    /// - Returns [`TryPushError::Full`] with the item if there is no room or a request waits.
    /// - Returns [`TryPushError::Stopped`] with the item if the list is stopped.
    /// - Returns [`TryPushError::NoCursor`] with the item if the list has no cursor.
    ///
    /// # Panics
    /// Panics if the weight function panics. The item is then dropped. Panics if the waker of a
    /// waiting task panics. The item is pushed, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(8, |word: &&str| word.len());
    /// pusher.try_push("longer than the capacity")?; // alone
    /// assert_eq!(pusher.try_push("").unwrap_err().into_inner(), "");
    /// # drop(cursor);
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_send")]
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        let weighed = self.weigh(item);
        match self.inner.list.gate.try_admit(weighed.weight, weighed.weight) {
            Ok(_) => push_admitted(&self.inner, weighed).map_err(|error| match error {
                PushError::Stopped(item) => TryPushError::Stopped(item),
                PushError::NoCursor(item) => TryPushError::NoCursor(item),
            }),
            Err(TryReserveError::Full) => Err(TryPushError::Full(weighed.item)),
            Err(TryReserveError::Stopped) => Err(TryPushError::Stopped(weighed.item)),
            Err(TryReserveError::NoCursor) => Err(TryPushError::NoCursor(weighed.item)),
        }
    }
}

impl<T, W> Clone for WeighedPusher<T, W> {
    /// Makes another pusher of the same list. Wait-free.
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), weigh: self.weigh.clone() }
    }
}

impl<T, W> fmt::Debug for WeighedPusher<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeighedPusher")
            .field("max_capacity", &self.max_capacity())
            .field("is_stopped", &self.is_stopped())
            .field("cursors", &self.cursor_count())
            .finish_non_exhaustive()
    }
}
