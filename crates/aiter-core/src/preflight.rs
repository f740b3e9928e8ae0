//! A cursor that does something before each look at the list.

use core::{
    fmt,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::cursor_stream::Cursor;

/// A [`Cursor`] that calls a function on each poll. See [`Cursor::preflight`].
///
/// It is a cursor in all other respects, through `Deref`; what does not poll (`try_next`, `len`, ...)
/// does not call the function.
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "next_preflight")]
pub struct Preflight<T, F> {
    cursor: Cursor<T>,
    preflight: F,
}

impl<T, F: FnMut(&mut Context<'_>)> Preflight<T, F> {
    pub(crate) fn new(cursor: Cursor<T>, preflight: F) -> Self {
        Self { cursor, preflight }
    }

    /// A second cursor at the same position, with a clone of the function.
    ///
    /// # Panics
    /// As [`Cursor::fork`], or if the function's `clone` does.
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
        F: Clone,
    {
        Self::new(self.cursor.fork(), self.preflight.clone())
    }

    /// A second cursor at the same position that only watches: it sees every item and calls nothing.
    ///
    /// # Panics
    /// As [`Cursor::fork`].
    pub fn fork_passive(&self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        self.cursor.fork()
    }

    /// The cursor without the function.
    pub fn into_inner(self) -> Cursor<T> {
        self.cursor
    }
}

impl<T, F> Deref for Preflight<T, F> {
    type Target = Cursor<T>;

    fn deref(&self) -> &Cursor<T> {
        &self.cursor
    }
}

impl<T, F> DerefMut for Preflight<T, F> {
    fn deref_mut(&mut self) -> &mut Cursor<T> {
        &mut self.cursor
    }
}

impl<T, F: FnMut(&mut Context<'_>)> Stream for Preflight<T, F> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        // Nothing of the list is borrowed or held: the function may use it as it likes.
        (this.preflight)(cx);
        Pin::new(&mut this.cursor).poll_next(cx)
    }

    /// What is queued already: the function may push any number more.
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}

impl<T, F: FnMut(&mut Context<'_>)> FusedStream for Preflight<T, F> {
    /// True once the end was told, as with a [`Cursor`].
    fn is_terminated(&self) -> bool {
        self.cursor.is_terminated()
    }
}

// Nothing is pinned through it: the function is called by reference.
impl<T, F> Unpin for Preflight<T, F> {}

impl<T, F> fmt::Debug for Preflight<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preflight").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}
