use alloc::vec::Vec;
use core::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    azip::{rows::Azip, sources::AzipSources},
    util::inherent_next,
};

/// A stream of rows with one item of each source, which must end together; made by
/// [`Azip::strict`].
///
/// If a source has ended and another one has an item, [`UnequalLengths`] is returned as the last
/// item. Otherwise works as [`Azip`].
///
/// # Panics
/// Panics as [`Azip`] does.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost.
///
/// # Examples
/// ```
/// use aiter_adapters::{UnequalLengths, azip};
/// use futures_util::{FutureExt, Stream, StreamExt, stream};
///
/// let mut rows = azip((stream::iter([1, 2, 3]), stream::iter(["a"]))).strict();
/// assert_eq!(rows.next().now_or_never(), Some(Some(Ok((1, "a")))));
/// let error: UnequalLengths = rows.next().now_or_never().flatten().unwrap().unwrap_err();
/// assert_eq!((error.shorter(), error.longer()), (1, 0));
///
/// let (numbers, _) = rows.get_ref();
/// assert_eq!(numbers.size_hint().0, 1);
/// let (_, taken) = rows.into_parts();
/// assert_eq!(taken, (Some(2), None));
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct StrictAzip<Z: AzipSources> {
    rows: Azip<Z>,
    /// For each source, whether it has ended. Empty while none has.
    ended: Vec<bool>,
    /// The error was returned.
    unequal: bool,
}

impl<Z: AzipSources> Azip<Z> {
    /// Returns an error if sources have unequal lengths.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/azip_strict.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::azip;
    /// use futures_util::{StreamExt, stream};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let mut rows = azip((stream::iter([1, 2]), stream::iter(["a"]))).strict();
    /// assert_eq!(rows.next().await, Some(Ok((1, "a"))));
    /// let error = rows.next().await.expect("lengths differ").expect_err("no row is complete");
    /// assert_eq!((error.shorter(), error.longer()), (1, 0));
    /// assert_eq!(rows.next().await, None);
    /// # }).expect("iterators never wait");
    /// ```
    pub fn strict(self) -> StrictAzip<Z> {
        StrictAzip::new(self)
    }
}

impl<Z: AzipSources> fmt::Debug for StrictAzip<Z> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StrictAzip").field(&self.rows).finish()
    }
}

impl<Z: AzipSources> StrictAzip<Z> {
    pub(crate) fn new(rows: Azip<Z>) -> Self {
        Self { rows, ended: Vec::new(), unequal: false }
    }

    /// Returns the sources.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn get_ref(&self) -> &Z {
        self.rows.get_ref()
    }

    /// Returns the sources, and the items of an incomplete row.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn into_parts(self) -> (Z, Z::Taken) {
        self.rows.into_parts()
    }

    /// Returns `true` if there are no more rows.
    fn is_over(&self) -> bool {
        self.unequal || self.rows.is_over()
    }

    fn has_ended(&self, i: usize) -> bool {
        self.ended.get(i).is_some_and(|ended| *ended)
    }

    fn poll_at(&mut self, i: usize, cx: &mut Context<'_>) -> Poll<bool> {
        if self.has_ended(i) {
            return Poll::Ready(false);
        }
        let polled = self.rows.poll_at(i, cx);
        if polled == Poll::Ready(false) {
            self.ended.resize(self.rows.count(), false);
            self.ended[i] = true;
        }
        polled
    }
}

inherent_next!([Z: AzipSources] StrictAzip<Z>);

// See `Azip`.
impl<Z: AzipSources> Unpin for StrictAzip<Z> {}

impl<Z: AzipSources> FusedStream for StrictAzip<Z> {
    fn is_terminated(&self) -> bool {
        self.rows.is_terminated()
    }
}

impl<Z: AzipSources> Stream for StrictAzip<Z> {
    type Item = Result<Z::Row, UnequalLengths>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over() {
            self.rows.end();
            return Poll::Ready(None);
        }
        let (mut shorter, mut longer, mut complete) = (None, None, true);
        for i in 0..self.rows.count() {
            match self.poll_at(i, cx) {
                Poll::Ready(true) => longer = Some(i),
                Poll::Ready(false) => shorter = Some(i),
                Poll::Pending => complete = false,
            }
            if let (Some(shorter), Some(longer)) = (shorter, longer) {
                self.unequal = true;
                return Poll::Ready(Some(Err(UnequalLengths { shorter, longer })));
            }
        }
        if !complete {
            return Poll::Pending;
        }
        if shorter.is_some() {
            self.rows.end();
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(self.rows.row())))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.is_over() {
            return (0, Some(0));
        }
        let hint_at = |i| if self.has_ended(i) { (0, Some(0)) } else { self.rows.hint_at(i) };
        let hints = || (0..self.rows.count()).map(hint_at);
        let min_lower = hints().map(|hint| hint.0).min().unwrap_or(0);
        let max_lower = hints().map(|hint| hint.0).max().unwrap_or(0);
        let min_upper = hints().filter_map(|hint| hint.1).min();
        let may_differ = hints().any(|hint| hint.1.is_none_or(|upper| upper > min_lower));
        let must_differ = min_upper.is_some_and(|upper| upper < max_lower);
        // The error is one more item.
        let upper = min_upper.and_then(|upper| upper.checked_add(usize::from(may_differ)));
        (min_lower.saturating_add(usize::from(must_differ)), upper)
    }
}

/// The error of [`StrictAzip`] if sources have unequal lengths.
///
/// # Examples
/// See the example of [`StrictAzip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnequalLengths {
    shorter: usize,
    longer: usize,
}

impl UnequalLengths {
    /// Returns the index of a source that has ended.
    ///
    /// # Examples
    /// See the example of [`StrictAzip`].
    pub fn shorter(&self) -> usize {
        self.shorter
    }

    /// Returns the index of a source that has another item.
    ///
    /// # Examples
    /// See the example of [`StrictAzip`].
    pub fn longer(&self) -> usize {
        self.longer
    }
}

impl fmt::Display for UnequalLengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {} has ended, stream {} has not", self.shorter, self.longer)
    }
}

impl Error for UnequalLengths {}
