//! `Cursor`, the handle that reads a push list.
//!
//! `poll.rs` holds the slow paths of reading and the stream, `available.rs` the queries.
//!
//! In release builds, each function that returns an item is inlined. In debug builds it is not,
//! because each inlined step would keep a copy of the item in the caller's frame.

use core::{fmt, mem::ManuallyDrop};

use crate::{
    cursor::spin::SpinPolicy,
    defer::DeferWith,
    error::TryNextError,
    list::{List, position::RawCursor},
    sync::Arc,
    wait::{queue::Wakers, waiter::Waiter},
};

pub(crate) mod available;
mod control;
mod gate;
mod hooks;
pub(crate) mod next;
pub(crate) mod next_many;
mod poll;
pub(crate) mod preflight;
pub(crate) mod shared;
pub(crate) mod shared_next;
mod shared_poll;
mod skip;
mod spin;

/// A reading position in a push list, and a stream of the items from that position on.
///
/// To clone a cursor, [`fork`](Self::fork) it: both read every item. Or [`share`](Self::share) it:
/// each item goes to one of the clones.
///
/// A list may have any number of cursors, each at its own position. Every cursor receives every
/// item, in the order of the list. The only cursor of a list *moves* items out and needs no `T:
/// Clone`. With two or more cursors ([`fork`](Self::fork),
/// [`Pusher::subscribe`](crate::Pusher::subscribe)), items are cloned. That needs `T: Clone +
/// Sync`, because cursors on two threads may clone one item at the same time. The last cursor to
/// read a block moves its remaining items out instead. Large items are cheap to clone in an `Arc`.
///
/// If no item is ready, a poll registers the task's waker and returns `Pending`. This holds also
/// behind a push that was preempted half-way. On 64-bit targets, a poll may first spin for a fixed
/// number of `spin_loop` hints. [`next_many`](Self::next_many) may also spin before a short run of
/// items.
///
/// # Progress
/// Inside a run of ready items, reading is wait-free and costs no atomic read-modify-write.
/// Elsewhere reading is lock-free, and so is the registration of a waker.
///
/// # Memory
/// A cursor keeps every item from its position on in memory until it reads the item, skips it
/// ([`skip_items`](Self::skip_items)) or is dropped. [`len`](Self::len) and
/// [`Pusher::retained`](crate::Pusher::retained) return how many items that are. Dropping a cursor
/// frees in a loop what no other cursor holds.
///
/// An item that all cursors have read is dropped at the latest when each of them has next found
/// nothing to read. Blocks that were read are freed, except one block or what was
/// [reserved](crate::Pusher::reserve). On 64-bit targets, up to 16 KiB of blocks (at least two) are
/// also kept for producers, until a cursor finds nothing to read.
///
/// # Fairness
/// A cursor with an item to read is always ready. So a task that reads a list that is never empty
/// does not yield to the other tasks of its thread. The same holds for a task that pushes and reads
/// in a loop. Let the task yield once in a while, as in this example. The adapter
/// `iter_to_aiter(..)` of `aiter-adapters` yields with `yield_every(n)`.
/// ```
/// use aiter_core::push_list;
/// use core::{future::poll_fn, mem, task::Poll};
/// use futures_util::StreamExt;
///
/// /// Lets the executor run other tasks.
/// async fn yield_now() {
///     let mut has_yielded = false;
///     poll_fn(|cx| {
///         if mem::replace(&mut has_yielded, true) {
///             return Poll::Ready(());
///         }
///         cx.waker().wake_by_ref();
///         Poll::Pending
///     })
///     .await
/// }
///
/// # futures_executor::block_on(async {
/// let (pusher, mut cursor) = push_list();
/// pusher.push(1_u32)?;
/// let mut read = 0;
/// while let Some(item) = cursor.next().await {
///     read += 1;
///     match item {
///         1000.. => pusher.stop(),
///         _ => pusher.push(item + 1)?,
///     }
///     if read % 64 == 0 {
///         yield_now().await;
///     }
/// }
/// assert_eq!(read, 1000);
/// # Ok::<(), aiter_core::PushError<u32>>(())
/// # }).unwrap();
/// ```
///
/// # Panics
/// - Panics if `T::clone` panics. It is called only if the list has other cursors. The item is then
///   still to be read, and [`skip_items`](Self::skip_items) skips it.
/// - Panics if the next block has [too many](Self::fork) cursors. No item is lost.
/// - Panics if `T::drop` panics while a cursor that finds nothing to read drops the items that all
///   cursors have read. No other item is lost, and the next read continues.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream, for example `next()`, is dropped, no item and no
/// wake-up of another task is lost.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
/// use futures_util::{FutureExt, StreamExt};
///
/// let (pusher, mut cursor) = push_list();
/// pusher.push("one")?;
/// assert_eq!(cursor.next().now_or_never(), Some(Some("one")));
/// assert_eq!(cursor.next().now_or_never(), None); // pending
/// pusher.stop();
/// assert_eq!(cursor.next().now_or_never(), Some(None));
/// # Ok::<(), aiter_core::PushError<&str>>(())
/// ```
#[must_use = "a cursor that is not read keeps its unread items in memory"]
#[doc(alias = "push_aiter")]
#[doc(alias = "Receiver")]
#[doc(alias = "UnboundedReceiver")]
pub struct Cursor<T> {
    pub(crate) list: Arc<List<T>>,
    pub(crate) raw: RawCursor<T>,
    waiter: Waiter,
    /// Index of the next item when the cursor last registered its waker.
    slept_at: usize,
    spin_policy: SpinPolicy,
    /// The cursor has returned the end of the list to its caller.
    ended: bool,
}

impl<T> Cursor<T> {
    /// Makes a cursor from a position. The list counts it already.
    pub(crate) fn new(list: Arc<List<T>>, raw: RawCursor<T>) -> Self {
        let slept_at = raw.index();
        let (waiter, spin_policy) = (Waiter::new(), SpinPolicy::new());
        Self { list, raw, waiter, slept_at, spin_policy, ended: false }
    }

    /// Makes a cursor that receives the items that are pushed from now on. Lock-free.
    ///
    /// No unique pusher may live. The caller guarantees it by a pusher or a weak handle.
    ///
    /// # Panics
    /// Panics as `List::enter` does.
    pub(crate) fn at_tail(list: &Arc<List<T>>) -> Self
    where
        T: Clone + Sync,
    {
        list.release_handed_over();
        Self::at_tail_without_reclaim(list)
    }

    /// Does the same as `at_tail`, and drops no item: the blocks that producers have handed over
    /// stay for the first read that finds nothing.
    pub(crate) fn at_tail_without_reclaim(list: &Arc<List<T>>) -> Self
    where
        T: Clone + Sync,
    {
        // Before `enter` counts the second reader, which may need the clone function.
        list.set_clone();
        let (block, skip) = list.enter();
        Self::new(list.clone(), RawCursor::new(block, skip))
    }

    /// Returns the list and the position. The list still counts the cursor.
    pub(crate) fn into_parts(mut self) -> (Arc<List<T>>, RawCursor<T>) {
        self.list.waiters.deregister(&mut self.waiter);
        let this = ManuallyDrop::new(self);
        // SAFETY: both fields are valid and are read once, because `this` is neither used nor
        // dropped again. No other field owns anything, because the waiter is deregistered.
        unsafe { (core::ptr::read(&raw const this.list), core::ptr::read(&raw const this.raw)) }
    }

    /// Takes the next item if one is ready.
    ///
    /// Never waits. Wait-free inside a run of ready items, otherwise lock-free.
    ///
    /// # Errors
    /// - Returns [`TryNextError::Empty`] if no item is ready.
    /// - Returns [`TryNextError::Ended`] if the list was stopped and the cursor has read every
    ///   item.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryNextError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1)?;
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[doc(alias = "try_recv")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        match self.raw.pop_fast() {
            Some(item) => Ok(item),
            None => self.try_next_slow(),
        }
    }

    /// Takes the next item if one is ready, without a test for the end of the list.
    ///
    /// If no item is ready, this is cheaper than [`try_next`](Self::try_next). Never waits.
    /// Wait-free inside a run of ready items, otherwise lock-free.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(1..=3)?;
    /// let sum: i32 = std::iter::from_fn(|| cursor.next_ready()).sum();
    /// assert_eq!(sum, 6);
    /// # Ok::<(), aiter_core::PushAllError<std::ops::RangeInclusive<i32>>>(())
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn next_ready(&mut self) -> Option<T> {
        self.raw.pop_fast().or_else(|| self.pop_slow())
    }

    /// Makes a second cursor at the same position. Both cursors receive every item from here on.
    ///
    /// Every fork is active: it returns each pushed item, whichever cursor asks first. The adapter
    /// `forker` has passive forks, which return only items that an active fork has requested.
    ///
    /// Wait-free. Costs three atomic additions, at any backlog.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/fork.svg"))]
    ///
    /// # Panics
    /// Panics if the block has too many cursors: 2²⁷, or 4096 on 32-bit targets. While the block
    /// before exists, its link counts as a cursor. The list is then unchanged.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1)?;
    /// let mut fork = cursor.fork();
    /// assert_eq!((cursor.try_next(), fork.try_next()), (Ok(1), Ok(1)));
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        let raw = self.raw.fork(&self.list);
        Self::new(self.list.clone(), raw)
    }
}

impl<T> Drop for Cursor<T> {
    fn drop(&mut self) {
        // First, so that a push that begins later finds no cursor.
        if self.list.remove_cursor() {
            self.leave_last();
        } else {
            self.leave();
        }
    }
}

impl<T> Cursor<T> {
    /// Gives up the position and the registration of a cursor that is being dropped.
    ///
    /// Like `leave_last`, it takes the cursor as one pointer, which needs fewer registers than its
    /// fields.
    #[inline(always)]
    fn leave(&mut self) {
        // SAFETY: the cursor is being dropped, so the position is not used again.
        let give_up = DeferWith(self, |this| unsafe { this.raw.give_up(&this.list) });
        let Self { list, waiter, .. } = &mut *give_up.0;
        // User code: drops the waker.
        list.waiters.deregister(waiter);
    }

    /// Does the same as `leave` for the last cursor of the list.
    #[cold]
    fn leave_last(&mut self) {
        // The last step, because it calls wakers.
        let notify = DeferWith(self, |this| this.list.notify_closed(Wakers::Take));
        notify.0.leave();
    }
}

// The position is an index, not an address into the cursor, so a cursor may move at any time.
impl<T> Unpin for Cursor<T> {}

impl<T> fmt::Debug for Cursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("len", &self.len())
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
