use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::util::{Flattener, FusedSource, inherent_next};

pin_project_lite::pin_project! {
    /// A stream of the items of a stream's iterators, one iterator after the other; made by
    /// [`flatten_iter`](crate::AiterExt::flatten_iter).
    ///
    /// The source is polled when the last iterator has ended. The source and each iterator are
    /// dropped when they end. After 128 successive empty iterators, the stream wakes its task and
    /// returns `Pending`.
    ///
    /// # Panics
    /// Panics if the source or an iterator does. A source or an iterator that panicked is dropped.
    /// After a panic of an iterator, the next poll continues with the source.
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
    /// let mut numbers = stream::iter([1..=2, 5..=6, 8..=9]).flatten_iter();
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(numbers.get_ref().map(|source| source.size_hint().0), Some(2));
    /// // Skips a whole iterator.
    /// let mut source = Pin::new(&mut numbers).get_pin_mut().expect("the source has not ended");
    /// assert_eq!(source.next().now_or_never(), Some(Some(5..=6)));
    /// assert_eq!(numbers.collect::<Vec<_>>().now_or_never(), Some(vec![2, 8, 9]));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "flatten_aiter")]
    pub struct FlattenIter<S: Stream<Item: IntoIterator>> {
        #[pin]
        inner: Flattener<FusedSource<S>, <S::Item as IntoIterator>::IntoIter>,
    }
}

impl<S: Stream<Item: IntoIterator>> fmt::Debug for FlattenIter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlattenIter")
            .field("open", &self.inner.is_open())
            .field("source_ended", &self.inner.source().is_dropped())
            .finish_non_exhaustive()
    }
}

impl<S: Stream<Item: IntoIterator>> FlattenIter<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { inner: Flattener::new(FusedSource::new(source)) }
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
    /// ```
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut numbers = stream::iter([1..=3, 7..=9]).flatten_iter();
    /// assert_eq!(numbers.next().await, Some(1));
    /// let (source, open) = numbers.into_parts();
    /// assert_eq!(open, Some(2..=3));
    /// assert_eq!(source.unwrap().collect::<Vec<_>>().await, [7..=9]);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn into_parts(self) -> (Option<S>, Option<<S::Item as IntoIterator>::IntoIter>) {
        let (source, iter) = self.inner.into_parts();
        (source.into_inner(), iter)
    }
}

inherent_next!([S: Stream<Item: IntoIterator>] FlattenIter<S>);

impl<S: Stream<Item: IntoIterator>> FusedStream for FlattenIter<S> {
    fn is_terminated(&self) -> bool {
        self.inner.has_ended()
    }
}

impl<S: Stream<Item: IntoIterator>> Stream for FlattenIter<S> {
    type Item = <S::Item as IntoIterator>::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().inner.poll_item(cx, IntoIterator::into_iter)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
