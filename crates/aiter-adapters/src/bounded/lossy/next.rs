//! The reads of a lossy cursor that wait for an item.

use core::task::{Context, Poll};

use alloc::vec::Vec;

use crate::{
    bounded::{lossy::cursor::LossyCursor, next_many::StreamNextMany},
    util::StreamNext,
};

impl<T> LossyCursor<T> {
    /// Waits for the next item and yields it, or `None` if the list has ended or the cursor was cut
    /// off.
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
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// pusher.push("item")?;
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
    /// Never waits. Takes the lock of the cursor once for all of them. Returns 0 if no item is
    /// ready, the cursor was cut off, or `max` is 0.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// for item in ["a", "b", "c"] {
    ///     pusher.push(item)?;
    /// }
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.try_next_many(&mut buf, 100), 2);
    /// assert_eq!((buf, cursor.missed()), (vec!["b", "c"], 1));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "try_recv_many")]
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        self.read(|| 0, |cursor| cursor.try_next_many(buf, max))
    }

    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Takes the lock of the cursor once for all of them. Yields 0 if the list has ended, the
    /// cursor was cut off, or `max` is 0.
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
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// for item in ["a", "b", "c"] {
    ///     pusher.push(item)?;
    /// }
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!((buf, cursor.missed()), (vec!["b", "c"], 1));
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
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::{FutureExt, future::poll_fn};
    ///
    /// let (pusher, mut cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// pusher.push("a")?;
    /// pusher.push("b")?;
    /// let mut buf = Vec::new();
    /// let taken = poll_fn(|cx| cursor.poll_next_many(cx, &mut buf, 100));
    /// assert_eq!(taken.now_or_never(), Some(2));
    /// assert_eq!(buf, ["a", "b"]);
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        let polled = self.read(|| Poll::Ready(0), |cursor| cursor.poll_next_many(cx, buf, max));
        if max > 0 && polled == Poll::Ready(0) {
            self.has_ended = true;
        }
        polled
    }
}
