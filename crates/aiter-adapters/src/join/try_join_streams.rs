use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::{
    join::joiner::{Joiner, MemberPoll, Opened},
    on_error::OnError,
    util::{inherent_next, nonzero},
};

pin_project_lite::pin_project! {
    /// A stream of the results of many streams, as they come; made by
    /// [`try_join_streams`](crate::AiterExt::try_join_streams).
    ///
    /// The [`OnError`] applies to errors of the stream of streams and to those of its streams. An
    /// error does not end a stream: unless the join stops, a stream that continues after an error
    /// is read further. Otherwise works as [`JoinStreams`](crate::JoinStreams).
    ///
    /// # Panics
    /// Panics as [`JoinStreams`](crate::JoinStreams) does. If a drop panics when the join stops at
    /// an error, the next poll returns the error.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, OnError};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let files = [Ok(vec![Ok(1), Ok(2)]), Err("lost"), Ok(vec![Err("odd"), Ok(4)])];
    /// let files = stream::iter(files).map(|file| file.map(stream::iter));
    /// let mut numbers = files.try_join_streams(OnError::Emit).max_inner(1);
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(Ok(1))));
    /// assert_eq!(numbers.open(), 1);
    /// assert!(numbers.get_ref().is_some());
    /// let rest = numbers.collect::<Vec<_>>().now_or_never();
    /// assert_eq!(rest, Some(vec![Ok(2), Err("lost"), Err("odd"), Ok(4)]));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct TryJoinStreams<S, I: Stream> {
        #[pin]
        joiner: Joiner<S, I>,
        on_error: OnError,
        // The error at which the join stops, while the streams are dropped.
        last: Option<I::Item>,
    }
}

impl<S, I: Stream> fmt::Debug for TryJoinStreams<S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryJoinStreams")
            .field("joiner", &self.joiner)
            .field("on_error", &self.on_error)
            .finish()
    }
}

impl<S, I: Stream> TryJoinStreams<S, I> {
    pub(crate) fn new(source: S, on_error: OnError) -> Self {
        Self { joiner: Joiner::new(source), on_error, last: None }
    }

    /// Limits the number of open streams to `n`. The next stream is opened when another one has
    /// ended.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    #[track_caller]
    pub fn max_inner(mut self, n: usize) -> Self {
        self.joiner.set_max(nonzero(n, "n"));
        self
    }

    /// Returns the stream of streams, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.joiner.source()
    }

    /// Returns the number of open streams.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn open(&self) -> usize {
        self.joiner.len()
    }
}

inherent_next!([S, I: Stream] TryJoinStreams<S, I>);

impl<S, I, T, E> FusedStream for TryJoinStreams<S, I>
where
    S: Stream<Item = Result<I, E>>,
    I: Stream<Item = Result<T, E>>,
{
    fn is_terminated(&self) -> bool {
        self.joiner.has_ended()
    }
}

impl<S, I, T, E> Stream for TryJoinStreams<S, I>
where
    S: Stream<Item = Result<I, E>>,
    I: Stream<Item = Result<T, E>>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let on_error = *this.on_error;
        if let Some(error) = this.last.take() {
            return Poll::Ready(Some(error));
        }
        let polled = this.joiner.as_mut().poll_join(
            cx,
            |opened| match opened {
                Ok(stream) => Opened::Member(stream),
                Err(_) if on_error == OnError::Skip => Opened::Nothing,
                Err(error) => Opened::Item(Err(error)),
            },
            |mut member, cx| {
                Poll::Ready(match ready!(member.as_mut().poll_next(cx)) {
                    None => MemberPoll::End,
                    Some(Err(error)) if on_error == OnError::Skip => MemberPoll::Skip(Err(error)),
                    Some(result) => MemberPoll::Item(result),
                })
            },
        );
        match polled {
            Poll::Ready(Some(Err(error))) if on_error == OnError::Stop => {
                *this.last = Some(Err(error));
                this.joiner.close();
                Poll::Ready(this.last.take())
            }
            polled => polled,
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.last.is_some() {
            return (1, Some(1));
        }
        let (lower, upper) = self.joiner.size_hint(Stream::size_hint);
        match self.on_error {
            OnError::Emit => (lower, upper),
            // Each of them may be an error.
            OnError::Skip => (0, upper),
            OnError::Stop => (lower.min(1), upper),
        }
    }
}
