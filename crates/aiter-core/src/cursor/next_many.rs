//! Cursors that take many items at a time.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;

use crate::{cursor::Cursor, sync::PAUSES};

impl<T> Cursor<T> {
    /// Takes up to `max` items that are ready now, appends them to `buf` and returns how many.
    ///
    /// Never waits; 0 if nothing is ready (or `max` is 0). Beside a producer that is as fast it may go on until there are
    /// `max`. Where items are cloned, a run is cloned as by
    /// [`extend_from_slice`](Vec::extend_from_slice), which may copy what is `Copy`.
    ///
    /// # Panics
    /// As the [stream](Self#panics), or if `buf` can't grow; the item at hand is then still to be read, and what was taken
    /// before is in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(0..5)?;
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.try_next_many(&mut buf, 3), 3);
    /// assert_eq!(cursor.try_next_many(&mut buf, 3), 2);
    /// assert_eq!(buf, [0, 1, 2, 3, 4]);
    /// # Ok::<(), aiter_core::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        if max == 0 {
            return 0;
        }
        let looks = self.raw.loads_after_fill();
        let taken = self.take_many(buf, max, looks);
        if taken == 0 {
            self.raw.give_back(&self.list);
        }
        taken
    }

    /// Takes up to `max` items that are ready: all that were at the call, and of later ones those that the same looks
    /// show. It does not run after a producer that is at work on the block, whose cache line each look takes away: in
    /// mid-block it looks again only `looks` times, and never among others.
    fn take_many(&mut self, buf: &mut Vec<T>, max: usize, looks: usize) -> usize {
        let before = buf.len();
        if !self.raw.take_shared(&self.list, buf, max) {
            self.take_slow(buf, max - (buf.len() - before), looks);
        }
        buf.len() - before
    }

    /// `take_many`, for one that is alone, or has to find out.
    fn take_slow(&mut self, buf: &mut Vec<T>, max: usize, looks: usize) {
        let (mut left, mut looks) = (max, looks);
        while self.fill() {
            // SAFETY: just filled.
            left -= unsafe { self.raw.take_run(&self.list, buf, left) };
            if left == 0 {
                return;
            }
            if !self.raw.is_block_read() {
                if looks == 0 {
                    return;
                }
                looks -= 1;
            }
        }
    }

    /// Waits for items, appends up to `max` of those that are ready to `buf` and yields how many.
    ///
    /// Yields 0 if the list has ended (or `max` is 0).
    ///
    /// # Panics
    /// As [`try_next_many`](Self::try_next_many).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: items move into `buf` only when it is ready.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all(["a", "b"])?;
    /// drop(pusher);
    /// let mut buf = Vec::new();
    /// assert_eq!(cursor.next_many(&mut buf, 100).now_or_never(), Some(2));
    /// assert_eq!(cursor.next_many(&mut buf, 100).now_or_never(), Some(0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> NextMany<'a, T> {
        NextMany::new(self, buf, max)
    }

    /// The poll form of [`next_many`](Self::next_many).
    ///
    /// # Panics
    /// As [`try_next_many`](Self::try_next_many).
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        if max == 0 {
            return Poll::Ready(0);
        }
        let looks = self.raw.loads_after_fill();
        self.poll_fill(cx).map(|filled| {
            if !filled {
                return 0;
            }
            let paused = PAUSES > 0 && self.raw.is_run_short(max) && self.let_run_grow(max);
            self.take_many(buf, max, looks.max(usize::from(paused)))
        })
    }

    /// Pauses for a run that is short, if that has been worth it. True if it did.
    #[inline(never)]
    fn let_run_grow(&mut self, max: usize) -> bool {
        let due = self.spin_policy.is_due();
        if due {
            self.spin_policy.pause();
            self.spin_policy.was_worth_it(!self.raw.is_run_short(max));
        }
        due
    }
}

/// The future of [`Cursor::next_many`] and of [`Preflight::next_many`](crate::Preflight::next_many), whose reader
/// is a `Preflight`.
#[must_use = "futures do nothing unless polled"]
pub struct NextMany<'a, T, R = Cursor<T>> {
    pub(super) reader: &'a mut R,
    pub(super) buf: &'a mut Vec<T>,
    pub(super) max: usize,
}

impl<'a, T, R> NextMany<'a, T, R> {
    pub(crate) fn new(reader: &'a mut R, buf: &'a mut Vec<T>, max: usize) -> Self {
        Self { reader, buf, max }
    }
}

impl<T> Future for NextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { reader, buf, max } = &mut *self;
        reader.poll_next_many(cx, buf, *max)
    }
}

impl<T, R: fmt::Debug> fmt::Debug for NextMany<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextMany")
            .field("reader", self.reader)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
