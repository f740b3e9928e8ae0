use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{flattener::Flattener, source::Source};

pin_project_lite::pin_project! {
    /// The items of the iterators of a stream, one iterator after the other; made by
    /// [`flatten_iter`](crate::AiterExt::flatten_iter).
    ///
    /// The source is asked for the next iterator when the one before has ended, and dropped at its
    /// own end; an iterator is dropped at its end. After 128 empty iterators in a row the executor may
    /// run something else.
    ///
    /// # Panics
    /// Where the source or an iterator does. The one that panicked is dropped: after an iterator, the
    /// next poll goes on with the source.
    ///
    /// # Cancel safety
    /// Dropping a future over this stream (such as `next()`) loses no item.
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "flatten_aiter")]
    pub struct FlattenIter<S: Stream<Item: IntoIterator>> {
        #[pin]
        inner: Flattener<Source<S>, <S::Item as IntoIterator>::IntoIter>,
    }
}

impl<S: Stream<Item: IntoIterator>> fmt::Debug for FlattenIter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlattenIter")
            .field("open", &self.inner.is_open())
            .field("source_ended", &self.inner.source().is_over())
            .finish_non_exhaustive()
    }
}

impl<S: Stream<Item: IntoIterator>> FlattenIter<S> {
    pub(crate) fn new(source: S) -> Self {
        Self { inner: Flattener::new(Source::new(source)) }
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
