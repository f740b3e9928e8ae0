//! The polls of one request.

use core::task::{Context, Poll, Waker};

use aiter_core::PushErrorKind;

use crate::{
    bounded::gate::{
        FLAGS, Gate, Slow,
        line::{Key, State},
    },
    sync::Ordering,
};

/// A request for room. Its owner cancels it before it is dropped.
pub(in crate::bounded) struct Request {
    want: usize,
    /// The key in the line.
    key: Option<Key>,
}

impl Request {
    pub(in crate::bounded) fn new(want: usize) -> Self {
        Self { want, key: None }
    }

    pub(in crate::bounded) fn want(&self) -> usize {
        self.want
    }

    /// Returns `true` if the request is in line, or was answered and not yet polled.
    pub(in crate::bounded) fn is_queued(&self) -> bool {
        self.key.is_some()
    }

    /// Admits the request or joins the line. After `Ready(Ok)`, the places belong to the caller.
    #[inline]
    pub(in crate::bounded) fn poll(
        &mut self,
        gate: &Gate,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), PushErrorKind>> {
        let is_admitted = match self.key {
            None => gate.try_admit_known(self.want, self.want).is_ok(),
            Some(_) => gate.has_granted_all(),
        };
        if is_admitted {
            self.key = None;
            return Poll::Ready(Ok(()));
        }
        self.poll_slow(gate, cx)
    }

    #[cold]
    fn poll_slow(&mut self, gate: &Gate, cx: &mut Context<'_>) -> Poll<Result<(), PushErrorKind>> {
        let polled = match self.key {
            Some(key) => poll_line(gate, key, cx.waker()),
            None => {
                // User code: the clone of the waker and the drop, outside of the lock.
                let mut waker = Some(cx.waker().clone());
                match gate.admit_or_wait(self.want, &mut waker) {
                    Ok(None) => Poll::Ready(Ok(())),
                    Ok(Some((key, wakers))) => {
                        // Before the wakers, because one of them may panic.
                        self.key = Some(key);
                        wakers.wake();
                        Poll::Pending
                    }
                    Err(kind) => Poll::Ready(Err(kind)),
                }
            }
        };
        if polled.is_ready() {
            self.key = None;
        }
        polled
    }

    /// Leaves the line, or returns the room that was granted.
    pub(in crate::bounded) fn cancel(&mut self, gate: &Gate) {
        if let Some(key) = self.key.take() {
            gate.cancel(key, self.want);
        }
    }
}

/// Takes the answer to a request, or renews the waker.
fn poll_line(gate: &Gate, key: Key, waker: &Waker) -> Poll<Result<(), PushErrorKind>> {
    let mut fresh: Option<Waker> = None;
    loop {
        let polled = gate.slow.with(|Slow { line, .. }| match line.state(key) {
            None => Some(Poll::Ready(Ok(()))),
            Some(State::Waiting(old)) if old.will_wake(waker) => Some(Poll::Pending),
            Some(State::Waiting(old)) => {
                core::mem::swap(old, fresh.as_mut()?);
                Some(Poll::Pending)
            }
            Some(&mut State::Refused(kind)) => {
                line.remove(key);
                Some(Poll::Ready(Err(kind)))
            }
        });
        if let Some(polled) = polled {
            // User code: drops the old waker, outside of the lock.
            return polled;
        }
        // User code, outside of the lock.
        fresh = Some(waker.clone());
    }
}

impl Gate {
    /// Returns `true` if each request that has joined the line was granted or cancelled. Otherwise
    /// a request asks the line. Wait-free.
    fn has_granted_all(&self) -> bool {
        // Acquire: partner of the grant in `serve`, for the reads of the cursors.
        self.admitted.0.load(Ordering::Acquire) & FLAGS == 0
    }

    /// Removes a request that wanted `want` places.
    fn cancel(&self, key: Key, want: usize) {
        let (state, wakers) = self.slow.with(|slow| {
            let was_front = slow.line.is_front(key);
            let state = slow.line.remove(key);
            let is_granted = state.is_none();
            if is_granted {
                self.take_back(want);
            }
            let is_served = was_front || is_granted;
            (state, is_served.then(|| self.serve(slow)))
        });
        if let Some(wakers) = wakers {
            wakers.wake();
        }
        // User code: drops the waker, outside of the lock.
        drop(state);
    }
}
