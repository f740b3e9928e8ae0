use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{azip_sources::AzipSources, strict_azip::StrictAzip};

/// Makes a stream of rows, each of one item of every stream.
///
/// The streams are a tuple of up to 12, an array or a `Vec`, and `Unpin`: put others in a `Box::pin`.
/// See [`Azip`] for what it promises.
///
/// ```text
/// numbers   1     2        3 ..
/// letters     a     b |
/// azip        1a    2b    |
/// ```
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

/// Rows of one item of each of several streams; made by [`azip`](azip()).
///
/// Each poll asks every stream that has not given its item for the row, so that they wait at the
/// same time and not in turn. Items stay here until the row is complete. The rows end with the
/// shortest stream: as soon as one has ended nothing more is asked of the others. Of no streams there
/// are no rows.
///
/// [`into_parts`](Self::into_parts) gives back the streams and what was taken from them for a row
/// that is not complete. A stream is therefore not dropped at its end but with the rows.
///
/// # Panics
/// If one of the streams does. What the others have given is kept, and the next poll polls it again.
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "azip")]
#[doc(alias = "zip")]
pub struct Azip<Z: AzipSources> {
    sources: Z,
    taken: Z::Taken,
    /// The end was handed out.
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
    /// Makes streams of unequal lengths an error.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::azip;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut rows = azip((stream::iter([1, 2]), stream::iter(["a"]))).strict();
    /// assert_eq!(rows.next().await, Some(Ok((1, "a"))));
    /// let error = rows.next().await.expect("the end is not the same").expect_err("there is no row");
    /// assert_eq!((error.shorter(), error.longer()), (1, 0));
    /// assert_eq!(rows.next().await, None);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn strict(self) -> StrictAzip<Z> {
        StrictAzip::new(self)
    }

    /// The streams.
    pub fn get_ref(&self) -> &Z {
        &self.sources
    }

    /// Gives back the streams, and the items that were taken from them for a row that is not complete.
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

    /// True if there are no more rows.
    pub(crate) fn is_over(&self) -> bool {
        self.ended || self.count() == 0
    }

    /// The end is handed out.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// How many items there are of source `i`, with the one that was taken.
    pub(crate) fn hint_at(&self, i: usize) -> (usize, Option<usize>) {
        let taken = usize::from(Z::has_at(&self.taken, i));
        let (lower, upper) = self.sources.hint_at(i);
        (lower.saturating_add(taken), upper.and_then(|upper| upper.checked_add(taken)))
    }
}

// Neither streams, which are `Unpin`, nor items are pinned in place.
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
                Poll::Ready(given) => self.ended = !given,
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
