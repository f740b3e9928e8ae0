use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{flattener::Flattener, source::Source};

pin_project_lite::pin_project! {
    /// What a function makes of each item: any number of items; made by
    /// [`map_filter`](crate::AiterExt::map_filter).
    ///
    /// The function is called with the next item of the source when what it returned before has been
    /// handed out. The source is dropped at its end, an iterator at its own. After 128 calls in a row
    /// that return nothing the executor may run something else.
    ///
    /// # Panics
    /// Where the source, the function or an iterator does. A source or an iterator that panicked is
    /// dropped, the function's item is lost; the next poll goes on with what is left.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_filter_aiter")]
    #[doc(alias = "flat_map")]
    pub struct MapFilter<S, F, I: IntoIterator> {
        #[pin]
        inner: Flattener<Source<S>, I::IntoIter>,
        f: F,
    }
}

impl<S: Stream, F, I: IntoIterator> fmt::Debug for MapFilter<S, F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapFilter")
            .field("open", &self.inner.is_open())
            .field("source_ended", &self.inner.source().is_over())
            .finish_non_exhaustive()
    }
}

impl<S: Stream, F, I: IntoIterator> MapFilter<S, F, I> {
    pub(crate) fn new(source: S, f: F) -> Self {
        Self { inner: Flattener::new(Source::new(source)), f }
    }

    /// The source, unless it has ended.
    pub fn get_ref(&self) -> Option<&S> {
        self.inner.source().get_ref()
    }

    /// The source, unless it has ended, to change it in place.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().inner.source_pin_mut().get_pin_mut()
    }

    /// Gives back the source, unless it has ended, and the iterator that is open, if any.
    pub fn into_parts(self) -> (Option<S>, Option<I::IntoIter>) {
        let Self { inner, f } = self;
        // Before the return: if this panics, the parts are dropped, not leaked.
        drop(f);
        let (source, iter) = inner.into_parts();
        (source.into_inner(), iter)
    }
}

impl<S, F, I> FusedStream for MapFilter<S, F, I>
where
    S: Stream,
    F: FnMut(S::Item) -> I,
    I: IntoIterator,
{
    fn is_terminated(&self) -> bool {
        self.inner.has_ended()
    }
}

impl<S, F, I> Stream for MapFilter<S, F, I>
where
    S: Stream,
    F: FnMut(S::Item) -> I,
    I: IntoIterator,
{
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
