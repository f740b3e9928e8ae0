//! The future that waits until a list refuses items.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{list::close::ClosedWait, pusher::Pusher};

impl<T> Pusher<T> {
    /// Returns `true` if the list refuses items: it was stopped or closed, or has no cursor.
    ///
    /// A list that was not stopped accepts items again after [`subscribe`](Self::subscribe).
    /// Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// assert!(!pusher.is_closed());
    /// drop(cursor);
    /// assert!(pusher.is_closed() && !pusher.is_stopped());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.list.is_closed()
    }

    /// Waits until the list refuses items: until it is stopped or closed, or has no cursor left.
    ///
    /// A producer can end its work then, without a push. If a
    /// [`subscribe`](Self::subscribe) gives the list a cursor again before the future is polled,
    /// the future waits on. The first wait on a list allocates. Pushes cost the same with and
    /// without waiting tasks. Lock-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/closed.svg"))]
    ///
    /// # Panics
    /// If a waker panics, the call that closed the list panics: the drop of the last cursor, a stop
    /// or a `close`. All other tasks are woken.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped while it waits, it removes its waker.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// assert_eq!(pusher.closed().now_or_never(), None); // pending
    /// drop(cursor);
    /// assert_eq!(pusher.closed().now_or_never(), Some(()));
    /// ```
    pub fn closed(&self) -> Closed<'_, T> {
        Closed(ClosedWait::new(&self.list))
    }
}

/// The future of [`Pusher::closed`].
#[must_use = "futures do nothing unless polled"]
pub struct Closed<'a, T>(ClosedWait<'a, T>);

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll(cx)
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").field("is_closed", &self.0.is_closed()).finish_non_exhaustive()
    }
}
