//! The reads of a weighed cursor that wait for an item.

use core::{
    iter,
    pin::Pin,
    task::{Context, Poll, ready},
};

use alloc::vec::Vec;
use futures_core::Stream;

use crate::{
    bounded::{
        cursor::BoundedCursor,
        next_many::StreamNextMany,
        weighed::{Weighed, cursor::WeighedCursor},
    },
    util::{Finally, StreamNext},
};

impl<T> WeighedCursor<T> {
    /// Waits for the next item and yields it, or `None` if the list has ended.
    ///
    /// If this future is dropped while it waits, it removes the cursor's waker, unlike the future
    /// of `StreamExt::next`. So the task gets no spurious wake-up for a later item.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("item")?;
    /// assert_eq!(cursor.next().now_or_never(), Some(Some("item")));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[doc(alias = "recv")]
    #[inline]
    pub fn next(&mut self) -> StreamNext<'_, Self> {
        StreamNext::new(self, Self::deregister)
    }

    /// Takes up to `max` ready items, appends them to `buf` and returns how many it took.
    ///
    /// Never waits. Returns the room of all of them at once. Returns 0 if no item is ready or `max`
    /// is 0.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// pusher.try_push("three")?;
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.try_next_many(&mut buf, 100), 2);
    /// assert_eq!((buf, pusher.capacity()), (vec!["one", "three"], 8));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_recv_many")]
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        self.take_run(None, buf, max)
    }

    /// Appends `first` and the next ready items to `buf`, up to `max` items, and returns how many.
    fn take_run(&mut self, first: Option<Weighed<T>>, buf: &mut Vec<T>, max: usize) -> usize {
        let BoundedCursor { cursor, place } = &mut self.inner;
        let before = buf.len();
        // Also if the clone of a later item panics.
        let mut weight = Finally(0, |weight: &mut usize| place.advance_run(*weight));
        let rest = iter::from_fn(|| cursor.next_ready());
        for weighed in first.into_iter().chain(rest).take(max) {
            weight.0 += weighed.weight;
            buf.push(weighed.item);
        }
        buf.len() - before
    }

    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Returns the room of all of them at once. Yields 0 if the list has ended or `max` is 0.
    ///
    /// # Panics
    /// A poll panics as [`try_next_many`](Self::try_next_many) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost, because items move into `buf` only
    /// when the future is ready. If it is dropped while it waits, it removes the cursor's waker.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// pusher.try_push("three")?;
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!((buf, pusher.capacity()), (vec!["one", "three"], 8));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "recv_many")]
    pub fn next_many<'a>(
        &'a mut self,
        buf: &'a mut Vec<T>,
        max: usize,
    ) -> StreamNextMany<'a, Self> {
        StreamNextMany::new(self, buf, max, Self::poll_next_many, Self::deregister)
    }

    /// Polls for items as the future of [`next_many`](Self::next_many) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::{FutureExt, future::poll_fn};
    ///
    /// let (pusher, mut cursor) = bounded_by(8, |item: &&str| item.len());
    /// pusher.try_push("one")?;
    /// pusher.try_push("three")?;
    /// let mut buf = Vec::new();
    /// let taken = poll_fn(|cx| cursor.poll_next_many(cx, &mut buf, 100));
    /// assert_eq!(taken.now_or_never(), Some(2));
    /// assert_eq!(buf, ["one", "three"]);
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        if max == 0 {
            return Poll::Ready(0);
        }
        let first = ready!(Pin::new(&mut self.inner.cursor).poll_next(cx));
        Poll::Ready(if first.is_some() { self.take_run(first, buf, max) } else { 0 })
    }

    /// Removes the waker that a poll has left.
    fn deregister(&mut self) {
        // User code.
        self.inner.cursor.cancel_wait();
    }
}
