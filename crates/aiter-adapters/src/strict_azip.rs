use alloc::vec::Vec;
use core::{
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{azip::Azip, azip_sources::AzipSources};

/// Rows of one item of each of several streams, which have to end together; made by
/// [`Azip::strict`].
///
/// Where some stream has ended and another has one more item, [`Unequal`] is the last that comes out.
/// All else is as in [`Azip`].
///
/// # Panics
/// As [`Azip`].
///
/// # Cancel safety
/// Dropping a future over this stream (such as `next()`) loses no item.
#[must_use = "streams do nothing unless polled"]
pub struct StrictAzip<Z: AzipSources> {
    rows: Azip<Z>,
    /// Which streams have ended; shorter than their number while none has.
    ended: Vec<bool>,
    /// The error was handed out.
    unequal: bool,
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

    /// The streams.
    pub fn get_ref(&self) -> &Z {
        self.rows.get_ref()
    }

    /// Gives back the streams, and the items that were taken from them for a row that is not complete.
    pub fn into_parts(self) -> (Z, Z::Taken) {
        self.rows.into_parts()
    }

    /// True if there is nothing more to hand out.
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

// As for `Azip`.
impl<Z: AzipSources> Unpin for StrictAzip<Z> {}

impl<Z: AzipSources> FusedStream for StrictAzip<Z> {
    fn is_terminated(&self) -> bool {
        self.rows.is_terminated()
    }
}

impl<Z: AzipSources> Stream for StrictAzip<Z> {
    type Item = Result<Z::Row, Unequal>;

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
                return Poll::Ready(Some(Err(Unequal { shorter, longer })));
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
        // The error comes after the rows.
        let upper = min_upper.and_then(|upper| upper.checked_add(usize::from(may_differ)));
        (min_lower.saturating_add(usize::from(must_differ)), upper)
    }
}

/// Streams of unequal lengths were given to a [`StrictAzip`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unequal {
    shorter: usize,
    longer: usize,
}

impl Unequal {
    /// The number of a stream that has ended, from 0.
    pub fn shorter(&self) -> usize {
        self.shorter
    }

    /// The number of a stream that had another item, from 0.
    pub fn longer(&self) -> usize {
        self.longer
    }
}

impl fmt::Display for Unequal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {} has ended, stream {} has not", self.shorter, self.longer)
    }
}

impl Error for Unequal {}
