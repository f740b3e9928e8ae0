//! The future of one push.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::{PushError, PushErrorKind};

use crate::bounded::{gate::request::Request, pusher::BoundedPusher};

/// The future of [`BoundedPusher::push`].
#[must_use = "futures do nothing unless polled"]
pub struct Push<'a, T> {
    pusher: &'a BoundedPusher<T>,
    /// `None` once the future has completed.
    item: Option<T>,
    request: Request,
}

impl<T> BoundedPusher<T> {
    /// Waits for room, then appends an item and wakes the tasks that wait for it.
    ///
    /// Pushes that wait stand in one line with the [reservations](Self::reserve), first in, first
    /// out. A push that finds room takes no lock and calls no waker of a producer.
    ///
    /// A future that is kept but not polled keeps its place in the line, so the producers behind it
    /// wait. Dropping the future passes the place on. A future that is lost to [`mem::forget`] is
    /// never dropped, so its room or its place in the line is lost, too.
    ///
    /// [`mem::forget`]: core::mem::forget
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor, also while it
    /// waits.
    ///
    /// # Panics
    /// A poll panics if the waker of a waiting task panics. It panics if it is called after it has
    /// completed.
    ///
    /// # Cancel safety
    /// If the future is dropped, its item is dropped and not pushed. No other task waits longer.
    /// To keep the item, use [`reserve`](Self::reserve).
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// assert!(pusher.push(1).now_or_never().expect("the list has room").is_ok());
    /// let mut second = pusher.push(2);
    /// assert!((&mut second).now_or_never().is_none()); // the list is full
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(second.now_or_never().expect("the read has made room").is_ok());
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn push(&self, item: T) -> Push<'_, T> {
        Push { pusher: self, item: Some(item), request: Request::new(1) }
    }
}

impl<T> Future for Push<'_, T> {
    type Output = Result<(), PushError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let admitted = ready!(this.request.poll(&this.pusher.list.gate, cx));
        let item = this.item.take().expect("a push must not be polled after it has completed");
        Poll::Ready(match admitted {
            Ok(()) => this.pusher.push_admitted(item),
            Err(PushErrorKind::Stopped) => Err(PushError::Stopped(item)),
            Err(PushErrorKind::NoCursor) => Err(PushError::NoCursor(item)),
        })
    }
}

// The item is never pinned.
impl<T> Unpin for Push<'_, T> {}

impl<T> Drop for Push<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.request.cancel(&self.pusher.list.gate);
    }
}

impl<T> fmt::Debug for Push<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push")
            .field("is_waiting", &self.request.is_queued())
            .finish_non_exhaustive()
    }
}
