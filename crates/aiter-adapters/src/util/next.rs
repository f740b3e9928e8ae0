//! The inherent method `next` of the streams, and the guard of its future.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedFuture, FusedStream, Stream};

/// The future of the inherent method `next` of a stream.
///
/// A fork or clone of a shared source ([`ForkStream`](crate::ForkStream),
/// [`PassiveFork`](crate::PassiveFork), [`BoundedFork`](crate::BoundedFork),
/// [`Sharable`](crate::Sharable)) registers its task with the source, and a cursor registers it
/// with its list. If this future is dropped while it waits, it deregisters the task, unlike the
/// future of `StreamExt::next`. The task is then not woken for an item that it no longer waits for.
///
/// # Cancel safety
/// Cancel safe. If the future is dropped, no item is lost and no other task waits longer.
///
/// # Examples
/// A fork whose future was dropped leaves no waker:
///
/// ```
/// use core::{future::Future, pin::pin, task::{Context, Waker}};
/// use std::{sync::Arc, task::Wake};
///
/// use aiter_adapters::AiterExt;
/// use futures_util::stream;
///
/// struct Task;
///
/// impl Wake for Task {
///     fn wake(self: Arc<Self>) {}
/// }
///
/// let task = Arc::new(Task);
/// let waker = Waker::from(task.clone());
/// let mut fork = stream::pending::<i32>().forker();
/// {
///     let next = pin!(fork.next());
///     assert!(next.poll(&mut Context::from_waker(&waker)).is_pending());
///     assert_eq!(Arc::strong_count(&task), 3);
/// }
/// assert_eq!(Arc::strong_count(&task), 2);
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct StreamNext<'a, S>(Wait<'a, S>);

impl<S: fmt::Debug> fmt::Debug for StreamNext<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamNext").field("stream", &self.0.stream).finish_non_exhaustive()
    }
}

impl<'a, S> StreamNext<'a, S> {
    /// `deregister` removes the wakers that a poll of the stream has left with a shared source.
    #[doc(hidden)]
    pub fn new(stream: &'a mut S, deregister: fn(&mut S)) -> Self {
        Self(Wait::new(stream, deregister))
    }
}

impl<S: Stream + Unpin> Future for StreamNext<'_, S> {
    type Output = Option<S::Item>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.0.poll(|stream| Pin::new(stream).poll_next(cx))
    }
}

impl<S: FusedStream + Unpin> FusedFuture for StreamNext<'_, S> {
    /// Returns `true` if the stream has returned its end.
    fn is_terminated(&self) -> bool {
        self.0.stream.is_terminated()
    }
}

/// A stream that a future borrows. If the future is dropped while it waits, deregisters the stream.
pub(crate) struct Wait<'a, S> {
    pub(crate) stream: &'a mut S,
    /// The last poll returned `Pending` or panicked.
    is_waiting: bool,
    deregister: fn(&mut S),
}

impl<'a, S> Wait<'a, S> {
    /// `deregister` removes the wakers that a poll of the stream has left.
    pub(crate) fn new(stream: &'a mut S, deregister: fn(&mut S)) -> Self {
        Self { stream, is_waiting: false, deregister }
    }

    /// Polls the stream by `poll`.
    #[inline]
    pub(crate) fn poll<R>(&mut self, poll: impl FnOnce(&mut S) -> Poll<R>) -> Poll<R> {
        // Before the poll, so that a panic leaves `true`.
        self.is_waiting = true;
        let polled = poll(self.stream);
        self.is_waiting = polled.is_pending();
        polled
    }
}

impl<S> Drop for Wait<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if self.is_waiting {
            (self.deregister)(self.stream);
        }
    }
}

/// Adds the method `next` to a stream: `inherent_next!([S: Stream] Fork<S>)`.
///
/// A handle of a shared source adds a function that deregisters it.
macro_rules! inherent_next {
    ([$($generics:tt)*] $stream:ty) => {
        inherent_next!([$($generics)*] $stream, |_| {});
    };
    ([$($generics:tt)*] $stream:ty, $deregister:expr) => {
        impl<$($generics)*> $stream {
            /// Waits for the next item. Returns `None` at the end.
            ///
            /// Does what `StreamExt::next` does, without an import. See
            /// [`StreamNext`](crate::StreamNext) for a fork or clone of a shared source.
            ///
            /// # Panics
            /// A poll panics if a poll of the [stream](Self) does.
            ///
            /// # Cancel safety
            /// Cancel safe. If the future is dropped, no item is lost.
            ///
            /// # Examples
            /// See the [example of `AiterExt`](crate::AiterExt#examples).
            #[expect(clippy::should_implement_trait, reason = "replaces `StreamExt::next`")]
            pub fn next(&mut self) -> $crate::StreamNext<'_, Self>
            where
                Self: futures_core::Stream + Unpin,
            {
                $crate::StreamNext::new(self, $deregister)
            }
        }
    };
}

pub(crate) use inherent_next;
