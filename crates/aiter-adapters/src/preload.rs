use alloc::collections::VecDeque;
use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::{
    progress::Progress,
    util::{Budget, add_to_hint, clear_on_panic, inherent_next, source_hint},
};

pin_project_lite::pin_project! {
    /// A stream that pulls items ahead in the consumer's own task; made by
    /// [`preload`](crate::AiterExt::preload).
    ///
    /// It holds at most `n` items ahead, besides the item that the consumer holds. Nothing is
    /// pulled before the first poll. Each poll refills the window while the source is ready, by at
    /// most 128 items.
    ///
    /// There is no task. While the consumer is busy, the window is refilled only through
    /// [`Progress`], as in [`for_each_progress`](crate::AiterExt::for_each_progress). The source is
    /// dropped when it ends, possibly before the last item is taken.
    ///
    /// In the long run nothing is allocated for an item.
    ///
    /// # Panics
    /// Panics if the source does. The source is then dropped. The items that were pulled are still
    /// returned.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    ///
    /// # Examples
    /// ```
    /// use core::pin::Pin;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let mut numbers = stream::iter(1..=9).preload(3);
    /// assert!(numbers.is_empty());
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(numbers.len(), 3);
    /// assert_eq!(numbers.get_ref().map(|source| source.size_hint().0), Some(5));
    /// // Takes the items that follow those ahead.
    /// let source = numbers.get_mut().expect("the source has not ended");
    /// assert_eq!(source.next().now_or_never(), Some(Some(5)));
    /// let mut source = Pin::new(&mut numbers).get_pin_mut().expect("the source has not ended");
    /// assert_eq!(source.next().now_or_never(), Some(Some(6)));
    /// let (source, ahead) = numbers.into_parts();
    /// assert_eq!(ahead, [2, 3, 4]);
    /// assert_eq!(source.unwrap().collect::<Vec<_>>().now_or_never(), Some(vec![7, 8, 9]));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "preload_aiter")]
    pub struct Preload<S: Stream> {
        // Dropped when it ends.
        #[pin]
        source: Option<S>,
        n: NonZeroUsize,
        ahead: VecDeque<S::Item>,
        // `None` was returned.
        ended: bool,
    }
}

impl<S: Stream> fmt::Debug for Preload<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preload")
            .field("len", &self.len())
            .field("n", &self.n)
            .field("source_ended", &self.source.is_none())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> Preload<S> {
    pub(crate) fn new(source: S, n: NonZeroUsize) -> Self {
        Self { source: Some(source), n, ahead: VecDeque::new(), ended: false }
    }

    /// Returns the number of items that were pulled and not taken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn len(&self) -> usize {
        self.ahead.len()
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn is_empty(&self) -> bool {
        self.ahead.is_empty()
    }

    /// Returns the source, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.source.as_ref()
    }

    /// Returns the source mutably, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_mut(&mut self) -> Option<&mut S> {
        self.source.as_mut()
    }

    /// Returns the source mutably and pinned, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().source.as_pin_mut()
    }

    /// Returns the source, unless it has ended, and the items that were pulled and not taken.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_parts(self) -> (Option<S>, VecDeque<S::Item>) {
        (self.source, self.ahead)
    }

    /// Pulls until `len` items are ahead, the source has ended or the budget is spent. Returns
    /// `Pending` if the source does.
    fn fill(self: Pin<&mut Self>, cx: &mut Context<'_>, len: usize) -> Poll<()> {
        let mut this = self.project();
        let mut budget = Budget::new();
        while this.ahead.len() < len && budget.take() {
            match clear_on_panic(this.source.as_mut(), |source| source.poll_next(cx)) {
                Some(polled) => match ready!(polled) {
                    Some(item) => this.ahead.push_back(item),
                    None => this.source.set(None),
                },
                None => break,
            }
        }
        Poll::Ready(())
    }
}

inherent_next!([S: Stream] Preload<S>);

impl<S: Stream> FusedStream for Preload<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Progress for Preload<S> {
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let n = self.n.get();
        ready!(self.as_mut().fill(cx, n));
        if self.source.is_none() || self.ahead.len() >= n {
            return Poll::Ready(());
        }
        // The budget is spent.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: Stream> Stream for Preload<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        // The item to return, and `n` items ahead.
        let len = self.n.get().saturating_add(1);
        let filled = self.as_mut().fill(cx, len);
        let this = self.project();
        let item = this.ahead.pop_front();
        if item.is_none() && filled.is_pending() {
            return Poll::Pending;
        }
        *this.ended = item.is_none();
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        add_to_hint(source_hint(&self.source), self.len())
    }
}
