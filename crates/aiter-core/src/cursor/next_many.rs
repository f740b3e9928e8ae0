//! Reads of many items in one call.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use alloc::vec::Vec;

use crate::{
    cursor::{Cursor, preflight::Preflight},
    tuning::SPIN_HINTS,
};

impl<T> Cursor<T> {
    /// Takes up to `max` ready items, appends them to `buf` and returns how many it took.
    ///
    /// Never waits. Returns 0 if no item is ready or `max` is 0. Beside a producer that is as fast
    /// as the cursor, it may take `max` items although fewer were ready at first. If the cursor
    /// clones items, it clones each run with [`extend_from_slice`](Vec::extend_from_slice), which
    /// copies `Copy` items.
    ///
    /// Wait-free inside a run of ready items, otherwise lock-free.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`, and no other item is lost.
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
    #[doc(alias = "try_recv_many")]
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        if max == 0 {
            return 0;
        }
        let reloads = self.raw.loads_after_fill();
        let taken = self.take_many(buf, max, reloads);
        if taken == 0 {
            self.raw.give_back(&self.list);
        }
        taken
    }

    /// Takes up to `max` items: each item that was ready at the call, and later items that the same
    /// loads find.
    ///
    /// Each load of the ready bits takes the cache line away from a producer that fills the block.
    /// So in mid-block the ready bits are loaded again at most `reloads` times. A cursor that is
    /// not exclusive never loads them again.
    fn take_many(&mut self, buf: &mut Vec<T>, max: usize, reloads: usize) -> usize {
        let before = buf.len();
        if !self.raw.take_shared(&self.list, buf, max) {
            self.take_slow(buf, max - (buf.len() - before), reloads);
        }
        buf.len() - before
    }

    /// Does the work of `take_many` for a cursor that is exclusive, or that does not know whether
    /// it is.
    fn take_slow(&mut self, buf: &mut Vec<T>, max: usize, reloads: usize) {
        let (mut left, mut reloads) = (max, reloads);
        while self.fill() {
            // SAFETY: `fill` has just returned `true`.
            left -= unsafe { self.raw.take_run(&self.list, buf, left) };
            if left == 0 {
                return;
            }
            if !self.raw.is_block_read() {
                if reloads == 0 {
                    return;
                }
                reloads -= 1;
            }
        }
    }

    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Yields 0 if the list has ended or `max` is 0. On 64-bit targets, a poll may spin for a fixed
    /// number of `spin_loop` hints before it sleeps and before it takes a short run. Lock-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/next_many.svg"))]
    ///
    /// # Panics
    /// A poll panics as [`try_next_many`](Self::try_next_many) does.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost, because items move into `buf` only
    /// when the future is ready. It removes the cursor's waker, as [`next`](Self::next) does.
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
    #[doc(alias = "recv_many")]
    pub fn next_many<'a>(&'a mut self, buf: &'a mut Vec<T>, max: usize) -> NextMany<'a, T> {
        NextMany { cursor: self, buf, max, pending: false }
    }

    /// Polls for items as the future of [`next_many`](Self::next_many) does.
    ///
    /// If no item is ready, registers the task's waker and returns `Pending`. Lock-free.
    ///
    /// # Panics
    /// Panics as [`try_next_many`](Self::try_next_many) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use std::task::{Context, Poll, Waker};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// let (mut cx, mut buf) = (Context::from_waker(Waker::noop()), Vec::new());
    /// assert!(cursor.poll_next_many(&mut cx, &mut buf, 10).is_pending());
    /// pusher.push_all([1, 2])?;
    /// assert_eq!(cursor.poll_next_many(&mut cx, &mut buf, 10), Poll::Ready(2));
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 2>>>(())
    /// ```
    pub fn poll_next_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<T>,
        max: usize,
    ) -> Poll<usize> {
        if max == 0 {
            return Poll::Ready(0);
        }
        let reloads = self.raw.loads_after_fill();
        self.poll_fill(cx).map(|filled| {
            if !filled {
                return 0;
            }
            let has_spun = SPIN_HINTS > 0 && self.raw.is_run_short(max) && self.spin_for_run(max);
            self.take_many(buf, max, reloads.max(usize::from(has_spun)))
        })
    }

    /// Spins before a short run, if the policy expects the run to grow. Returns `true` if it has
    /// spun.
    #[inline(never)]
    fn spin_for_run(&mut self, max: usize) -> bool {
        let is_due = self.spin_policy.is_due();
        if is_due {
            self.spin_policy.spin();
            self.spin_policy.record_spin(!self.raw.is_run_short(max));
        }
        is_due
    }
}

/// The future of [`Cursor::next_many`].
#[must_use = "futures do nothing unless polled"]
pub struct NextMany<'a, T> {
    cursor: &'a mut Cursor<T>,
    buf: &'a mut Vec<T>,
    max: usize,
    /// The last poll returned `Pending` or panicked, so the cursor may be registered.
    pending: bool,
}

impl<T> Future for NextMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { cursor, buf, max, pending } = &mut *self;
        // Before the poll, so that a panic leaves `true`.
        *pending = true;
        let polled = cursor.poll_next_many(cx, buf, *max);
        *pending = polled.is_pending();
        polled
    }
}

impl<T> Drop for NextMany<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.pending {
            self.cursor.deregister();
        }
    }
}

impl<T> fmt::Debug for NextMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NextMany")
            .field("cursor", self.cursor)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

impl<T, F: FnMut(&mut Context<'_>)> Preflight<T, F> {
    /// Waits for an item, then appends up to `max` ready items to `buf` and yields how many it
    /// took.
    ///
    /// Each poll calls the function first. Yields 0 if the list has ended or `max` is 0. Lock-free
    /// except for the function.
    ///
    /// # Panics
    /// A poll panics as a poll of [`Cursor::next_many`] does, or if the function panics.
    ///
    /// # Cancel safety
    /// Cancel safe. If the future is dropped, no item is lost, because items move into `buf` only
    /// when the future is ready, and it removes the cursor's waker. The effects of the function
    /// remain.
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
    pub fn next_many<'a>(
        &'a mut self,
        buf: &'a mut Vec<T>,
        max: usize,
    ) -> PreflightNextMany<'a, T, F> {
        PreflightNextMany { preflight: self, buf, max, pending: false }
    }
}

/// The future of [`Preflight::next_many`].
#[must_use = "futures do nothing unless polled"]
pub struct PreflightNextMany<'a, T, F> {
    preflight: &'a mut Preflight<T, F>,
    buf: &'a mut Vec<T>,
    max: usize,
    /// The last poll returned `Pending` or panicked, so the cursor may be registered.
    pending: bool,
}

impl<T, F: FnMut(&mut Context<'_>)> Future for PreflightNextMany<'_, T, F> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Self { preflight, buf, max, pending } = &mut *self;
        // Before the poll, so that a panic leaves `true`.
        *pending = true;
        let polled = preflight.poll_next_many(cx, buf, *max);
        *pending = polled.is_pending();
        polled
    }
}

impl<T, F> Drop for PreflightNextMany<'_, T, F> {
    #[inline]
    fn drop(&mut self) {
        if self.pending {
            self.preflight.deregister();
        }
    }
}

impl<T, F> fmt::Debug for PreflightNextMany<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreflightNextMany")
            .field("preflight", self.preflight)
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}
