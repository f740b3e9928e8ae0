use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use crate::{
    bounded::ring::{Place, Ring},
    outcome::{Outcome, OutcomeCell},
    sync::Arc,
};

pin_project_lite::pin_project! {
    /// What the forks drive in turn.
    pub(crate) struct Drive<S: Stream> {
        // Dropped at its end.
        #[pin]
        pub(crate) source: Option<S>,
        pub(crate) ring: Ring<S::Item>,
        pub(crate) outcome: Arc<OutcomeCell>,
        // The relay's own waker, if a fork waits for room.
        pub(crate) waits_for_room: Option<Waker>,
    }
}

/// How a fork ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    NotYet,
    WithTheSource,
    Out,
}

/// What a fork finds.
pub(crate) enum Found<T> {
    Item(T),
    End(End),
    /// Nothing yet: the source is to be asked.
    Nothing,
}

/// Takes the waker of the fork that waits for room, if there is room.
pub(crate) fn take_room<T>(ring: &Ring<T>, waits_for_room: &mut Option<Waker>) -> Option<Waker> {
    if ring.is_full() { None } else { waits_for_room.take() }
}

/// Reads an item for a fork. Returns also the waker of the fork that waits for room, if there is
/// room.
pub(crate) fn read<S: Stream<Item: Clone>>(
    drive: Pin<&mut Drive<S>>,
    position: &mut usize,
    missed: &mut usize,
) -> (Found<S::Item>, Option<Waker>) {
    let this = drive.project();
    // Before the read, as a panic in a drop would lose the item. The relay wakes all forks then.
    drop(this.ring.take_notes());
    let (place, newly_missed) = this.ring.place(position);
    *missed += newly_missed;
    let found = match place {
        Place::Ready => this.ring.read(position).map_or(Found::Nothing, Found::Item),
        Place::Out => Found::End(End::Out),
        Place::UpToDate if this.source.is_none() => Found::End(End::WithTheSource),
        Place::UpToDate => Found::Nothing,
    };
    (found, take_room(this.ring, this.waits_for_room))
}

/// Wakes the fork that waits for room, if there is more.
pub(crate) fn wake_for_room<T>((found, room): (Found<T>, Option<Waker>)) -> Found<T> {
    if let Some(waker) = room {
        waker.wake();
    }
    found
}

/// Asks the source for an item, for a fork that has read everything.
pub(crate) fn poll_source<S: Stream<Item: Clone>>(
    drive: Pin<&mut Drive<S>>,
    cx: &mut Context<'_>,
    position: &mut usize,
) -> Poll<Found<S::Item>> {
    /// Drops the source when it has ended, or panics.
    struct Over<'a, S> {
        source: Pin<&'a mut Option<S>>,
        outcome: &'a OutcomeCell,
        how: Outcome,
    }
    impl<S> Drop for Over<'_, S> {
        fn drop(&mut self) {
            self.outcome.set(self.how);
            self.source.set(None);
        }
    }

    let mut this = drive.project();
    if this.ring.is_full() && this.ring.waits_for_laggards() {
        *this.waits_for_room = Some(cx.waker().clone());
        return Poll::Pending;
    }
    let mut over =
        Over { source: this.source.as_mut(), outcome: this.outcome, how: Outcome::Panicked };
    let polled = match over.source.as_mut().as_pin_mut() {
        Some(source) => source.poll_next(cx),
        None => Poll::Ready(None),
    };
    over.how = Outcome::Completed;
    match polled {
        Poll::Ready(None) => Poll::Ready(Found::End(End::WithTheSource)),
        Poll::Pending => {
            core::mem::forget(over);
            Poll::Pending
        }
        Poll::Ready(Some(item)) => {
            core::mem::forget(over);
            if this.ring.readers() == 1 && this.ring.len() == 0 {
                return Poll::Ready(Found::Item(item));
            }
            // The new item is in the ring: a panic in a drop leaves it there, for this fork as
            // well.
            drop(this.ring.push(item));
            Poll::Ready(this.ring.read(position).map_or(Found::Nothing, Found::Item))
        }
    }
}
