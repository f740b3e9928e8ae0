//! The future of one push into a weighed list.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::{PushError, PushErrorKind};

use crate::bounded::{
    gate::request::Request,
    pusher::BoundedPusher,
    weighed::{Weighed, push_admitted, pusher::WeighedPusher},
};

/// The future of [`WeighedPusher::push`].
#[must_use = "futures do nothing unless polled"]
pub struct WeighedPush<'a, T> {
    pusher: &'a BoundedPusher<Weighed<T>>,
    /// `None` once the future has completed.
    item: Option<Weighed<T>>,
    request: Request,
}

impl<T, W: Fn(&T) -> usize> WeighedPusher<T, W> {
    /// Waits for room, then appends an item and wakes the tasks that wait for it.
    ///
    /// This call weighs the item. Pushes that wait stand in one line with the
    /// [reservations](Self::reserve), first in, first out, so a light item does not overtake a
    /// heavy one. A push that finds room takes no lock and calls no waker of a producer.
    ///
    /// A future that is kept but not polled keeps its place in the line, so the producers behind it
    /// wait. Dropping the future passes the place on. A future that is lost to
    /// [`mem::forget`](core::mem::forget) is never dropped, so its room or its place in the line is
    /// lost, too.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor, also while it
    /// waits.
    ///
    /// # Panics
    /// Panics if the weight function panics. The item is then dropped. A poll panics if the waker
    /// of a waiting task panics. It panics if it is called after it has completed.
    ///
    /// # Cancel safety
    /// If the future is dropped, its item is dropped and not pushed. No other task waits longer.
    /// [`into_inner`](WeighedPush::into_inner) returns the item instead. [`reserve`](Self::reserve)
    /// waits before there is an item.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded_by(4, |item: &&str| item.len());
    /// assert!(pusher.push("abc").now_or_never().expect("the list has room").is_ok());
    /// let mut second = pusher.push("de");
    /// assert!((&mut second).now_or_never().is_none()); // one byte is free
    /// assert_eq!(cursor.try_next(), Ok("abc"));
    /// assert!(second.now_or_never().expect("the read has made room").is_ok());
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn push(&self, item: T) -> WeighedPush<'_, T> {
        let weighed = self.weigh(item);
        let request = Request::new(weighed.weight);
        WeighedPush { pusher: &self.inner, item: Some(weighed), request }
    }
}

impl<T> WeighedPush<'_, T> {
    /// Gives up the push and returns its item, or `None` if the future has completed.
    ///
    /// # Panics
    /// Panics if the waker of a waiting task panics. The item is then dropped.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded_by;
    ///
    /// let (pusher, cursor) = bounded_by(4, |item: &&str| item.len());
    /// assert_eq!(pusher.push("item").into_inner(), Some("item"));
    /// assert_eq!(cursor.len(), 0);
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.item.take().map(|weighed| weighed.item)
    }
}

impl<T> Future for WeighedPush<'_, T> {
    type Output = Result<(), PushError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let admitted = ready!(this.request.poll(&this.pusher.list.gate, cx));
        let weighed = this.item.take().expect("a push must not be polled after it has completed");
        Poll::Ready(match admitted {
            Ok(()) => push_admitted(this.pusher, weighed),
            Err(PushErrorKind::Stopped) => Err(PushError::Stopped(weighed.item)),
            Err(PushErrorKind::NoCursor) => Err(PushError::NoCursor(weighed.item)),
        })
    }
}

// The item is never pinned.
impl<T> Unpin for WeighedPush<'_, T> {}

impl<T> Drop for WeighedPush<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.request.cancel(&self.pusher.list.gate);
    }
}

impl<T> fmt::Debug for WeighedPush<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeighedPush")
            .field("weight", &self.request.want())
            .field("is_waiting", &self.request.is_queued())
            .finish_non_exhaustive()
    }
}
