use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::Relay;
use futures_core::{FusedFuture, FusedStream, Stream};

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
/// Each clone is a stream of some of the items, in the source's order. The source is asked for one
/// item a poll, and not again before its wake-up once it is pending. All clones see the end.
///
/// The source's wake-up wakes every clone that waits, as a rule beginning with the clone that has
/// waited longest. The clone that is polled first takes the item; the others wait again. So a clone
/// that is woken and then rests, or is dropped, keeps no item from the others. The price is a
/// wake-up for each waiting clone.
///
/// Polling the source is a try-lock: a clone that finds another at it sleeps, and is woken when the
/// other is done.
///
/// A source that has ended is kept until the last clone goes, because
/// [`try_into_inner`](Self::try_into_inner) gives it back.
///
/// # Panics
/// Panics if the source does, in the clone that polls it. The others are woken, and poll it again.
/// If the waker of a clone that waits panics, it does so in the clone that wakes it, and the item
/// in its hands is dropped.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost and no other clone waits
/// longer. The future of the inherent [`next`](Self::next) also takes its waker back if it is
/// dropped while it waits.
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

    /// Waits for the next item of this clone, `None` at the end.
    ///
    /// Unlike the future of `StreamExt::next`, this one takes its waker back if it is dropped
    /// while it waits. Then the task is not woken for an item that it no longer waits for.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost and no other clone waits longer.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, stream};
    ///
    /// let mut one = stream::iter(["item"]).sharable();
    /// assert_eq!(one.next().now_or_never(), Some(Some("item")));
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it stands for `StreamExt::next`")]
    pub fn next(&mut self) -> SharableNext<'_, S>
    where
        S: Stream,
    {
        SharableNext { clone: self, waits: false }
    }

    /// Gives this clone up, and returns the source if it was the last one.
    ///
    /// If several clones are given up at once, exactly one of the calls returns the source.
    pub fn into_inner(self) -> Option<S>
    where
        S: Unpin,
    {
        self.relay.into_inner().map(|source| source.stream)
    }

    /// Returns the source if this is the last clone.
    ///
    /// Two clones that ask at once may both get themselves back, as each finds the other one. To
    /// give up all clones, use [`into_inner`](Self::into_inner).
    ///
    /// # Errors
    /// Returns the clone if there are others.
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
                return Poll::Ready(None);
            }
            source.stream.poll_next(cx).map(|item| {
                *source.ended = item.is_none();
                item
            })
        });
        if let Poll::Ready(None) = polled {
            self.ended = true;
            self.relay.cancel();
        }
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

/// The future of [`Sharable::next`].
#[must_use = "futures do nothing unless polled"]
pub struct SharableNext<'a, S: Stream> {
    clone: &'a mut Sharable<S>,
    /// The last poll was pending.
    waits: bool,
}

impl<S: Stream> fmt::Debug for SharableNext<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharableNext").field("clone", &self.clone).finish()
    }
}

impl<S: Stream> Future for SharableNext<'_, S> {
    type Output = Option<S::Item>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.waits = true;
        let polled = Pin::new(&mut *self.clone).poll_next(cx);
        self.waits = polled.is_pending();
        polled
    }
}

impl<S: Stream> FusedFuture for SharableNext<'_, S> {
    fn is_terminated(&self) -> bool {
        self.clone.ended
    }
}

impl<S: Stream> Drop for SharableNext<'_, S> {
    fn drop(&mut self) {
        if self.waits {
            self.clone.relay.cancel();
        }
    }
}
