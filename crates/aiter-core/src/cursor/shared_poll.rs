//! The slow paths of a taker's reads, its registrations, and `Stream for SharedCursor`.
//!
//! If user code panics, each local guard is dropped. A closed gate opens, and the taker that opens
//! it notifies the others.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};

use crate::{
    cursor::{
        gate::{ClosedGate, Found, spin},
        shared::SharedCursor,
    },
    error::TryNextError,
    tuning::{KEEPING_UP, TAKER_SPINS},
};

impl<T> SharedCursor<T> {
    /// Takes the next item for `try_next`, if the fast path gave none.
    ///
    /// Here and below, `closed` means that this taker has already closed the gate.
    #[inline(never)]
    pub(super) fn try_next_slow(&mut self, closed: bool) -> Result<T, TryNextError> {
        let result = self.take_slow(closed);
        if let Err(TryNextError::Ended) = result {
            self.set_ended();
        }
        result
    }

    /// Takes the next item for a caller that does not return the end of the list, so the taker
    /// stays registered.
    #[inline]
    pub(super) fn take_ready(&mut self) -> Result<T, TryNextError> {
        if self.is_active {
            self.shared.take_known().or_else(|closed| self.take_slow(closed))
        } else {
            self.take_slow(false)
        }
    }

    #[inline(never)]
    fn take_slow(&mut self, closed: bool) -> Result<T, TryNextError> {
        self.set_active();
        self.shared.try_take(closed)
    }

    #[inline(never)]
    fn poll_slow(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.set_active();
        let polled = self.poll_take(cx, closed);
        match polled {
            Poll::Pending => (self.run, self.is_active) = (0, false),
            Poll::Ready(None) => self.set_ended(),
            Poll::Ready(Some(_)) => self.run = self.run.saturating_add(1),
        }
        polled
    }

    /// Drops the called waker that the list's queue keeps.
    ///
    /// An active taker has none, and only an active taker arrives here with the gate closed. So no
    /// user code runs with the gate closed.
    fn set_active(&mut self) {
        if !self.is_active && !self.ended {
            if let Some(waker) = self.shared.list.waiters.take_called(&self.waiter) {
                self.is_active = true;
                // User code.
                drop(waker);
            }
        }
    }

    /// Makes the taker terminated and drops its wakers. The caller returns the end.
    fn set_ended(&mut self) {
        (self.is_active, self.ended) = (false, true);
        self.cancel();
    }

    fn poll_take(&mut self, cx: &mut Context<'_>, closed: bool) -> Poll<Option<T>> {
        let shared = &*self.shared;
        let closed = if closed { Some(ClosedGate(shared)) } else { shared.try_close_spinning() };
        let mut found = closed.map_or(Found::Nothing, |gate| shared.take(gate).0);
        // Spins for the same reason as `Cursor::poll_sleep`, but up to `TAKER_SPINS` times, because
        // the other takers spin at the gate as well.
        if self.run >= KEEPING_UP {
            for _ in 0..TAKER_SPINS {
                if !matches!(found, Found::Nothing) {
                    break;
                }
                spin();
                found = shared.try_close().map_or(Found::Nothing, |gate| shared.take(gate).0);
            }
        }
        while let Found::Nothing = found {
            // Before the registration, and also if an item is found after it: from here on the
            // queue may keep a waker.
            self.is_active = false;
            shared.list.waiters.register(&mut self.waiter, cx.waker());
            let closed = shared.close_or_mark().or_else(|| {
                shared.lock_waiters.register(&mut self.lock_waiter, cx.waker());
                shared.close_or_mark()
            });
            let Some(gate) = closed else { return Poll::Pending };
            // After the registration and with the gate closed: a later event notifies this taker.
            match shared.take(gate) {
                (Found::Nothing, Some(mut gate)) => {
                    let wait = !gate.with(|raw| raw.set_waiting())
                        && !gate.with(|raw| raw.is_drained(&shared.list));
                    shared.give_back(gate);
                    if wait {
                        return Poll::Pending;
                    }
                }
                (other, _) => found = other,
            }
        }
        match found {
            Found::Item(item) => Poll::Ready(Some(item)),
            _ => Poll::Ready(None),
        }
    }

    /// Removes both registrations and drops their wakers.
    pub(super) fn cancel(&mut self) {
        // Both are removed before the first waker is dropped, which may panic.
        let _at_gate = self.shared.lock_waiters.deregister(&mut self.lock_waiter);
        let _at_list = self.shared.list.waiters.deregister(&mut self.waiter);
    }
}

impl<T> Stream for SharedCursor<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut closed = false;
        if self.is_active {
            match self.shared.take_known() {
                Ok(item) => {
                    self.run = self.run.saturating_add(1);
                    return Poll::Ready(Some(item));
                }
                Err(left_closed) => closed = left_closed,
            }
        }
        self.poll_slow(cx, closed)
    }
}

impl<T> FusedStream for SharedCursor<T> {
    /// Returns `true` once this taker has returned the end: `None` or [`TryNextError::Ended`].
    fn is_terminated(&self) -> bool {
        self.ended
    }
}
