//! The word that the gates and the stream of `gated` share.
//!
//! ```text
//! bit   usize::BITS - 1 ..              1        0
//!       permits that were not collected          STOPPED
//! ```
//!
//! All changes are to one word. A push and a stop are therefore ordered, and every permit that a
//! push has reported as accepted reaches the stream.
//!
//! # Ordering policy
//! Push and stop are Release; the stream collects with Acquire. What happens before a push is
//! therefore visible to the source when it is polled for the item. `WakeCell` orders registration
//! and wake-up.

use core::task::{Context, Poll};

use aiter_core::task::WakeCell;

use crate::sync::{Arc, AtomicUsize, Ordering};

/// No more permits come. Set once, never cleared.
const STOPPED: usize = 1;
/// One permit. Permits use all bits above `STOPPED`.
const PERMIT: usize = 2;
/// Maximum number of permits in the word.
const MAX_PERMITS: usize = usize::MAX / PERMIT;

pub(crate) struct PermitWord {
    word: AtomicUsize,
    cell: WakeCell,
}

impl PermitWord {
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(0), cell: WakeCell::new() }
    }

    /// Adds permits. Returns `false` after a stop.
    pub(crate) fn push(&self, permits: u64) -> bool {
        let more = usize::try_from(permits).unwrap_or(MAX_PERMITS).min(MAX_PERMITS) * PERMIT;
        let add = |word: usize| {
            (word & STOPPED == 0).then(|| word.saturating_add(more) / PERMIT * PERMIT)
        };
        // Release: partner of `PermitReceiver::collect`. Relaxed: a failed push carries no data.
        let pushed = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, add).is_ok();
        if pushed && more > 0 {
            self.cell.wake();
        }
        pushed
    }

    pub(crate) fn stop(&self) {
        // Release: partner of `PermitReceiver::collect`.
        if self.word.fetch_or(STOPPED, Ordering::Release) & STOPPED == 0 {
            self.cell.wake();
        }
    }

    /// Returns the number of permits that were not collected, and whether there was a stop.
    pub(crate) fn peek(&self) -> (u64, bool) {
        // Relaxed: a snapshot.
        let word = self.word.load(Ordering::Relaxed);
        ((word / PERMIT) as u64, word & STOPPED != 0)
    }
}

/// The side of the stream.
pub(crate) struct PermitReceiver {
    state: Arc<PermitWord>,
    /// Permits that were collected and not used.
    pub(crate) free: u64,
}

impl PermitReceiver {
    pub(crate) fn new(state: Arc<PermitWord>) -> Self {
        Self { state, free: 0 }
    }

    /// Takes the permits of the word. Returns `false` if there are none and there was no stop.
    fn collect(&mut self) -> bool {
        // Acquire: partner of `PermitWord::push` and `PermitWord::stop`.
        let word = self.state.word.fetch_and(STOPPED, Ordering::Acquire);
        self.free = self.free.saturating_add((word / PERMIT) as u64);
        word != 0
    }

    /// Waits for a permit or a stop. Returns `true` if there is a permit.
    pub(crate) fn poll_free(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.free == 0 && !self.collect() {
            self.state.cell.register(cx.waker());
            if !self.collect() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.free > 0)
    }

    /// Returns the number of all permits, and whether there was a stop.
    pub(crate) fn peek(&self) -> (u64, bool) {
        let (uncollected, stopped) = self.state.peek();
        (self.free.saturating_add(uncollected), stopped)
    }

    /// Stops the gates.
    pub(crate) fn close(&mut self) {
        self.free = 0;
        // Relaxed: a gate that sees the stop reads no other data. A swap, so that every change of
        // the word is a read-modify-write.
        self.state.word.swap(STOPPED, Ordering::Relaxed);
    }
}

impl Drop for PermitReceiver {
    fn drop(&mut self) {
        self.close();
        self.state.cell.clear();
    }
}
