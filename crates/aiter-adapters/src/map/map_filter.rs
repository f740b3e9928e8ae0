use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::util::{Flattener, FusedSource, inherent_next};

pin_project_lite::pin_project! {
    /// A stream that maps each item to any number of items; made by
    /// [`map_filter`](crate::AiterExt::map_filter).
    ///
    /// The function is called with the next item when the items of its last call have been
    /// returned. The source and each iterator are dropped when they end. After 128 successive calls
    /// without an item, the stream wakes its task and returns `Pending`.
    ///
    /// # Panics
    /// Panics if the source, the function or an iterator does. A source or an iterator that
    /// panicked is dropped. The item of a function that panicked is lost. The next poll continues.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_filter_aiter")]
    #[doc(alias = "flat_map")]
    pub struct MapFilter<S, F, I: IntoIterator> {
        #[pin]
        inner: Flattener<FusedSource<S>, I::IntoIter>,
        f: F,
    }
}

impl<S: Stream, F, I: IntoIterator> fmt::Debug for MapFilter<S, F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapFilter")
            .field("open", &self.inner.is_open())
            .field("source_ended", &self.inner.source().is_dropped())
            .finish_non_exhaustive()
    }
}

impl<S: Stream, F, I: IntoIterator> MapFilter<S, F, I> {
    pub(crate) fn new(source: S, f: F) -> Self {
        Self { inner: Flattener::new(FusedSource::new(source)), f }
    }

    /// Returns the source, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.inner.source().get_ref()
    }

    /// Returns the source mutably and pinned, unless it has ended.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().inner.source_pin_mut().get_pin_mut()
    }

    /// Returns the source, unless it has ended, and the open iterator, if any.
    pub fn into_parts(self) -> (Option<S>, Option<I::IntoIter>) {
        let Self { inner, f } = self;
        // Before the return: if this panics, the parts are dropped, not leaked.
        drop(f);
        let (source, iter) = inner.into_parts();
        (source.into_inner(), iter)
    }
}

inherent_next!([S: Stream, F, I: IntoIterator] MapFilter<S, F, I>);

impl<S: Stream, F: FnMut(S::Item) -> I, I: IntoIterator> FusedStream for MapFilter<S, F, I> {
    fn is_terminated(&self) -> bool {
        self.inner.has_ended()
    }
}

impl<S: Stream, F: FnMut(S::Item) -> I, I: IntoIterator> Stream for MapFilter<S, F, I> {
    type Item = I::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<I::Item>> {
        let this = self.project();
        let f = this.f;
        this.inner.poll_item(cx, |item| f(item).into_iter())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
