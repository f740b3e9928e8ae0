//! A cursor that does something before each look at the list.

use core::{
    fmt,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::cursor::{Cursor, next_many::NextMany};

/// A [`Cursor`] that calls a function on each poll. See [`Cursor::preflight`].
///
/// It is a cursor in all other respects, through `Deref`; what does not poll (`try_next`, `len`, ...)
/// does not call the function.
///
/// # Panics
/// As a [`Cursor`], or if the function does; nothing is read then.
///
/// # Cancel safety
/// Dropping a future over this stream loses no item. What the function did is done.
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
    /// A fork of the cursor inside, `(*preflight).fork()`, calls nothing.
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

    /// Calls the function at each poll, waits for items, appends up to `max` of those that are ready to `buf` and
    /// yields how many.
    ///
    /// Yields 0 if the list has ended (or `max` is 0).
    ///
    /// # Panics
    /// As [`Cursor::next_many`], or if the function does.
    ///
    /// # Cancel safety
    /// Dropping the future loses no item: they move into `buf` only when it is ready. What the function did is done.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut threes = cursor.preflight(move |_cx| {
    ///     pusher.push_all([1, 2, 3]).unwrap();
    /// });
    /// let mut buf = Vec::new();
    /// assert_eq!(threes.next_many(&mut buf, 100).now_or_never(), Some(3));
    /// assert_eq!(threes.next_many(&mut buf, 100).now_or_never(), Some(3));
    /// assert_eq!(buf, [1, 2, 3, 1, 2, 3]);
    /// ```
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> NextMany<'a, T, Self> {
        NextMany::new(self, buf, max)
    }

    /// The poll form of [`next_many`](Self::next_many).
    ///
    /// # Panics
    /// As [`next_many`](Self::next_many).
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        (self.preflight)(cx);
        self.cursor.poll_next_many(cx, buf, max)
    }

    /// The cursor without the function.
    pub fn into_inner(self) -> Cursor<T> {
        let Self { cursor, preflight } = self;
        // Before the return: if this panics, the cursor is dropped, not leaked.
        drop(preflight);
        cursor
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

impl<T> Cursor<T> {
    /// Calls `preflight` on each poll, before the list is looked at.
    ///
    /// It gets the task's context and may do what it likes: poll something, push, stop, fork or drop
    /// handles of this very list. [`fork`](Preflight::fork) clones the function.
    ///
    /// # Examples
    /// A list that fills itself when it is asked:
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut n = 0;
    /// let mut squares = cursor.preflight(move |_cx| {
    ///     n += 1;
    ///     pusher.push(n * n).unwrap();
    /// });
    /// assert_eq!(squares.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(squares.next().now_or_never(), Some(Some(4)));
    /// ```
    #[doc(alias = "next_preflight")]
    pub fn preflight<F: FnMut(&mut Context<'_>)>(self, preflight: F) -> Preflight<T, F> {
        Preflight::new(self, preflight)
    }
}

impl<T, F: FnMut(&mut Context<'_>)> Future for NextMany<'_, T, Preflight<T, F>> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { reader, buf, max } = &mut *self;
        reader.poll_next_many(cx, buf, *max)
    }
}
