//! # The protocol
//! One word holds what the gates have said and the stream has not yet heard: a number of permits, and
//! whether there will be more. So of a push and a stop one comes first, and every permit that a push
//! reported as taken is the stream's.
//!
//! # Ordering policy
//! Release by those who push and stop, Acquire by the stream that collects: the source, when it is
//! polled for an item, sees what was done before the permit was pushed. Going to sleep and waking up
//! is the wake cell's affair.

use core::task::{Context, Poll};

use aiter_core::WakeCell;

use crate::sync::{Arc, AtomicUsize, Ordering};

/// In the word: no more permits come. Set once, never cleared.
const STOPPED: usize = 1;
/// In the word: one permit. They take all bits above.
const PERMIT: usize = 2;
/// As many permits as the word can hold.
const MAX_PERMITS: usize = usize::MAX / PERMIT;

pub(crate) struct PermitWord {
    /// `STOPPED`, and the permits that the stream has not collected.
    word: AtomicUsize,
    cell: WakeCell,
}

impl PermitWord {
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(0), cell: WakeCell::new() }
    }

    /// Returns `false` after a stop.
    pub(crate) fn push(&self, permits: u64) -> bool {
        let more = usize::try_from(permits).unwrap_or(MAX_PERMITS).min(MAX_PERMITS) * PERMIT;
        let add = |word: usize| {
            (word & STOPPED == 0).then(|| word.saturating_add(more) / PERMIT * PERMIT)
        };
        // Release: partner of `PermitReceiver::collect`. Relaxed: nobody relies on a refusal.
        let pushed = self.word.fetch_update(Ordering::Release, Ordering::Relaxed, add);
        if pushed.is_ok() && more > 0 {
            self.cell.wake();
        }
        pushed.is_ok()
    }

    pub(crate) fn stop(&self) {
        // Release: partner of `PermitReceiver::collect`.
        if self.word.fetch_or(STOPPED, Ordering::Release) & STOPPED == 0 {
            self.cell.wake();
        }
    }

    /// The permits that were not collected, and whether there will be no more.
    pub(crate) fn peek(&self) -> (u64, bool) {
        // Relaxed: a picture of the moment.
        let word = self.word.load(Ordering::Relaxed);
        ((word / PERMIT) as u64, word & STOPPED != 0)
    }
}

/// The stream's end of the word.
pub(crate) struct PermitReceiver {
    state: Arc<PermitWord>,
    /// Those that were collected and not used.
    pub(crate) free: u64,
}

impl PermitReceiver {
    pub(crate) fn new(state: Arc<PermitWord>) -> Self {
        Self { state, free: 0 }
    }

    /// Takes what the gates have said. False if they said nothing new.
    fn collect(&mut self) -> bool {
        // Acquire: partner of `PermitWord::push` and `PermitWord::stop`.
        let word = self.state.word.fetch_and(STOPPED, Ordering::Acquire);
        self.free = self.free.saturating_add((word / PERMIT) as u64);
        word != 0
    }

    /// Whether there is a permit, or there will be none.
    pub(crate) fn poll_free(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if self.free == 0 && !self.collect() {
            self.state.cell.register(cx.waker());
            if !self.collect() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.free > 0)
    }

    /// All that may still come out, and whether that is all for ever.
    pub(crate) fn peek(&self) -> (u64, bool) {
        let (uncollected, stopped) = self.state.peek();
        (self.free.saturating_add(uncollected), stopped)
    }

    pub(crate) fn close(&mut self) {
        self.free = 0;
        // Relaxed: tells those who push that it is of no use, and nothing else. A swap, as all who
        // change the word read it.
        self.state.word.swap(STOPPED, Ordering::Relaxed);
    }
}

impl Drop for PermitReceiver {
    fn drop(&mut self) {
        self.close();
        self.state.cell.clear();
    }
}
