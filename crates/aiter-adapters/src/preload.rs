use alloc::collections::VecDeque;
use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{progress::Progress, unwind};

pin_project_lite::pin_project! {
    /// A window of items that are pulled ahead in the consumer's own task; made by
    /// [`preload`](crate::AiterExt::preload).
    ///
    /// The window holds exactly `n` items, and the one in the consumer's hands counts until the consumer
    /// asks for the next: so the source is never asked for more than `n` items beyond those that the
    /// consumer is done with. Nothing is pulled before the first poll; from then on each poll fills the
    /// window as far as the source is ready.
    ///
    /// There is no task behind it: while the consumer does something else the window is filled only
    /// through [`Progress`], as [`for_each_alongside`](crate::AiterExt::for_each_alongside) does. The
    /// source is dropped at its end, which may be before the last item is taken.
    ///
    /// In the long run nothing is allocated for an item.
    ///
    /// # Panics
    /// If the source does, which is then dropped. What was pulled before is still handed out.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "preload_aiter")]
    pub struct Preload<S: Stream> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        n: NonZeroUsize,
        ahead: VecDeque<S::Item>,
        // The consumer has an item and has not asked for another.
        in_hand: bool,
        // The end was handed out.
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
        Self { source: Some(source), n, ahead: VecDeque::new(), in_hand: false, ended: false }
    }

    /// The number of items that were pulled and are still to be taken.
    pub fn len(&self) -> usize {
        self.ahead.len()
    }

    /// True if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.ahead.is_empty()
    }

    /// The source, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.source.as_ref()
    }

    /// The source, unless it has ended, to change it in place.
    pub fn get_mut(&mut self) -> Option<&mut S> {
        self.source.as_mut()
    }

    /// The source, unless it has ended, pinned, to change it in place.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().source.as_pin_mut()
    }

    /// Gives back the source, unless it has ended, and the items that were pulled and not taken.
    pub fn into_parts(self) -> (Option<S>, VecDeque<S::Item>) {
        (self.source, self.ahead)
    }
}

impl<S: Stream> FusedStream for Preload<S> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream> Progress for Preload<S> {
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        while this.ahead.len() + usize::from(*this.in_hand) < this.n.get() {
            match unwind::with(this.source.as_mut(), |source| source.poll_next(cx)) {
                Some(Poll::Ready(Some(item))) => this.ahead.push_back(item),
                Some(Poll::Ready(None)) => this.source.set(None),
                Some(Poll::Pending) => return Poll::Pending,
                None => break,
            }
        }
        Poll::Ready(())
    }
}

impl<S: Stream> Stream for Preload<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        *self.as_mut().project().in_hand = false;
        let full = self.as_mut().poll_progress(cx);
        let this = self.project();
        let item = this.ahead.pop_front();
        *this.in_hand = item.is_some();
        if item.is_none() && full.is_pending() {
            return Poll::Pending;
        }
        *this.ended = item.is_none();
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (lower, upper) = self.source.as_ref().map_or((0, Some(0)), Stream::size_hint);
        let len = self.len();
        (lower.saturating_add(len), upper.and_then(|upper| upper.checked_add(len)))
    }
}
