//! `PushSink`, a bounded list as a `Sink` with back-pressure.

use core::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::PushErrorKind;
use futures_sink::Sink;

use crate::bounded::{gate::request::Request, pusher::BoundedPusher, reserve::poll_admit};

/// A [`Sink`] that pushes into a bounded list; made by
/// [`into_sink`](BoundedPusher::into_sink).
///
/// `poll_ready` waits in the line of the list and takes room for one item, which counts as unread
/// from then on. Dropping the sink leaves the line or returns the room. `poll_close` drops the
/// pusher; it waits for no reader, and neither does `poll_flush`.
#[must_use = "sinks do nothing unless polled"]
pub struct PushSink<T> {
    /// `None` once the sink is closed.
    pusher: Option<BoundedPusher<T>>,
    request: Request,
    /// The sink has room for one item.
    is_ready: bool,
}

impl<T> BoundedPusher<T> {
    /// Turns the pusher into a [`Sink`]. Clone the pusher first to keep one.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::{FutureExt, SinkExt};
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// let mut sink = pusher.into_sink();
    /// assert!(sink.send(1).now_or_never().expect("the list has room").is_ok());
    /// assert!(sink.send(2).now_or_never().is_none());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn into_sink(self) -> PushSink<T> {
        PushSink { pusher: Some(self), request: Request::new(1), is_ready: false }
    }
}

impl<T> PushSink<T> {
    /// Leaves the line and returns the room. Calls wakers.
    fn cancel(&mut self) {
        let Some(pusher) = &self.pusher else { return };
        self.request.cancel(&pusher.list.gate);
        if core::mem::take(&mut self.is_ready) {
            pusher.list.gate.release(1);
        }
    }
}

impl<T> Sink<T> for PushSink<T> {
    type Error = PushSinkError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = &mut *self;
        if this.is_ready {
            return Poll::Ready(Ok(()));
        }
        let refused = |kind| PushSinkError { kind, item: None };
        let pusher = this.pusher.as_ref().ok_or(refused(PushErrorKind::Stopped))?;
        ready!(poll_admit(pusher, &mut this.request, cx)).map_err(refused)?;
        this.is_ready = true;
        Poll::Ready(Ok(()))
    }

    /// Pushes an item.
    ///
    /// # Panics
    /// Panics if `poll_ready` has not returned `Ready(Ok(()))` before, or if the waker of a waiting
    /// task panics.
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        let is_ready = core::mem::take(&mut self.is_ready);
        assert!(is_ready, "`poll_ready` must be ready before `start_send`");
        let pusher = self.pusher.as_ref().expect("a sink with room has its pusher");
        pusher.push_admitted(item).map_err(|error| {
            let kind = error.kind();
            PushSinkError { kind, item: Some(error.into_inner()) }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.cancel();
        // User code: wakers.
        self.pusher = None;
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for PushSink<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<T> fmt::Debug for PushSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushSink")
            .field("is_closed", &self.pusher.is_none())
            .field("is_ready", &self.is_ready)
            .finish_non_exhaustive()
    }
}

/// The error of a [`PushSink`], with the item if there was one.
///
/// # Examples
/// ```
/// use aiter_adapters::bounded;
/// use aiter_core::PushErrorKind;
/// use futures_util::{FutureExt, SinkExt};
///
/// let (pusher, cursor) = bounded(1);
/// let mut sink = pusher.into_sink();
/// assert_eq!(sink.feed("item").now_or_never(), Some(Ok(())));
/// drop(cursor);
/// // `send` waits for room first, so the error has no item.
/// let error = sink.send("late").now_or_never().expect("nothing waits").unwrap_err();
/// assert_eq!((error.kind(), error.into_inner()), (PushErrorKind::NoCursor, None));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PushSinkError<T> {
    kind: PushErrorKind,
    item: Option<T>,
}

impl<T> PushSinkError<T> {
    /// Returns the reason. A sink that was closed returns [`PushErrorKind::Stopped`].
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn kind(&self) -> PushErrorKind {
        self.kind
    }

    /// Returns the item if `start_send` has failed, and `None` if `poll_ready` has.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_inner(self) -> Option<T> {
        self.item
    }
}

impl<T> fmt::Debug for PushSinkError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushSinkError::{:?}(..)", self.kind)
    }
}

impl<T> fmt::Display for PushSinkError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl<T> Error for PushSinkError<T> {}
