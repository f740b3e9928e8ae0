use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    azip::sources::AzipSources,
    util::{add_to_hint, inherent_next},
};

/// Makes a stream of rows with one item of each stream.
///
/// The streams are a tuple of up to 12, an array or a `Vec`. They must be `Unpin`; use `Box::pin`
/// for others. See [`Azip`] for its guarantees.
///
#[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/azip.svg"))]
///
/// # Examples
/// ```
/// use aiter_adapters::azip;
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rows = azip((stream::iter(1..), stream::iter(["a", "b"]), stream::iter('x'..)));
/// assert_eq!(rows.collect::<Vec<_>>().await, [(1, "a", 'x'), (2, "b", 'y')]);
///
/// let rows = azip([stream::iter(1..=2), stream::iter(7..=9)]);
/// assert_eq!(rows.collect::<Vec<_>>().await, [[1, 7], [2, 8]]);
/// # }).expect("iterators never wait");
/// ```
pub fn azip<Z: AzipSources>(sources: Z) -> Azip<Z> {
    let taken = sources.none_taken();
    Azip { sources, taken, ended: false }
}

/// A stream of rows with one item of each source; made by [`azip`](azip()).
///
/// Each poll polls every source whose item is missing in the row, so all sources wait at the same
/// time. Items are kept until the row is complete. The rows end with the shortest source: once a
/// source has ended, no source is polled again. Without sources there are no rows.
///
/// Sources are dropped with this stream, not at their end, because [`into_parts`](Self::into_parts)
/// returns them, with the items of an incomplete row.
///
/// # Panics
/// Panics if a source does. Items of other sources are kept, and the next poll polls the source
/// again.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "azip")]
#[doc(alias = "zip")]
pub struct Azip<Z: AzipSources> {
    sources: Z,
    taken: Z::Taken,
    /// `None` was returned.
    ended: bool,
}

impl<Z: AzipSources> fmt::Debug for Azip<Z> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = (0..self.count()).filter(|&i| Z::has_at(&self.taken, i)).count();
        f.debug_struct("Azip")
            .field("sources", &self.count())
            .field("taken", &taken)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<Z: AzipSources> Azip<Z> {
    /// Returns the sources.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::azip;
    /// use futures_util::{FutureExt, Stream, StreamExt, stream};
    ///
    /// let mut rows = azip((stream::iter([1, 2, 3]), stream::iter(["a", "b"])));
    /// assert_eq!(rows.next().now_or_never(), Some(Some((1, "a"))));
    /// let (numbers, letters) = rows.get_ref();
    /// assert_eq!((numbers.size_hint().0, letters.size_hint().0), (2, 1));
    /// ```
    pub fn get_ref(&self) -> &Z {
        &self.sources
    }

    /// Returns the sources, and the items of an incomplete row.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::azip;
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let mut rows = azip((stream::iter([1, 2, 3]), stream::iter(["a"])));
    /// assert_eq!(rows.next().now_or_never(), Some(Some((1, "a"))));
    /// assert_eq!(rows.next().now_or_never(), Some(None));
    /// let ((mut numbers, _), taken) = rows.into_parts();
    /// assert_eq!(taken, (Some(2), None));
    /// assert_eq!(numbers.next().now_or_never(), Some(Some(3)));
    /// ```
    pub fn into_parts(self) -> (Z, Z::Taken) {
        (self.sources, self.taken)
    }

    pub(crate) fn count(&self) -> usize {
        self.sources.count()
    }

    pub(crate) fn poll_at(&mut self, i: usize, cx: &mut Context<'_>) -> Poll<bool> {
        self.sources.poll_at(i, &mut self.taken, cx)
    }

    pub(crate) fn row(&mut self) -> Z::Row {
        Z::row(&mut self.taken)
    }

    /// Returns `true` if there are no more rows.
    pub(crate) fn is_over(&self) -> bool {
        self.ended || self.count() == 0
    }

    /// Marks that `None` was returned.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Returns the size hint of source `i`, including an item that was taken.
    pub(crate) fn hint_at(&self, i: usize) -> (usize, Option<usize>) {
        let taken = usize::from(Z::has_at(&self.taken, i));
        add_to_hint(self.sources.hint_at(i), taken)
    }
}

inherent_next!([Z: AzipSources] Azip<Z>);

// Sources are `Unpin`, and items are not pinned.
impl<Z: AzipSources> Unpin for Azip<Z> {}

impl<Z: AzipSources> FusedStream for Azip<Z> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<Z: AzipSources> Stream for Azip<Z> {
    type Item = Z::Row;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Z::Row>> {
        if self.is_over() {
            self.ended = true;
            return Poll::Ready(None);
        }
        let mut complete = true;
        for i in 0..self.count() {
            if self.ended {
                break;
            }
            match self.poll_at(i, cx) {
                Poll::Ready(has_item) => self.ended = !has_item,
                Poll::Pending => complete = false,
            }
        }
        if self.ended {
            Poll::Ready(None)
        } else if complete {
            Poll::Ready(Some(self.row()))
        } else {
            Poll::Pending
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.is_over() {
            return (0, Some(0));
        }
        let hints = (0..self.count()).map(|i| self.hint_at(i));
        hints.fold((usize::MAX, None), |(lower, upper), (low, up)| {
            (lower.min(low), upper.into_iter().chain(up).min())
        })
    }
}
