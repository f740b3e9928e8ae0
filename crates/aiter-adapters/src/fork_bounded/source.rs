use core::{
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use crate::{
    fork_bounded::ring::Ring,
    outcome::{OutcomeCell, TaskOutcome},
    sync::Arc,
    util::Finally,
};

pin_project_lite::pin_project! {
    /// The value of the lock, which the forks poll in turn.
    pub(crate) struct BoundedSource<S: Stream> {
        // Dropped when it ends.
        #[pin]
        pub(crate) source: Option<S>,
        pub(crate) ring: Ring<S::Item>,
        pub(crate) outcome: Arc<OutcomeCell>,
        // The waker of the lock, if a fork waits for space in the ring.
        pub(crate) space_waiter: Option<Waker>,
    }
}

/// Whether and how a fork has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForkState {
    Open,
    SourceEnded,
    Removed,
}

/// The result of a read.
pub(crate) enum Found<T> {
    Item(T),
    End(ForkState),
    /// The fork has read all items, and must poll the source.
    Nothing,
}

/// Takes the waker of the fork that waits for space, if there is space.
pub(crate) fn take_space_waiter<T>(
    ring: &Ring<T>,
    space_waiter: &mut Option<Waker>,
) -> Option<Waker> {
    if ring.is_full() { None } else { space_waiter.take() }
}

/// Reads an item for a fork. Also takes the waker of the fork that waits for space, if there is
/// space.
pub(crate) fn read<S: Stream<Item: Clone>>(
    inner: Pin<&mut BoundedSource<S>>,
    position: &mut usize,
    missed: &mut usize,
) -> (Found<S::Item>, Option<Waker>) {
    let this = inner.project();
    // Before the read, because a panic in a drop would lose the item. The lock then wakes all
    // forks.
    drop(this.ring.apply_commands());
    let found = match this.ring.skip_missed(position) {
        None => Found::End(ForkState::Removed),
        Some(newly_missed) => {
            *missed += newly_missed;
            match this.ring.read(position) {
                Some(item) => Found::Item(item),
                None if this.source.is_none() => Found::End(ForkState::SourceEnded),
                None => Found::Nothing,
            }
        }
    };
    (found, take_space_waiter(this.ring, this.space_waiter))
}

/// Wakes the fork that waits for space.
pub(crate) fn wake_space_waiter<T>((found, waker): (Found<T>, Option<Waker>)) -> Found<T> {
    if let Some(waker) = waker {
        waker.wake();
    }
    found
}

/// Polls the source for an item, for a fork that has read all items.
pub(crate) fn poll_source<S: Stream<Item: Clone>>(
    inner: Pin<&mut BoundedSource<S>>,
    cx: &mut Context<'_>,
    position: &mut usize,
) -> Poll<Found<S::Item>> {
    let this = inner.project();
    if this.ring.is_full() && this.ring.waits_for_laggards() {
        *this.space_waiter = Some(cx.waker().clone());
        return Poll::Pending;
    }
    // Drops the source when it has ended or panicked.
    let mut close = Finally((this.source, TaskOutcome::Panicked), |(source, outcome)| {
        this.outcome.set(*outcome);
        source.set(None);
    });
    let (source, outcome) = &mut close.0;
    let polled = match source.as_mut().as_pin_mut() {
        Some(source) => source.poll_next(cx),
        None => Poll::Ready(None),
    };
    *outcome = TaskOutcome::Completed;
    match polled {
        Poll::Ready(None) => Poll::Ready(Found::End(ForkState::SourceEnded)),
        Poll::Pending => {
            mem::forget(close);
            Poll::Pending
        }
        Poll::Ready(Some(item)) => {
            mem::forget(close);
            if this.ring.readers() == 1 && this.ring.len() == 0 {
                return Poll::Ready(Found::Item(item));
            }
            // The new item is in the ring by then, so a panic in a drop does not lose it.
            drop(this.ring.push(item));
            Poll::Ready(this.ring.read(position).map_or(Found::Nothing, Found::Item))
        }
    }
}
