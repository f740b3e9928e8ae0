//! `Pusher`, the handle that pushes into a list.
//!
//! `push_all.rs` pushes iterators, `control.rs` manages the list, `weak.rs` and `unique.rs` hold
//! the other handles.

use core::fmt;

use crate::{
    cursor::Cursor,
    error::{PushError, TryPushError},
    list::{List, position::RawCursor, pusher_count::CloseMark},
    pusher::unique::UniquePusher,
    sync::Arc,
};

pub(crate) mod closed;
mod control;
mod hooks;
pub(crate) mod no_wake;
mod push_all;
pub(crate) mod replay;
#[cfg(feature = "sink")]
mod sink;
pub(crate) mod subscriber;
pub(crate) mod unique;
pub(crate) mod weak;

/// The index of the first item. The index may wrap, so every list starts shortly before that and
/// tests it.
const FIRST_INDEX: usize = usize::MAX - 99;

/// Makes an empty push list and returns its first pusher and its first cursor.
///
/// Clone the [`Pusher`] for more producers. [`fork`](Cursor::fork) or [`share`](Cursor::share) the
/// [`Cursor`] for more readers. The list is unbounded, and all cursors receive the items in one
/// order.
///
/// The list ends when every [`Pusher`] is dropped, or when [`stop`](Pusher::stop) is called. A task
/// that owns a pusher and reads to the end of the list therefore waits forever.
///
#[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/push_list.svg"))]
///
/// In this picture and others, time goes from left to right. A reader takes at most one item in a
/// column. A band is a task that is busy, `×` is an error, and a bar is the end. A dot is where a
/// cursor is made. A wide marble holds several items. The pictures are drawn from tests.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
/// use futures_util::StreamExt;
///
/// let (pusher, cursor) = push_list();
/// std::thread::spawn(move || {
///     for n in 0..100 {
///         pusher.push(n).unwrap();
///     }
/// }); // the last pusher is dropped: the list stops
/// # futures_executor::block_on(async {
/// let sum: i32 = cursor.fold(0, |sum, n| async move { sum + n }).await;
/// assert_eq!(sum, 4950);
/// # });
/// ```
#[doc(alias = "push_aiter")]
#[doc(alias = "broadcast")]
#[doc(alias = "channel")]
#[doc(alias = "unbounded")]
#[doc(alias = "unbounded_channel")]
pub fn push_list<T>() -> (Pusher<T>, Cursor<T>) {
    let (list, block) = List::new(FIRST_INDEX);
    let list = Arc::new(list);
    (Pusher { list: list.clone() }, Cursor::new(list, RawCursor::new(block, 0)))
}

/// A handle that appends items to a push list.
///
/// Clones push into the same list. Dropping the last pusher stops the list, as [`stop`](Self::stop)
/// does.
///
/// # Progress
/// Every push is lock-free. A producer that is stalled, preempted or killed half-way never makes
/// another producer wait. Cursors receive its item, and the items behind it, once it has finished.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
///
/// let (pusher, cursor) = push_list();
/// let other = pusher.clone();
/// pusher.push(1)?;
/// other.push(2)?;
/// drop((pusher, other));
/// assert!(cursor.is_stopped() && cursor.len() == 2);
/// # Ok::<(), aiter_core::PushError<i32>>(())
/// ```
#[doc(alias = "push_aiter")]
#[doc(alias = "Sender")]
#[doc(alias = "UnboundedSender")]
pub struct Pusher<T> {
    pub(crate) list: Arc<List<T>>,
}

impl<T> Pusher<T> {
    /// Appends an item and wakes the tasks that wait for it.
    ///
    /// Lock-free. If no task waits, a push costs two atomic read-modify-writes. It allocates a
    /// block if the current block is full and no read block can be used again.
    ///
    /// A push that overlaps with the drop of the last cursor may succeed. One of the two calls then
    /// drops the item. If another push is preempted before the item, the item is dropped when that
    /// push returns. If that push is a [`try_push`](Self::try_push), the item is kept as long as
    /// the items of `try_push`.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/no_cursor.svg"))]
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor.
    ///
    /// # Panics
    /// Panics if the waker of a waiting task panics. The item is pushed, and all other tasks are
    /// woken. If a second waker panics in the same push, the program aborts, as after any panic
    /// during unwinding. The same holds for every other way to push and for [`stop`](Self::stop).
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{PushError, push_list};
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push(1)?;
    /// assert_eq!(cursor.len(), 1);
    /// pusher.stop();
    /// assert_eq!(pusher.push(2), Err(PushError::Stopped(2)));
    /// # Ok::<(), PushError<i32>>(())
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        self.list.push(item, &mut 0)
    }

    /// Appends an item without allocating or freeing memory, for interrupt handlers.
    ///
    /// Lock-free. Masks interrupts only on targets without compare-and-swap, for one atomic
    /// operation at a time. Wakes the waiting tasks with `Waker::wake_by_ref`, so their wakers must
    /// allow a call in the handler; the wakers of embedded executors do.
    ///
    /// [`reserve`](Self::reserve) makes room beforehand. Blocks that were read are used again, so
    /// in a steady state no further `reserve` is needed.
    ///
    /// Drops no item. A `try_push` that overlaps with the drop of the last cursor may succeed. Its
    /// item, and the items of finished pushes behind it, are then kept. The next call of another
    /// push method drops them. So does a later subscriber that finds nothing to read or is dropped,
    /// and so does the drop of the list.
    ///
    /// # Errors
    /// - Returns [`TryPushError::Full`] with the item if no linked block has a free slot.
    /// - Returns [`TryPushError::Stopped`] with the item if the list is stopped.
    /// - Returns [`TryPushError::NoCursor`] with the item if the list has no cursor.
    ///
    /// # Panics
    /// Panics as [`push`](Self::push) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// pusher.reserve(1000);
    /// for n in 0..1000 {
    ///     pusher.try_push(n)?;
    /// }
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[doc(alias = "try_send")]
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        self.list.try_push(item)
    }

    /// Returns a faster pusher if this is the only pusher of the list and no
    /// [`WeakPusher`](crate::WeakPusher) or [`Subscriber`](crate::Subscriber) exists.
    ///
    /// While the returned handle lives, no other pusher can be made. So its pushes need no
    /// compare-and-swap: each push costs one atomic read-modify-write, and a run of items costs one
    /// in all. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (mut pusher, cursor) = push_list();
    /// let mut unique = pusher.unique().expect("the list has one pusher");
    /// unique.push(1)?;
    /// unique.push(2)?;
    /// assert_eq!(cursor.len(), 2);
    /// let other = pusher.clone();
    /// assert!(pusher.unique().is_none());
    /// # drop(other);
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn unique(&mut self) -> Option<UniquePusher<'_, T>> {
        self.is_unique().then(|| UniquePusher::new(&self.list))
    }

    #[inline(always)]
    fn is_unique(&self) -> bool {
        let handles = &self.list.handles;
        handles.has_only_one() || handles.set_unique().is_some_and(|mark| self.obey(mark))
    }

    /// Stops a list that a cursor has closed, before its pusher becomes unique. Returns `true`.
    #[cold]
    fn obey(&self, mark: CloseMark) -> bool {
        if mark == CloseMark::Set {
            self.list.stop();
        }
        true
    }
}

impl<T> Clone for Pusher<T> {
    /// Makes another pusher of the same list. Wait-free.
    ///
    /// # Panics
    /// Panics as [`downgrade`](Self::downgrade) does.
    fn clone(&self) -> Self {
        self.list.handles.add_pusher();
        Self { list: self.list.clone() }
    }
}

impl<T> Drop for Pusher<T> {
    fn drop(&mut self) {
        if self.list.handles.remove_pusher() {
            self.list.stop();
        }
    }
}

impl<T> fmt::Debug for Pusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher")
            .field("is_stopped", &self.is_stopped())
            .field("cursors", &self.cursor_count())
            .finish_non_exhaustive()
    }
}
