use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{Pass, Relay};
use futures_core::{FusedStream, Stream};

pin_project_lite::pin_project! {
    /// What the clones drive in turn.
    struct Source<S> {
        #[pin]
        stream: S,
        ended: bool,
    }
}

/// A stream that several tasks share, each item to one of them; made by
/// [`sharable`](crate::AiterExt::sharable).
///
/// Each clone is a stream of some of the items, in the source's order. The source is asked for one item a
/// poll. Those that wait are woken longest waiting first; a clone that is polled when an item is
/// ready takes it, even if others wait. All see the end.
///
/// Polling the source is a try-lock: a clone that finds another at it sleeps and is woken in its
/// turn. A clone that is dropped between its wake-up and its poll passes the wake-up on.
///
/// # Panics
/// If the source does, in the clone that polls it. The others are woken, and poll it again. If the
/// waker of a clone that waits does, in the clone that wakes it; the item in its hands is dropped.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item. A clone that was woken and is
/// neither polled nor dropped keeps that wake-up to itself.
///
/// # Examples
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let mut one = stream::iter(1..=3).sharable();
/// let two = one.clone();
/// assert_eq!(one.next().await, Some(1));
/// assert_eq!(two.collect::<Vec<_>>().await, [2, 3]);
/// assert_eq!(one.next().await, None);
/// # }).expect("an iterator never waits");
/// ```
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "sharable_aiter")]
pub struct Sharable<S> {
    relay: Relay<Source<S>>,
    ended: bool,
}

impl<S> fmt::Debug for Sharable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharable").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl<S> Sharable<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { relay: Relay::new(Source { stream, ended: false }), ended: false }
    }

    /// Gives the source back if this is the last clone.
    ///
    /// # Errors
    /// The clone, if there are others.
    pub fn try_into_inner(self) -> Result<S, Self>
    where
        S: Unpin,
    {
        let ended = self.ended;
        let inner = self.relay.try_into_inner();
        inner.map(|source| source.stream).map_err(|relay| Self { relay, ended })
    }
}

impl<S> Clone for Sharable<S> {
    fn clone(&self) -> Self {
        Self { relay: self.relay.clone(), ended: self.ended }
    }
}

impl<S: Stream> FusedStream for Sharable<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Stream for Sharable<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let polled = self.relay.poll_turn(cx, |source, cx| {
            let source = source.project();
            if *source.ended {
                return Poll::Ready((None, Pass::All));
            }
            source.stream.poll_next(cx).map(|item| {
                *source.ended = item.is_none();
                let pass = if item.is_some() { Pass::Next } else { Pass::All };
                (item, pass)
            })
        });
        self.ended = matches!(polled, Poll::Ready(None));
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended {
            return (0, Some(0));
        }
        // The other clones may take them all.
        let upper = self
            .relay
            .try_look(|source| if source.ended { Some(0) } else { source.stream.size_hint().1 });
        (0, upper.flatten())
    }
}
