use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::{
    joiner::{Got, Joiner, Opened},
    on_error::OnError,
    window::window,
};

pin_project_lite::pin_project! {
    /// The results of all streams of a stream, as they come; made by
    /// [`try_join_streams`](crate::AiterExt::try_join_streams).
    ///
    /// Errors of the stream of streams and of its streams are treated alike, as its [`OnError`] says.
    /// An error does not end a stream: one that goes on after an error is read on, unless the join
    /// stops. All else is as in [`JoinStreams`](crate::JoinStreams).
    ///
    /// # Panics
    /// As [`JoinStreams`](crate::JoinStreams). If a drop panics when the join stops at an error,
    /// the next poll hands the error out.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    pub struct TryJoinStreams<S, I: Stream> {
        #[pin]
        joiner: Joiner<S, I>,
        on_error: OnError,
        // The error that the join stops at, while the streams are dropped.
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

    /// Lets at most `n` streams be open at a time. The next one is asked for when one has ended.
    ///
    /// # Panics
    /// Panics if `n` is 0.
    #[track_caller]
    pub fn max_inner(mut self, n: usize) -> Self {
        self.joiner.set_max(window(n, "n"));
        self
    }

    /// The stream of streams, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.joiner.source()
    }

    /// The number of streams that are open.
    pub fn open(&self) -> usize {
        self.joiner.len()
    }
}

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
                    None => Got::Over,
                    Some(Err(error)) if on_error == OnError::Skip => Got::Skip(Err(error)),
                    Some(result) => Got::Item(result),
                })
            },
        );
        match polled {
            Poll::Ready(Some(Err(error))) if on_error == OnError::Stop => {
                *this.last = Some(Err(error));
                this.joiner.shut();
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
            // Any of them may be an error.
            OnError::Skip => (0, upper),
            OnError::Stop => (lower.min(1), upper),
        }
    }
}
