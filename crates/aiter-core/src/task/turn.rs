//! One task's turn at a shared value.

use core::{pin::Pin, task::Waker};

use crate::{
    sync::{Arc, Ordering, UnsafeCell, retry_hint},
    task::hub::{Hub, MARKED, NEWS, OPEN, QUIET, is_quiet},
    wait::queue::Wakers,
};

pub(super) struct Shared<S> {
    pub(super) hub: Arc<Hub>,
    /// The hub's waker, made once.
    pub(super) waker: Waker,
    pub(super) value: UnsafeCell<S>,
}

impl<S> Shared<S> {
    pub(super) fn into_value(self) -> S {
        let Self { hub, waker, value } = self;
        let value = value.into_inner();
        // Before the return: if the drop of a waker panics, the value is dropped, not leaked.
        drop((hub, waker));
        value
    }
}

// SAFETY: the value goes from task to task through the gate, so it must be `Send`, and is never
// seen by two at once, so it need not be `Sync`.
unsafe impl<S: Send> Send for Shared<S> {}

// SAFETY: as above.
unsafe impl<S: Send> Sync for Shared<S> {}

/// The gate, closed by this turn. If the turn panics, the gate opens and all tasks are woken.
pub(super) struct Turn<'a> {
    pub(super) hub: &'a Hub,
}

impl Turn<'_> {
    #[inline(always)]
    pub(super) fn with<S, R>(&self, shared: &Shared<S>, f: impl FnOnce(Pin<&mut S>) -> R) -> R {
        shared.value.with_mut(|value| {
            // SAFETY: the gate of this value is closed by this turn, which calls this once. The
            // value never moves until it is dropped, but by `into_inner` and
            // `try_into_inner`, which need `Unpin`.
            f(unsafe { Pin::new_unchecked(&mut *value) })
        })
    }

    /// Opens the gate after a turn that got something. Returns `true` if other tasks were woken.
    #[inline(always)]
    pub(super) fn open(self) -> bool {
        let hub = self.hub;
        core::mem::forget(self);
        // AcqRel: partner of `Hub::close`, `Hub::news` and `Hub::touch`.
        let before = hub.gate.swap(OPEN, Ordering::AcqRel);
        let wakes = before & MARKED != 0 || !hub.queue.is_empty() || !hub.watchers.is_empty();
        if wakes {
            hub.left(before);
        }
        wakes
    }

    /// Opens the gate after a turn that got nothing, and wakes the tasks that need to come again.
    /// `gate` is its word if no other party came meanwhile.
    pub(super) fn open_pending(self, mut gate: usize) {
        let hub = self.hub;
        core::mem::forget(self);
        loop {
            let news = gate & NEWS;
            let new = if news != 0 { news } else { QUIET };
            // AcqRel: partner of `Hub::close` and `Hub::news`.
            match hub.gate.compare_exchange_weak(gate, new, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) if news != 0 => return hub.opened(gate),
                Ok(_) if gate & MARKED != 0 => return hub.turned_away.notify(Wakers::Take),
                Ok(_) => return,
                Err(now) => gate = now,
            }
            retry_hint();
        }
    }

    /// Opens the gate after a look, which leaves the value and its news as they were.
    pub(super) fn open_looked(self) {
        let hub = self.hub;
        core::mem::forget(self);
        // AcqRel: partner of `Hub::close` and `Hub::news`.
        let gate = hub.gate.fetch_and(NEWS | QUIET, Ordering::AcqRel);
        if !is_quiet(gate) {
            // A task that registered meanwhile found the gate closed, and sleeps.
            hub.opened(gate);
        } else if gate & MARKED != 0 {
            hub.turned_away.notify(Wakers::Take);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // AcqRel: as `open`.
        let before = self.hub.gate.swap(OPEN, Ordering::AcqRel);
        self.hub.left(before);
    }
}
