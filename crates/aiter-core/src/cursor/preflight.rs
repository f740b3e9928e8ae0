//! `Preflight`, a cursor that calls a function before each poll of the list.

use core::{
    fmt,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;
use futures_core::{FusedStream, Stream};

use crate::cursor::Cursor;

/// A [`Cursor`] that calls a function on each poll. See [`Cursor::preflight`].
///
/// All methods of the cursor are available through `Deref`. Methods that do not poll, for example
/// `try_next` and `len`, do not call the function.
///
/// # Panics
/// A poll panics as a poll of a [`Cursor`] does, or if the function panics. If the function panics,
/// no item is read.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost. The effects of the
/// function remain.
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "next_preflight")]
pub struct Preflight<T, F> {
    cursor: Cursor<T>,
    preflight: F,
}

impl<T, F: FnMut(&mut Context<'_>)> Preflight<T, F> {
    /// Makes a second `Preflight` at the same position, with a clone of the function.
    ///
    /// To fork only the cursor, call `(*preflight).fork()`. Wait-free except for the function's
    /// `clone`.
    ///
    /// # Panics
    /// Panics as [`Cursor::fork`] does, or if the function's `clone` panics.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut ones = cursor.preflight(|_cx| pusher.push(1).unwrap());
    /// let mut fork = ones.fork();
    /// assert_eq!(ones.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(fork.next().now_or_never(), Some(Some(1)));
    /// assert_eq!((ones.len(), fork.len()), (1, 1));
    /// ```
    pub fn fork(&self) -> Self
    where
        T: Clone + Sync,
        F: Clone,
    {
        Self { cursor: self.cursor.fork(), preflight: self.preflight.clone() }
    }

    /// Polls for items as the future of [`next_many`](Self::next_many) does.
    ///
    /// # Panics
    /// Panics as [`Cursor::poll_next_many`] does, or if the function panics.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut ones = cursor.preflight(|_cx| pusher.push(1).unwrap());
    /// let (mut cx, mut buf) = (Context::from_waker(Waker::noop()), Vec::new());
    /// assert_eq!(ones.poll_next_many(&mut cx, &mut buf, 10), Poll::Ready(1));
    /// assert_eq!(buf, [1]);
    /// ```
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        (self.preflight)(cx);
        self.cursor.poll_next_many(cx, buf, max)
    }

    /// Drops the function and returns the cursor.
    ///
    /// # Panics
    /// Panics if the drop of the function panics. The cursor is then dropped.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let preflight = cursor.preflight(move |_cx| pusher.stop());
    /// assert!(preflight.into_inner().is_drained()); // the function owned the only pusher
    /// ```
    pub fn into_inner(self) -> Cursor<T> {
        let Self { cursor, preflight } = self;
        // Before the return, so that a panic drops the cursor instead of leaking it.
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
        // The function may use any handle of the list, because no part of the list is borrowed
        // here.
        (this.preflight)(cx);
        Pin::new(&mut this.cursor).poll_next(cx)
    }

    /// Returns the size hint of the cursor. Items that the function pushes later are not included.
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.cursor.size_hint()
    }
}

impl<T, F: FnMut(&mut Context<'_>)> FusedStream for Preflight<T, F> {
    /// Returns `true` once this stream has returned the end, as for a [`Cursor`].
    fn is_terminated(&self) -> bool {
        self.cursor.is_terminated()
    }
}

// No field is structurally pinned, because the function is called by reference.
impl<T, F> Unpin for Preflight<T, F> {}

impl<T, F> fmt::Debug for Preflight<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preflight").field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl<T> Cursor<T> {
    /// Wraps the cursor so that each poll calls `preflight` before it reads the list.
    ///
    /// The function receives the task's context. It may poll other futures, and push to, stop, fork
    /// or drop handles of the same list. [`fork`](Preflight::fork) clones the function.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/preflight.svg"))]
    ///
    /// # Examples
    /// This list gets an item at each poll:
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
        Preflight { cursor: self, preflight }
    }
}
