//! The core of the adapters that flatten iterators.

use core::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::FusedStream;

use crate::util::{budget::Budget, clear_on_panic::clear_on_panic_mut};

pin_project_lite::pin_project! {
    /// A stream, and the iterator of its last item.
    pub(crate) struct Flattener<S, I> {
        #[pin]
        source: S,
        // Dropped when it ends.
        iter: Option<I>,
    }
}

impl<S: FusedStream, I> Flattener<S, I> {
    pub(crate) fn new(source: S) -> Self {
        Self { source, iter: None }
    }

    pub(crate) fn source(&self) -> &S {
        &self.source
    }

    pub(crate) fn source_pin_mut(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source
    }

    /// Returns `true` if an iterator is open.
    pub(crate) fn is_open(&self) -> bool {
        self.iter.is_some()
    }

    pub(crate) fn into_parts(self) -> (S, Option<I>) {
        (self.source, self.iter)
    }

    /// Returns `true` if `None` was returned. That poll is the one that found the source's end.
    pub(crate) fn has_ended(&self) -> bool {
        self.source.is_terminated()
    }
}

impl<S: FusedStream, I: Iterator> Flattener<S, I> {
    /// Polls the next item. `open` makes an iterator of an item of the source.
    pub(crate) fn poll_item(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut open: impl FnMut(S::Item) -> I,
    ) -> Poll<Option<I::Item>> {
        let mut this = self.project();
        let mut budget = Budget::new();
        loop {
            if let Some(item) = clear_on_panic_mut(this.iter, Iterator::next).flatten() {
                return Poll::Ready(Some(item));
            }
            *this.iter = None;
            if this.source.is_terminated() {
                return Poll::Ready(None);
            }
            if !budget.take() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Some(item) = ready!(this.source.as_mut().poll_next(cx)) {
                *this.iter = Some(open(item));
            }
        }
    }

    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        let (lower, upper) = self.iter.as_ref().map_or((0, Some(0)), Iterator::size_hint);
        // Later iterators may be empty, and have no known bound.
        let is_last = self.source.size_hint().1 == Some(0);
        (lower, upper.filter(|_| is_last))
    }
}
