//! The public face of a cursor: a stream.
//!
//! What hands an item out is always inlined, but not in debug builds: there each step keeps a copy of
//! the item, and all of them would lie in the caller's frame, for each call.

use core::{
    fmt,
    mem::ManuallyDrop,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    cursor::spin::SpinPolicy,
    error::TryNextError,
    list::{List, block::Block, position::RawCursor},
    sync::{Arc, KEPT_UP, PAUSES},
    wait::waiter::Waiter,
};

pub(crate) mod available;
mod gate;
pub(crate) mod next_many;
pub(crate) mod preflight;
pub(crate) mod shared;
pub(crate) mod shared_next;
mod skip;
mod spin;

/// A position in a push list: a stream of the items from there on.
///
/// A list may have any number of cursors, each at its own position. Every cursor sees every item, in
/// the one order of the list. The only cursor of a list *moves* items out and needs no `T: Clone`. With
/// a second cursor ([`fork`](Self::fork), [`Pusher::subscribe`](crate::Pusher::subscribe)) items are
/// cloned, but the last reader of a block of items moves the rest out. Put large items into an `Arc`.
///
/// Reading is wait-free inside a run of ready items and costs no atomic read-modify-write there.
/// Elsewhere, and when the cursor goes to sleep, it is lock-free. With nothing to read a cursor sleeps,
/// after a short, bounded pause at most, also behind a push that was interrupted half-way.
/// ([`next_many`](Self::next_many) may pause before a short run as well.)
///
/// # Memory
/// A cursor keeps everything from its position on in memory until it reads it, skips it
/// ([`skip_items`](Self::skip_items)) or is dropped. [`len`](Self::len) and
/// [`Pusher::retained`](crate::Pusher::retained) tell how much that is. Dropping a cursor frees what it
/// alone held, in a loop.
///
/// An item that all cursors have read is dropped no later than the next time that each of them finds
/// nothing to read. Blocks that were read are freed, but for one block of items or what was
/// [reserved](crate::Pusher::reserve). Where memory is plenty (64-bit targets) up to 16 KiB, or two blocks,
/// are kept for producers until a cursor finds nothing to read.
///
/// # Fairness
/// A cursor with something to read is always ready. So a task that pushes and reads in a loop, or that
/// reads a list that is never empty, does not yield to the other tasks of its thread. Let it yield once
/// in a while, as in this example. The adapter `iter_to_aiter(..)` of `aiter-adapters` does so by
/// `yield_every(n)`.
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
/// Panics if `T::clone` does, which is called only if there are other cursors. The item is then still to
/// be read, and [`skip_items`](Self::skip_items) gets past it. Panics if there are
/// [too many](Self::fork) cursors in the block of items that comes next. Panics if `T::drop` does while a
/// cursor that finds nothing drops what all have read; no other item is lost, and the next read goes on.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item and costs no wake-up of another
/// task.
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
#[must_use = "a cursor that is not read keeps what it has not read in memory"]
#[doc(alias = "push_aiter")]
pub struct Cursor<T> {
    pub(crate) list: Arc<List<T>>,
    pub(crate) raw: RawCursor<T>,
    waiter: Waiter,
    /// Where it last went to sleep.
    slept_at: usize,
    spin_policy: SpinPolicy,
    /// It was told that there is nothing more to come.
    ended: bool,
}

impl<T> Cursor<T> {
    /// A cursor that owns a count of the block, and is counted by the list already.
    pub(crate) fn new(list: Arc<List<T>>, block: Block<T>, skip: usize) -> Self {
        Self::at(list, RawCursor::new(block, skip))
    }

    fn at(list: Arc<List<T>>, raw: RawCursor<T>) -> Self {
        let slept_at = raw.index();
        let (waiter, spin_policy) = (Waiter::new(), SpinPolicy::new());
        Self { list, raw, waiter, slept_at, spin_policy, ended: false }
    }

    /// The list and the position, which stays counted.
    pub(crate) fn into_parts(mut self) -> (Arc<List<T>>, RawCursor<T>) {
        self.list.waiters.retire(&mut self.waiter);
        let this = ManuallyDrop::new(self);
        // SAFETY: both are read once, and `this` is never used or dropped again. The waiter is
        // retired and holds nothing.
        unsafe { (core::ptr::read(&raw const this.list), core::ptr::read(&raw const this.raw)) }
    }

    /// Takes the next item if one is ready.
    ///
    /// Never waits.
    ///
    /// # Errors
    /// [`TryNextError::Empty`] if none is ready, [`TryNextError::Ended`] if none will ever be.
    ///
    /// # Panics
    /// As the [stream](Self#panics); the item is then still to be read.
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
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        match self.raw.pop_fast() {
            Some(item) => Ok(item),
            None => self.try_next_slow(),
        }
    }

    /// `try_next`, for one that had no answer at once.
    ///
    /// Marked as cold for what it does to the caller's loop: the two short ways then come first, and a cursor among
    /// others jumps one time less for an item (a fifth of the time, where the caller does little with it).
    #[cold]
    #[inline(never)]
    fn try_next_slow(&mut self) -> Result<T, TryNextError> {
        // One look at one word: a mark at this very position, so nothing was missed in between.
        self.pop_slow()
            .ok_or_else(|| if self.ends() { TryNextError::Ended } else { TryNextError::Empty })
    }

    /// Takes the next item if one is ready, and does not ask whether one will ever be.
    ///
    /// For callers who learn of the end in another way: cheaper than [`try_next`](Self::try_next) when
    /// there is nothing. Never waits.
    ///
    /// # Panics
    /// As the [stream](Self#panics); the item is then still to be read.
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

    /// The next item, if there is one, for a cursor that had no answer at once.
    #[inline(never)]
    fn pop_slow(&mut self) -> Option<T> {
        if !self.fill() {
            self.raw.give_back(&self.list);
            return None;
        }
        // SAFETY: just filled.
        Some(unsafe { self.raw.take(&self.list) })
    }

    /// Returns `true` if the current run has an item, after a look at the list. If a cursor that
    /// has slept finds one, its called waker goes.
    #[inline(always)]
    fn fill(&mut self) -> bool {
        let filled = self.raw.fill(&self.list);
        if filled && self.raw.is_idle() {
            self.set_active();
        }
        filled
    }

    /// Drops the waker that the queue may keep. If a notifier has it right now, it goes the next
    /// time.
    #[inline]
    pub(crate) fn set_active(&mut self) {
        if let Some(waker) = self.list.waiters.take_called(&self.waiter) {
            self.raw.set_active();
            // User code.
            drop(waker);
        }
    }

    #[inline(never)]
    fn poll_next_slow(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_fill(cx).map(|filled| {
            // SAFETY: just filled.
            filled.then(|| unsafe { self.raw.take(&self.list) })
        })
    }

    /// Ready with true if the current run has an item, with false if the list has ended.
    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.fill() {
            return Poll::Ready(true);
        }
        self.poll_sleep(cx)
    }

    #[cold]
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        // A cursor that is faster than a busy producer would sleep and be woken for every few items,
        // and the producer would pay for it.
        let index = self.raw.index();
        if PAUSES > 0 && index.wrapping_sub(self.slept_at) >= KEPT_UP {
            self.spin_policy.pause();
            if self.fill() {
                self.spin_policy.note(self.raw.run_len(), Block::<T>::CAP);
                return Poll::Ready(true);
            }
        }
        self.slept_at = index;
        loop {
            self.raw.give_back(&self.list);
            if self.ends() {
                return Poll::Ready(false);
            }
            // First: the registration runs user code.
            self.raw.set_idle();
            self.list.waiters.register(&mut self.waiter, cx.waker());
            // Only now: a push that did not see us is seen here.
            if !self.raw.set_waiting() {
                // And a `stop` that did not see us is seen here.
                return if self.ends() { Poll::Ready(false) } else { Poll::Pending };
            }
            if self.fill() {
                return Poll::Ready(true);
            }
        }
    }

    /// Whether there is nothing more to come; the caller is told. Then the waker goes.
    fn ends(&mut self) -> bool {
        let drained = self.is_drained();
        if drained {
            self.end();
        }
        drained
    }

    #[cold]
    fn end(&mut self) {
        self.ended = true;
        // User code.
        drop(self.list.waiters.retire(&mut self.waiter));
    }

    /// Returns `true` if the list was stopped, also with items left to read.
    ///
    /// [`is_drained`](Self::is_drained) returns `true` once none is left.
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }

    /// True if the list was stopped and this cursor has read everything: there is nothing more to come.
    ///
    /// [`is_terminated`](FusedStream::is_terminated) says so only when the cursor was told.
    pub fn is_drained(&self) -> bool {
        self.raw.is_drained(&self.list)
    }

    /// A second cursor at the same position: each of the two sees every item from here on.
    ///
    /// Every fork is active: the list hands out what was pushed, whichever cursor asks. A passive
    /// fork returns only items that an active fork has requested; the adapter `forker` has it.
    ///
    /// Costs the same at any backlog: three atomic additions. Wait-free.
    ///
    /// # Panics
    /// If there are too many cursors in one block of items: 2²⁷, or 4096 on 32-bit targets. The block before counts
    /// as one of them while it is there. The list is then as it was.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut one) = push_list();
    /// pusher.push(1)?;
    /// let mut two = one.fork();
    /// assert_eq!((one.try_next(), two.try_next()), (Ok(1), Ok(1)));
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
    {
        self.list.set_clone();
        let raw = self.raw.fork();
        self.list.add_cursor();
        Self::at(self.list.clone(), raw)
    }
}

impl<T> Drop for Cursor<T> {
    fn drop(&mut self) {
        /// Items may panic when they are dropped; the rest is done all the same.
        struct Release<'a, T>(&'a mut Cursor<T>);
        impl<T> Drop for Release<'_, T> {
            fn drop(&mut self) {
                let Cursor { list, raw, .. } = &mut *self.0;
                // SAFETY: the cursor is being dropped, so the position is not used again.
                unsafe { raw.give_up(list) };
            }
        }
        // First: from here on a push may find that nobody reads.
        self.list.remove_cursor();
        let release = Release(self);
        release.0.list.waiters.retire(&mut release.0.waiter);
    }
}

impl<T> Stream for Cursor<T> {
    type Item = T;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.raw.pop_fast() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_next_slow(cx),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // In this order: after the stop the number only falls.
        let stopped = self.is_stopped();
        let len = self.len();
        (len, stopped.then_some(len))
    }
}

impl<T> FusedStream for Cursor<T> {
    /// True once the end was told: `None`, [`TryNextError::Ended`], or 0 from [`next_many`](Cursor::next_many).
    ///
    /// Not before, as `select!` would leave the cursor out then; [`is_drained`](Cursor::is_drained) says it at
    /// once. A fork has to be told by itself.
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

// The position is an index, not an address: a cursor may move at any time.
impl<T> Unpin for Cursor<T> {}

impl<T> fmt::Debug for Cursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor")
            .field("len", &self.len())
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
