//! The futures of one item, which remove the cursor's waker when they are dropped.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedFuture, Stream};

use crate::cursor::{Cursor, preflight::Preflight};

impl<T> Cursor<T> {
    /// Waits for the next item and yields it, or `None` if the list has ended.
    ///
    /// Needs no extension trait. If this future is dropped while it waits, it removes the cursor's
    /// waker, unlike the future of `StreamExt::next`. So the task gets no spurious wake-up for a
    /// later item. Lock-free.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// # futures_executor::block_on(async {
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(["one", "two"]).unwrap();
    /// drop(pusher);
    /// assert_eq!(cursor.next().await, Some("one"));
    /// assert_eq!(cursor.next().await, Some("two"));
    /// assert_eq!(cursor.next().await, None);
    /// # });
    /// ```
    #[doc(alias = "recv")]
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[inline]
    pub fn next(&mut self) -> Next<'_, T> {
        Next { cursor: self, pending: false }
    }
}

/// The future of [`Cursor::next`].
#[must_use = "futures do nothing unless polled"]
pub struct Next<'a, T> {
    cursor: &'a mut Cursor<T>,
    /// The last poll returned `Pending` or panicked, so the cursor may be registered.
    pending: bool,
}

impl<T> Next<'_, T> {
    /// Takes the next item, if the fast path gave none.
    #[inline]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Before the poll, so that a panic leaves `true`.
        self.pending = true;
        let polled = self.cursor.poll_next_slow(cx);
        self.pending = polled.is_pending();
        polled
    }
}

impl<T> Future for Next<'_, T> {
    type Output = Option<T>;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.cursor.raw.pop_fast() {
            Some(item) => {
                self.pending = false;
                Poll::Ready(Some(item))
            }
            None => self.poll_slow(cx),
        }
    }
}

impl<T> FusedFuture for Next<'_, T> {
    /// Returns `true` if the cursor has returned the end.
    fn is_terminated(&self) -> bool {
        self.cursor.ended
    }
}

impl<T> Drop for Next<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.pending {
            self.cursor.deregister();
        }
    }
}

impl<T> fmt::Debug for Next<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("cursor", self.cursor).finish()
    }
}

impl<T, F: FnMut(&mut Context<'_>)> Preflight<T, F> {
    /// Waits for the next item and yields it, or `None` if the list has ended. Each poll calls the
    /// function first.
    ///
    /// If this future is dropped while it waits, it removes the cursor's waker. Lock-free except
    /// for the function.
    ///
    /// # Panics
    /// A poll panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost. The effects of the function remain.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// # futures_executor::block_on(async {
    /// let (pusher, cursor) = push_list();
    /// let mut ones = cursor.preflight(|_cx| pusher.push(1).unwrap());
    /// assert_eq!(ones.next().await, Some(1));
    /// # });
    /// ```
    #[doc(alias = "recv")]
    #[expect(clippy::should_implement_trait, reason = "it replaces `StreamExt::next`")]
    #[inline]
    pub fn next(&mut self) -> PreflightNext<'_, T, F> {
        PreflightNext { preflight: self, pending: false }
    }
}

/// The future of [`Preflight::next`].
#[must_use = "futures do nothing unless polled"]
pub struct PreflightNext<'a, T, F> {
    preflight: &'a mut Preflight<T, F>,
    /// The last poll returned `Pending` or panicked, so the cursor may be registered.
    pending: bool,
}

impl<T, F: FnMut(&mut Context<'_>)> Future for PreflightNext<'_, T, F> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Before the poll, so that a panic leaves `true`.
        self.pending = true;
        let polled = Pin::new(&mut *self.preflight).poll_next(cx);
        self.pending = polled.is_pending();
        polled
    }
}

impl<T, F: FnMut(&mut Context<'_>)> FusedFuture for PreflightNext<'_, T, F> {
    /// Returns `true` if the cursor has returned the end.
    fn is_terminated(&self) -> bool {
        self.preflight.ended
    }
}

impl<T, F> Drop for PreflightNext<'_, T, F> {
    #[inline]
    fn drop(&mut self) {
        if self.pending {
            self.preflight.deregister();
        }
    }
}

impl<T, F> fmt::Debug for PreflightNext<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreflightNext").field("preflight", self.preflight).finish()
    }
}
