//! One source, any number of forks, no task of its own.
//!
//! The source and the pusher of a list go from fork to fork through a relay: an active fork that
//! finds its cursor of the list empty takes a turn, polls the source and pushes what it gets.
//! Reading takes no turn.
//!
//! All forks sleep at the relay, active and passive ones. So the list is a quiet one: a push wakes
//! no task, and needs no read-modify-write. The relay wakes all forks when a turn is over that got
//! an item.
//!
//! # The last active fork
//! A passive fork holds a handle of the relay, so that an active fork can be made of it. It never
//! uses the gate. `SharedState::active` counts the forks that do, the *drivers*, and stays at zero once it
//! is zero: an active fork that is made later is no driver, and takes no turn, like a passive one.
//! The driver that brings the count to zero therefore finds the gate open. It drops the source
//! there, stops the list, and wakes the forks that are left.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use aiter_core::{QuietCursor, QuietPusher, Relay};
use futures_core::Stream;

use crate::{
    outcome::{OutcomeCell, TaskOutcome},
    sync::{Arc, AtomicUsize, Ordering},
};

/// What all forks know.
pub(crate) struct SharedState {
    pub(crate) outcome: OutcomeCell,
    /// Number of drivers.
    pub(crate) active: AtomicUsize,
}

impl SharedState {
    /// Counts one more driver. Returns `false` if the last one has gone.
    pub(crate) fn try_add_driver(&self) -> bool {
        let add = |active| (active > 0).then(|| active + 1);
        // Relaxed: as in `Arc`, a driver hands nothing on when it is made. The gate orders its turns.
        self.active.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Returns `true` if this was the last driver.
    pub(crate) fn remove_driver(&self) -> bool {
        // Release: the turns of this driver happen before the last driver's look at the gate's word,
        // which must not find the gate closed. Acquire: partner of the same line.
        self.active.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// How the source ended, for the reader of a list that is stopped.
    pub(crate) fn outcome<T>(&self, cursor: &QuietCursor<T>) -> Option<TaskOutcome> {
        cursor.is_stopped().then(|| self.outcome.get()).flatten()
    }
}

pin_project_lite::pin_project! {
    /// What the active forks drive in turn.
    pub(crate) struct ForkSource<S: Stream> {
        // Dropped at its end.
        #[pin]
        pub(crate) source: Option<S>,
        pub(crate) pusher: QuietPusher<S::Item>,
        pub(crate) shared: Arc<SharedState>,
    }
}

impl<S: Stream> ForkSource<S> {
    /// Drops the source before its end, and ends the list.
    pub(crate) fn cancel(self: Pin<&mut Self>) {
        let this = self.project();
        if this.source.is_some() {
            this.shared.outcome.set(TaskOutcome::Cancelled);
            drop_source(this.source, || this.pusher.stop());
        }
    }
}

/// Drops the source, then calls `stop`. Calls it even if the source panics when it is dropped.
fn drop_source<S>(mut source: Pin<&mut Option<S>>, stop: impl FnOnce()) {
    struct Finally<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for Finally<F> {
        fn drop(&mut self) {
            if let Some(f) = self.0.take() {
                f();
            }
        }
    }
    let _stop = Finally(Some(stop));
    source.set(None);
}

/// Ends the list when the source has ended, or panics.
struct End<'a, S: Stream> {
    source: Pin<&'a mut Option<S>>,
    pusher: &'a mut QuietPusher<S::Item>,
    outcome: &'a OutcomeCell,
    outcome_at_end: TaskOutcome,
}

impl<S: Stream> Drop for End<'_, S> {
    fn drop(&mut self) {
        self.outcome.set(self.outcome_at_end);
        drop_source(self.source.as_mut(), || self.pusher.stop());
    }
}

/// What a turn at the source came to.
pub(crate) enum Pulled<T> {
    /// An item that no other fork is to see.
    Item(T),
    /// There are items in the list that were not there before.
    Pushed,
    /// There are none, and never will be.
    Ended,
}

/// Asks the source for one item, for a fork that has read all there is.
#[inline(always)]
pub(crate) fn pull_item<S: Stream>(
    cursor: &QuietCursor<S::Item>,
    drive: Pin<&mut ForkSource<S>>,
    cx: &mut Context<'_>,
) -> Poll<Pulled<S::Item>> {
    let this = drive.project();
    let (mut source, pusher) = (this.source, this.pusher);
    if !pusher.is_read_by(cursor) {
        // Another fork was faster.
        return Poll::Ready(Pulled::Pushed);
    }
    if source.is_none() {
        return Poll::Ready(Pulled::Ended);
    }
    let (outcome, outcome_at_end) = (&this.shared.outcome, TaskOutcome::Panicked);
    let mut end = End { source: source.as_mut(), pusher: &mut *pusher, outcome, outcome_at_end };
    let polled = match end.source.as_mut().as_pin_mut() {
        Some(source) => source.poll_next(cx),
        None => Poll::Ready(None),
    };
    end.outcome_at_end = TaskOutcome::Completed;
    if let Poll::Ready(None) = polled {
        return Poll::Ready(Pulled::Ended);
    }
    core::mem::forget(end);
    let Poll::Ready(Some(item)) = polled else {
        return Poll::Pending;
    };
    if pusher.cursor_count() == 1 {
        return Poll::Ready(Pulled::Item(item));
    }
    let pushed = pusher.push_beside(cursor, item);
    debug_assert!(pushed.is_ok(), "the list ends with the source, and this fork has a cursor");
    Poll::Ready(Pulled::Pushed)
}

/// Reads for a fork that takes no turn, and waits for those of others.
pub(crate) fn poll_passive<S: Stream>(
    relay: &mut Relay<ForkSource<S>>,
    cursor: &mut QuietCursor<S::Item>,
    cx: &Context<'_>,
) -> Poll<Option<S::Item>> {
    fn has_answer<T>(cursor: &QuietCursor<T>) -> bool {
        cursor.has_ready() || cursor.is_drained()
    }
    // Wakers are dropped before an item is taken: if the drop panics, no item is lost.
    if has_answer(cursor) {
        relay.drop_called();
        return Poll::Ready(cursor.next_ready());
    }
    // A look that finds nothing gives memory back.
    if let Some(item) = cursor.next_ready() {
        return Poll::Ready(Some(item));
    }
    relay.watch(cx);
    // A turn that was over by then wakes no fork.
    if has_answer(cursor) {
        relay.cancel();
        return Poll::Ready(cursor.next_ready());
    }
    Poll::Pending
}
