//! The future that waits until a weighed list refuses items.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::Closed;

use crate::bounded::weighed::{Weighed, pusher::WeighedPusher};

impl<T, W> WeighedPusher<T, W> {
    /// Waits until the list accepts no items: it is stopped, or its last cursor is dropped.
    ///
    /// # Panics
    /// If a waker panics, the call that ends the list panics. All other tasks are woken.
    ///
    /// # Cancel safety
    /// Cancel safe.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = bounded_by(10, String::len);
    /// assert_eq!(pusher.closed().now_or_never(), None);
    /// drop(cursor);
    /// assert_eq!(pusher.closed().now_or_never(), Some(()));
    /// ```
    pub fn closed(&self) -> WeighedClosed<'_, T> {
        WeighedClosed(self.inner.closed())
    }
}

/// The future of [`WeighedPusher::closed`].
#[must_use = "futures do nothing unless polled"]
pub struct WeighedClosed<'a, T>(Closed<'a, Weighed<T>>);

impl<T> Future for WeighedClosed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> fmt::Debug for WeighedClosed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeighedClosed").field(&self.0).finish()
    }
}
