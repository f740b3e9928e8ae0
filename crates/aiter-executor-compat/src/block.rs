use futures_core::Stream;

use crate::next::Next;

/// What [`AiterToIter`](crate::AiterToIter) blocks with.
///
/// Closures implement it, which [`aiter_to_iter`](crate::aiter_to_iter) takes, and so do the types of
/// this crate whose `iter` makes an iterator: `BlockOn` and [`BlockOnIdle`](crate::BlockOnIdle).
pub trait Block<S: Stream> {
    /// Blocks until the stream's next item, or `None` at its end.
    fn block(&mut self, next: Next<'_, S>) -> Option<S::Item>;
}

impl<S, F> Block<S> for F
where
    S: Stream,
    F: for<'a> FnMut(Next<'a, S>) -> Option<S::Item>,
{
    fn block(&mut self, next: Next<'_, S>) -> Option<S::Item> {
        self(next)
    }
}
