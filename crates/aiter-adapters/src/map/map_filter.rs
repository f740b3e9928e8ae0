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
    ///
    /// # Examples
    /// ```
    /// use core::pin::Pin;
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let lines = stream::iter(["to be", "# a comment", "or not to be"]);
    /// let mut words = lines.map_filter(str::split_whitespace);
    /// assert_eq!(words.next().now_or_never(), Some(Some("to")));
    /// assert_eq!(words.get_ref().map(|lines| lines.size_hint().0), Some(2));
    /// // Takes a line past the function.
    /// let mut lines = Pin::new(&mut words).get_pin_mut().expect("the source has not ended");
    /// assert_eq!(lines.next().now_or_never(), Some(Some("# a comment")));
    /// let (lines, open) = words.into_parts();
    /// assert!(open.into_iter().flatten().eq(["be"]));
    /// assert!(lines.is_some());
    /// ```
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
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.inner.source().get_ref()
    }

    /// Returns the source mutably and pinned, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().inner.source_pin_mut().get_pin_mut()
    }

    /// Returns the source, unless it has ended, and the open iterator, if any.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
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
