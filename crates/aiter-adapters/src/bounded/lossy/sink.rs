//! `LossySink`, a lossy list as a `Sink` that is always ready.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::TryPushError;
use futures_sink::Sink;

use crate::bounded::lossy::pusher::LossyPusher;

/// A [`Sink`] that pushes into a lossy list; made by [`into_sink`](LossyPusher::into_sink).
///
/// It is always ready, and `start_send` pushes at once. `poll_close` drops the pusher; it waits for
/// no reader, and neither does `poll_flush`.
#[must_use = "sinks do nothing unless polled"]
pub struct LossySink<T> {
    /// `None` once the sink is closed.
    pusher: Option<LossyPusher<T>>,
}

impl<T> LossyPusher<T> {
    /// Turns the pusher into a [`Sink`]. Clone the pusher first to keep one.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_executor::block_on(async {
    /// let (pusher, cursor) = bounded_lossy(2, LossyPolicy::DropOldest);
    /// stream::iter(0..9).map(Ok).forward(pusher.into_sink()).await?;
    /// assert_eq!(cursor.collect::<Vec<_>>().await, [7, 8]);
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// # }).unwrap();
    /// ```
    pub fn into_sink(self) -> LossySink<T> {
        LossySink { pusher: Some(self) }
    }
}

// The pusher is not pinned.
impl<T> Unpin for LossySink<T> {}

impl<T> Sink<T> for LossySink<T> {
    type Error = TryPushError<T>;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    /// Pushes an item, as [`LossyPusher::push`] does. Returns [`TryPushError::Stopped`] with the item
    /// if the sink is closed.
    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        match &self.pusher {
            Some(pusher) => pusher.push(item),
            None => Err(TryPushError::Stopped(item)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.pusher = None;
        Poll::Ready(Ok(()))
    }
}

impl<T> fmt::Debug for LossySink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossySink").field("is_closed", &self.pusher.is_none()).finish()
    }
}
