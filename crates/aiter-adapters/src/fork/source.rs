//! The source that all forks share.
//!
//! A lock holds the source and the pusher of a list. If an active fork finds its cursor of the
//! list empty, it takes a turn at the lock, polls the source and pushes the item. Reading takes no
//! turn.
//!
//! All forks, active and passive, wait at the lock. So a push to the list need not wake a task,
//! and needs no read-modify-write. A turn that got an item wakes all forks.
//!
//! # The last active fork
//! A passive fork holds a handle of the lock, so that it can make an active fork. It never uses
//! the gate. `SharedState::drivers` counts the forks that do, the *drivers*. Once it is zero it
//! stays zero: an active fork that is made later is no driver, and takes no turn, like a passive
//! fork. The driver that decrements the count to zero therefore finds the gate open. It drops the
//! source in the gate, stops the list, and wakes the remaining forks.

use core::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::task::{NoWakeCursor, NoWakePusher};
use futures_core::Stream;

use crate::{
    outcome::{OutcomeCell, TaskOutcome},
    sync::{Arc, AtomicUsize, Ordering},
    util::Finally,
};

/// State that all forks share, outside the lock.
pub(crate) struct SharedState {
    outcome: OutcomeCell,
    drivers: AtomicUsize,
}

impl SharedState {
    /// The state of one driver.
    pub(crate) fn new() -> Self {
        Self { outcome: OutcomeCell::new(), drivers: AtomicUsize::new(1) }
    }

    /// Counts another driver. Returns `false` if there is no driver left.
    pub(crate) fn try_add_driver(&self) -> bool {
        let add = |drivers| (drivers > 0).then(|| drivers + 1);
        // Relaxed: as in `Arc`, a new driver passes no data on. The gate orders its turns.
        self.drivers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Returns `true` if this was the last driver.
    pub(crate) fn remove_driver(&self) -> bool {
        // Release: the turns of this driver happen before the last driver reads the gate's word, so
        // it finds the gate open. Acquire: partner of the same line.
        self.drivers.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Returns how the source ended, or `None` if the list is not stopped.
    pub(crate) fn outcome<T>(&self, cursor: &NoWakeCursor<T>) -> Option<TaskOutcome> {
        cursor.is_stopped().then(|| self.outcome.get()).flatten()
    }
}

pin_project_lite::pin_project! {
    /// The value of the lock, which the drivers poll in turn.
    pub(crate) struct ForkSource<S: Stream> {
        // Dropped when it ends.
        #[pin]
        pub(crate) source: Option<S>,
        pusher: NoWakePusher<S::Item>,
        shared: Arc<SharedState>,
    }
}

impl<S: Stream> ForkSource<S> {
    pub(crate) fn new(source: S, pusher: NoWakePusher<S::Item>, shared: Arc<SharedState>) -> Self {
        Self { source: Some(source), pusher, shared }
    }

    /// Drops the source before its end, and stops the list.
    pub(crate) fn cancel(self: Pin<&mut Self>) {
        let this = self.project();
        if this.source.is_some() {
            this.shared.outcome.set(TaskOutcome::Cancelled);
            drop_source(this.source, this.pusher);
        }
    }
}

/// Drops the source, then stops the list, even if the drop panics.
fn drop_source<S, T>(mut source: Pin<&mut Option<S>>, pusher: &mut NoWakePusher<T>) {
    let _stop = Finally(pusher, |pusher| pusher.stop());
    source.set(None);
}

/// The result of a turn at the source.
pub(crate) enum Pulled<T> {
    /// An item that is not in the list, because there is no other fork.
    Item(T),
    /// The list has new items.
    Pushed,
    /// The source has ended, and the fork has read all items.
    Ended,
}

/// Polls the source for one item, for a fork that has read all items.
#[inline(always)]
pub(crate) fn pull_item<S: Stream>(
    cursor: &NoWakeCursor<S::Item>,
    inner: Pin<&mut ForkSource<S>>,
    cx: &mut Context<'_>,
) -> Poll<Pulled<S::Item>> {
    let this = inner.project();
    let (mut source, pusher) = (this.source, this.pusher);
    if !pusher.is_caught_up(cursor) {
        // Another fork has pushed an item since.
        return Poll::Ready(Pulled::Pushed);
    }
    if source.is_none() {
        return Poll::Ready(Pulled::Ended);
    }
    // Drops the source and stops the list.
    let args = (source.as_mut(), &mut *pusher, TaskOutcome::Panicked);
    let mut end = Finally(args, |(source, pusher, outcome)| {
        this.shared.outcome.set(*outcome);
        drop_source(source.as_mut(), pusher);
    });
    let (source, _, outcome) = &mut end.0;
    let polled = match source.as_mut().as_pin_mut() {
        Some(source) => source.poll_next(cx),
        None => Poll::Ready(None),
    };
    *outcome = TaskOutcome::Completed;
    if let Poll::Ready(None) = polled {
        return Poll::Ready(Pulled::Ended);
    }
    mem::forget(end);
    let Poll::Ready(Some(item)) = polled else {
        return Poll::Pending;
    };
    if pusher.cursor_count() == 1 {
        return Poll::Ready(Pulled::Item(item));
    }
    let pushed = pusher.push_with_hint(cursor, item);
    debug_assert!(pushed.is_ok(), "the list must not stop before the source ends");
    Poll::Ready(Pulled::Pushed)
}
