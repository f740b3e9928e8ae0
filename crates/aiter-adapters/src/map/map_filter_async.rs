use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};

use crate::util::{Flattener, FusedSource, add_to_hint, clear_on_panic, inherent_next};

pin_project_lite::pin_project! {
    /// A stream of the outputs of an async function, one call after the other.
    struct Calls<S, F, Fut: Future> {
        #[pin]
        source: FusedSource<S>,
        f: F,
        // Dropped when it completes.
        #[pin]
        call: Option<Fut>,
        // The output of the call. Kept if the drop of the call panics.
        output: Option<Fut::Output>,
    }
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> FusedStream for Calls<S, F, Fut> {
    fn is_terminated(&self) -> bool {
        self.source.is_terminated()
    }
}

impl<S: Stream, F: FnMut(S::Item) -> Fut, Fut: Future> Stream for Calls<S, F, Fut> {
    type Item = Fut::Output;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Fut::Output>> {
        let mut this = self.project();
        loop {
            if let Some(polled) = clear_on_panic(this.call.as_mut(), |call| call.poll(cx)) {
                *this.output = Some(ready!(polled));
                this.call.set(None);
            }
            if let Some(output) = this.output.take() {
                return Poll::Ready(Some(output));
            }
            match ready!(this.source.as_mut().poll_next(cx)) {
                Some(item) => this.call.set(Some((this.f)(item))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let called = usize::from(self.call.is_some() || self.output.is_some());
        add_to_hint(self.source.size_hint(), called)
    }
}

pin_project_lite::pin_project! {
    /// A stream that maps each item to any number of items by an async function; made by
    /// [`map_filter_async`](crate::AiterExt::map_filter_async).
    ///
    /// One future runs at a time, in this task. The function is called with the next item when the
    /// items of its last call have been returned. The source and each iterator are dropped when
    /// they end, and each future when it completes. After 128 successive calls without an item, the
    /// stream wakes its task and returns `Pending`.
    ///
    /// # Panics
    /// Panics if the source, the function, a future or an iterator does. A source, a future or an
    /// iterator that panicked is dropped. The item of a function that panicked is lost. The next
    /// poll continues. If the drop of a future panics, the next poll continues with its output.
    ///
    /// # Cancel safety
    /// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
    /// The next poll continues the running call.
    ///
    /// # Examples
    /// ```
    /// use core::{future::ready, pin::Pin};
    ///
    /// use aiter_adapters::AiterExt;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let pages = stream::iter(["ab", "c", "de"]);
    /// let mut letters = pages.map_filter_async(|page| ready(page.chars()));
    /// assert_eq!(letters.next().now_or_never(), Some(Some('a')));
    /// assert_eq!(letters.get_ref().map(|pages| pages.size_hint().0), Some(2));
    /// // Takes a page past the function.
    /// let mut pages = Pin::new(&mut letters).get_pin_mut().expect("the source has not ended");
    /// assert_eq!(pages.next().now_or_never(), Some(Some("c")));
    /// let (pages, running, open) = letters.into_parts();
    /// assert!(pages.is_some() && running.is_none());
    /// assert!(open.into_iter().flatten().eq(['b']));
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[doc(alias = "map_filter_aiter")]
    pub struct MapFilterAsync<S, F, Fut: Future<Output: IntoIterator>> {
        #[pin]
        inner: Flattener<Calls<S, F, Fut>, <Fut::Output as IntoIterator>::IntoIter>,
    }
}

impl<S, F, Fut> fmt::Debug for MapFilterAsync<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output: IntoIterator>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls = self.inner.source();
        f.debug_struct("MapFilterAsync")
            .field("open", &self.inner.is_open())
            .field("running", &calls.call.is_some())
            .field("source_ended", &calls.source.is_dropped())
            .finish_non_exhaustive()
    }
}

impl<S, F, Fut> MapFilterAsync<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output: IntoIterator>,
{
    pub(crate) fn new(source: S, f: F) -> Self {
        let calls = Calls { source: FusedSource::new(source), f, call: None, output: None };
        Self { inner: Flattener::new(calls) }
    }

    /// Returns the source, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> Option<&S> {
        self.inner.source().source.get_ref()
    }

    /// Returns the source mutably and pinned, unless it has ended.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Option<Pin<&mut S>> {
        self.project().inner.source_pin_mut().project().source.get_pin_mut()
    }

    /// Returns the source, unless it has ended, the running future, if any, and the open iterator,
    /// if any.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_parts(
        self,
    ) -> (Option<S>, Option<Fut>, Option<<Fut::Output as IntoIterator>::IntoIter>) {
        let (Calls { source, f, call, output }, iter) = self.inner.into_parts();
        // Before the return: if this panics, the parts are dropped, not leaked.
        drop(f);
        let iter = match iter {
            Some(iter) => {
                drop(output);
                Some(iter)
            }
            None => output.map(IntoIterator::into_iter),
        };
        (source.into_inner(), call, iter)
    }
}

inherent_next!([S, F, Fut: Future<Output: IntoIterator>] MapFilterAsync<S, F, Fut>);

impl<S, F, Fut> FusedStream for MapFilterAsync<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output: IntoIterator>,
{
    fn is_terminated(&self) -> bool {
        self.inner.has_ended()
    }
}

impl<S, F, Fut> Stream for MapFilterAsync<S, F, Fut>
where
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output: IntoIterator>,
{
    type Item = <Fut::Output as IntoIterator>::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().inner.poll_item(cx, IntoIterator::into_iter)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
