//! The slow paths of a cursor's reads, the registration of its waker, and `Stream for Cursor`.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    cursor::Cursor,
    error::TryNextError,
    list::block::Block,
    tuning::{KEEPING_UP, SPIN_HINTS},
};

impl<T> Cursor<T> {
    /// Takes the next item for `try_next`, if the fast path gave no answer.
    ///
    /// `#[cold]` lays out the fast paths of `try_next` first in the caller's loop. A cursor that is
    /// not exclusive then needs one jump less for each item.
    #[cold]
    #[inline(never)]
    pub(super) fn try_next_slow(&mut self) -> Result<T, TryNextError> {
        // `check_end` loads the tail once. If that tail has the stop mark at this position, no item
        // became ready after `pop_slow`.
        self.pop_slow()
            .ok_or_else(|| if self.check_end() { TryNextError::Ended } else { TryNextError::Empty })
    }

    /// Takes the next item if there is one, and otherwise gives back what the cursor has read.
    #[inline(never)]
    pub(super) fn pop_slow(&mut self) -> Option<T> {
        if !self.fill() {
            self.raw.give_back(&self.list);
            return None;
        }
        // SAFETY: `fill` has just returned `true`.
        Some(unsafe { self.raw.take(&self.list) })
    }

    /// Returns `true` if the current run has an item. If the run is at its end, loads the ready
    /// bits for the next run. If an idle cursor finds an item, drops its called waker.
    #[inline(always)]
    pub(super) fn fill(&mut self) -> bool {
        let filled = self.raw.fill(&self.list);
        if filled && self.raw.is_idle() {
            self.set_active();
        }
        filled
    }

    /// Drops the called waker that the queue keeps. If a notifier is still calling it, the next
    /// read tries again.
    #[inline]
    pub(super) fn set_active(&mut self) {
        if let Some(waker) = self.list.waiters.take_called(&self.waiter) {
            self.raw.set_active();
            // User code.
            drop(waker);
        }
    }

    /// Takes the next item for `poll_next`, if the fast path gave none.
    #[inline(never)]
    pub(super) fn poll_next_slow(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_fill(cx).map(|filled| {
            // SAFETY: `poll_fill` has just returned `true`.
            filled.then(|| unsafe { self.raw.take(&self.list) })
        })
    }

    /// Returns `true` once the current run has an item, and `false` once the list has ended.
    /// Otherwise registers the waker.
    #[inline]
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.fill() {
            return Poll::Ready(true);
        }
        self.poll_sleep(cx)
    }

    /// Does the same as `poll_fill` after a `fill` that found nothing.
    #[cold]
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        // Without the spin, a cursor that is faster than a busy producer would sleep after every
        // few items. The producer would pay for each wake-up.
        let index = self.raw.index();
        let kept_up = index.wrapping_sub(self.slept_at) >= KEEPING_UP;
        if SPIN_HINTS > 0 && kept_up && self.spin_policy.is_due_before_sleep() {
            self.spin_policy.spin();
            let filled = self.fill();
            self.spin_policy.record_spin_before_sleep(filled);
            if filled {
                self.spin_policy.adapt_hints(self.raw.run_len(), Block::<T>::CAP);
                return Poll::Ready(true);
            }
        }
        self.slept_at = index;
        loop {
            self.raw.give_back(&self.list);
            if self.check_end() {
                return Poll::Ready(false);
            }
            // Before the registration, which runs user code and may unwind: only an idle cursor
            // drops its called waker.
            self.raw.set_idle();
            self.list.waiters.register(&mut self.waiter, cx.waker());
            // After the registration: either a push sees `WAITING` and notifies this waiter, or
            // `set_waiting` sees the item of that push.
            if !self.raw.set_waiting() {
                // In the same way, either `stop` notifies this waiter, or its mark is seen here.
                return if self.check_end() { Poll::Ready(false) } else { Poll::Pending };
            }
            if self.fill() {
                return Poll::Ready(true);
            }
        }
    }

    /// Returns `true` if the list has ended for this cursor. The caller returns the end, so the
    /// cursor becomes terminated and drops its waker.
    fn check_end(&mut self) -> bool {
        let is_drained = self.is_drained();
        if is_drained {
            self.set_ended();
        }
        is_drained
    }

    #[cold]
    fn set_ended(&mut self) {
        self.ended = true;
        self.deregister();
    }

    /// Removes the registration and drops its waker.
    #[cold]
    pub(super) fn deregister(&mut self) {
        // User code.
        drop(self.list.waiters.deregister(&mut self.waiter));
    }
}

impl<T> Stream for Cursor<T> {
    type Item = T;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.raw.pop_fast() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_next_slow(cx),
        }
    }

    /// Returns [`len`](Cursor::len) as the lower bound. Once the list is stopped, it is exact.
    fn size_hint(&self) -> (usize, Option<usize>) {
        // The mark is read before `len`, because after the stop `len` only falls.
        let is_stopped = self.is_stopped();
        let len = self.len();
        (len, is_stopped.then_some(len))
    }
}

impl<T> FusedStream for Cursor<T> {
    /// Returns `true` once this cursor has returned the end: `None`, [`TryNextError::Ended`], or 0
    /// from [`next_many`](Cursor::next_many).
    ///
    /// Returns `false` before, because `select!` does not poll a terminated stream.
    /// [`is_drained`](Cursor::is_drained) returns `true` as soon as the list has ended. A new fork
    /// is not terminated.
    fn is_terminated(&self) -> bool {
        self.ended
    }
}
