//! `Sink` for `Pusher` and `&Pusher`.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_sink::Sink;

use crate::{error::PushError, pusher::Pusher};

/// Every item is pushed at once, so the sink is always ready and has nothing to flush.
///
/// A refused item is in the error. Closing the sink neither stops the list nor disconnects the
/// pusher. The list ends by [`stop`](Pusher::stop), or when its last pusher is dropped. So
/// `stream.forward(pusher)` ends it if `pusher` is the last one, and `stream.forward(&pusher)` does
/// not.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
/// use futures_util::{StreamExt, stream};
///
/// # futures_executor::block_on(async {
/// let (pusher, mut cursor) = push_list();
/// stream::iter([1, 2]).map(Ok).forward(&pusher).await?;
/// stream::iter([3]).map(Ok).forward(pusher).await?;
/// assert_eq!(cursor.try_next_many(&mut Vec::new(), 100), 3);
/// assert!(cursor.is_drained());
/// # Ok::<(), aiter_core::PushError<i32>>(())
/// # }).unwrap();
/// ```
impl<T> Sink<T> for Pusher<T> {
    type Error = PushError<T>;

    /// Returns `Ready(Ok)`.
    fn poll_ready(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        Poll::Ready(Ok(()))
    }

    /// Pushes the item as [`push`](Pusher::push) does.
    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), PushError<T>> {
        self.push(item)
    }

    /// Returns `Ready(Ok)`.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        Poll::Ready(Ok(()))
    }

    /// Returns `Ready(Ok)`. The pusher can still push.
    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        Poll::Ready(Ok(()))
    }
}

/// A borrowed pusher, as a sink that leaves the pusher to its owner.
impl<T> Sink<T> for &Pusher<T> {
    type Error = PushError<T>;

    /// Returns `Ready(Ok)`.
    fn poll_ready(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        Poll::Ready(Ok(()))
    }

    /// Pushes the item as [`push`](Pusher::push) does.
    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), PushError<T>> {
        self.push(item)
    }

    /// Returns `Ready(Ok)`.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        Poll::Ready(Ok(()))
    }

    /// Returns `Ready(Ok)`. The pusher can still push.
    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<(), PushError<T>>> {
        Poll::Ready(Ok(()))
    }
}
