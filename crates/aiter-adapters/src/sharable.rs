use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::task::PollLock;
use futures_core::{FusedStream, Stream};

use crate::util::inherent_next;

pin_project_lite::pin_project! {
    /// The value of the lock, which the clones poll in turn.
    struct SharableSource<S> {
        #[pin]
        stream: S,
        ended: bool,
    }
}

/// A stream that several tasks share, where each item goes to one task; made by
/// [`sharable`](crate::AiterExt::sharable).
///
/// Each clone is a stream of some of the items, in the source's order. Each poll pulls at most one
/// item. A source that is pending is not polled again before its wake-up. All clones see the end.
///
/// The source's wake-up wakes every waiting clone, usually in the order in which they began to
/// wait. The clone that is polled first takes the item, and the others wait again. A clone that is
/// woken and then not polled, or is dropped, therefore keeps no item from the others. The price is
/// a wake-up for each waiting clone.
///
/// Polling the source is a try-lock. A clone that finds it locked waits, and is woken when the
/// other clone's poll is over.
///
/// The source is dropped with the last clone, not at its end, because
/// [`try_into_inner`](Self::try_into_inner) returns it.
///
/// # Panics
/// Panics if the source does, in the clone that polls it. The other clones are woken, and poll it
/// again. If the waker of a waiting clone panics, it does so in the clone that wakes it, and the
/// item of that clone is dropped.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost and no other clone waits
/// longer. The future of the inherent [`next`](Self::next) also takes back its waker if it is
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
    lock: PollLock<SharableSource<S>>,
    ended: bool,
}

impl<S> fmt::Debug for Sharable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharable").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl<S> Sharable<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { lock: PollLock::new(SharableSource { stream, ended: false }), ended: false }
    }

    /// Drops this clone. Returns the source if it was the last one.
    ///
    /// If this is called on all clones concurrently, exactly one call returns the source.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut one = stream::iter(1..=3).sharable();
    /// let two = one.clone();
    /// assert_eq!(one.next().now_or_never(), Some(Some(1)));
    /// assert!(one.into_inner().is_none()); // `two` reads on
    /// let rest = two.into_inner().expect("this is the last clone");
    /// assert_eq!(rest.collect::<Vec<_>>().now_or_never(), Some(vec![2, 3]));
    /// ```
    pub fn into_inner(self) -> Option<S>
    where
        S: Unpin,
    {
        self.lock.into_inner().map(|source| source.stream)
    }

    /// Returns the source if this is the last clone.
    ///
    /// Two concurrent calls may both fail, because each finds the other clone. To give up all
    /// clones, use [`into_inner`](Self::into_inner).
    ///
    /// # Errors
    /// Returns this clone if there are others.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let one = stream::iter(1..=3).sharable();
    /// let two = one.clone();
    /// let one = one.try_into_inner().expect_err("`two` exists");
    /// drop(two);
    /// let rest = one.try_into_inner().expect("this is the last clone");
    /// assert_eq!(rest.collect::<Vec<_>>().now_or_never(), Some(vec![1, 2, 3]));
    /// ```
    pub fn try_into_inner(self) -> Result<S, Self>
    where
        S: Unpin,
    {
        let ended = self.ended;
        let inner = self.lock.try_into_inner();
        inner.map(|source| source.stream).map_err(|lock| Self { lock, ended })
    }
}

impl<S> Clone for Sharable<S> {
    fn clone(&self) -> Self {
        Self { lock: self.lock.clone(), ended: self.ended }
    }
}

inherent_next!([S] Sharable<S>, |clone| clone.lock.cancel());

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
        let polled = self.lock.poll_locked(cx, |source, cx| {
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
            self.lock.cancel();
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended {
            return (0, Some(0));
        }
        // The other clones may take all items.
        let upper = self
            .lock
            .try_read(|source| if source.ended { Some(0) } else { source.stream.size_hint().1 });
        (0, upper.flatten())
    }
}
