use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use aiter_core::{Pusher, Relay, push_list};
use futures_core::{FusedStream, Stream};

use crate::{
    outcome::{Outcome, OutcomeCell},
    ring::{Lag, Note, Place, Ring},
    sync::Arc,
};

pin_project_lite::pin_project! {
    /// What the forks drive in turn.
    struct Drive<S: Stream> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        ring: Ring<S::Item>,
        outcome: Arc<OutcomeCell>,
        // The relay's own waker, if a fork waits for room.
        waits_for_room: Option<Waker>,
    }
}

/// One of several streams of the same items, with a bound to how far they are apart; made by
/// [`forker_bounded`](crate::AiterExt::forker_bounded).
///
/// As [`Fork`](crate::Fork), but at most `cap` items are held for forks that lag. What happens to
/// one that is `cap` items behind when another one asks for more is its [`Lag`]:
///
/// - [`Lag::Wait`]: the one that asks waits until the slow one has read or is dropped. All go at the
///   pace of the slowest; one that is never read stops all.
/// - [`Lag::DropOldest`]: the slow one misses the oldest item; [`missed`](Self::missed) counts them.
/// - [`Lag::Error`]: the slow one ends, and its [`outcome`](Self::outcome) is [`Outcome::Lagged`].
///
/// The items are with the source: to read one is to take a turn, also when it is there already. An
/// item is cloned in the reader's turn, and moved to the last fork that reads it. A fork that finds
/// another at it sleeps and is woken. The source's wake-up wakes every fork that waits, so a fork that is
/// dropped stops no other. A fork that is woken and never polled again is a slow one: see [`Lag`].
///
/// # Panics
/// If the source does, in the fork that drives it. The source is dropped; the other forks read what
/// there is, end, and say [`Outcome::Panicked`]. If `clone` of an item does; the item is then still
/// to be read.
///
/// If the drop of an item panics, the fork that drops it panics, in a poll or in its own drop. No
/// other item is lost. If the waker of a fork that waits panics, it does so in the fork that wakes it,
/// which loses the item that it was about to return.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost and no other fork
/// waits longer.
///
/// # Examples
/// ```
/// use aiter_adapters::{AiterExt, Lag};
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let fast = stream::iter(1..=5).forker_bounded(2, Lag::DropOldest);
/// let mut slow = fast.fork();
/// assert_eq!(fast.collect::<Vec<_>>().await, [1, 2, 3, 4, 5]);
/// assert_eq!(slow.by_ref().collect::<Vec<_>>().await, [4, 5]);
/// assert_eq!(slow.missed(), 3);
/// # }).expect("an iterator never waits");
/// ```
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "aiter_forker")]
pub struct BoundedFork<S: Stream> {
    relay: Relay<Drive<S>>,
    notes: Pusher<Note>,
    outcome: Arc<OutcomeCell>,
    position: usize,
    missed: usize,
    end: End,
}

/// How a fork ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    NotYet,
    WithTheSource,
    Out,
}

impl<S: Stream> fmt::Debug for BoundedFork<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedFork")
            .field("missed", &self.missed)
            .field("outcome", &self.outcome())
            .finish_non_exhaustive()
    }
}

impl<S: Stream> BoundedFork<S> {
    pub(crate) fn new(source: S, cap: NonZeroUsize, lag: Lag) -> Self {
        let (notes, cursor) = push_list();
        let outcome = Arc::new(OutcomeCell::new());
        let drive = Drive {
            source: Some(source),
            ring: Ring::new(cursor, cap, lag),
            outcome: outcome.clone(),
            waits_for_room: None,
        };
        let (position, missed) = (0, 0);
        Self { relay: Relay::new(drive), notes, outcome, position, missed, end: End::NotYet }
    }

    /// Another fork at the same position. Lock-free.
    pub fn fork(&self) -> Self
    where
        S::Item: Clone,
    {
        // First, because it may panic.
        let notes = self.notes.clone();
        if self.end == End::NotYet {
            self.note(Note::Born(self.position));
        }
        Self {
            relay: self.relay.clone(),
            notes,
            outcome: self.outcome.clone(),
            position: self.position,
            missed: 0,
            end: self.end,
        }
    }

    /// Items that this fork has missed because it was too slow.
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// How this fork came to its end; `None` while it has not.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.end {
            End::NotYet => None,
            End::WithTheSource => self.outcome.get(),
            End::Out => Some(Outcome::Lagged),
        }
    }

    fn note(&self, note: Note) {
        let noted = self.notes.push(note);
        debug_assert!(noted.is_ok(), "the ring lives as long as a fork");
    }
}

/// What a fork finds.
enum Found<T> {
    Item(T),
    End(End),
    /// Nothing yet: the source is to be asked.
    Nothing,
}

/// Takes the waker of the fork that waits for room, if there is room.
fn take_room<T>(ring: &Ring<T>, waits_for_room: &mut Option<Waker>) -> Option<Waker> {
    if ring.is_full() { None } else { waits_for_room.take() }
}

/// Reads an item for a fork. Returns also the waker of the fork that waits for room, if there is
/// room.
fn read<S: Stream<Item: Clone>>(
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
fn wake_for_room<T>((found, room): (Found<T>, Option<Waker>)) -> Found<T> {
    if let Some(waker) = room {
        waker.wake();
    }
    found
}

/// Asks the source for an item, for a fork that has read everything.
fn poll_source<S: Stream<Item: Clone>>(
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

impl<S: Stream> Clone for BoundedFork<S>
where
    S::Item: Clone,
{
    fn clone(&self) -> Self {
        self.fork()
    }
}

impl<S: Stream> Drop for BoundedFork<S> {
    fn drop(&mut self) {
        if self.end != End::NotYet {
            return;
        }
        self.note(Note::Gone(self.position));
        // The items that only this fork held are dropped here. If another fork is at the source,
        // the next turn drops them.
        let looked = self.relay.try_look(|drive| {
            let this = drive.project();
            let read = this.ring.take_notes();
            (read, take_room(this.ring, this.waits_for_room))
        });
        match looked {
            // The items are dropped last, also if the waker panics.
            Some((_read, Some(waker))) => waker.wake(),
            Some((_read, None)) => {}
            None => self.relay.notify(),
        }
    }
}

impl<S: Stream<Item: Clone>> FusedStream for BoundedFork<S> {
    fn is_terminated(&self) -> bool {
        self.end != End::NotYet
    }
}

impl<S: Stream<Item: Clone>> Stream for BoundedFork<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.end != End::NotYet {
            return Poll::Ready(None);
        }
        let Self { relay, position, missed, .. } = &mut *self;
        let looked = relay.try_look(|drive| read(drive, position, missed));
        let found = match wake_for_room(looked.unwrap_or((Found::Nothing, None))) {
            // In the turn, news of room is for this fork: it asks the source itself.
            Found::Nothing => relay.poll_turn(cx, |mut drive, cx| {
                match read(drive.as_mut(), position, missed).0 {
                    Found::Nothing => poll_source(drive, cx, position),
                    // Another fork was faster.
                    found => Poll::Ready(found),
                }
            }),
            found => {
                relay.drop_called();
                Poll::Ready(found)
            }
        };
        let found = match found {
            Poll::Ready(found) => found,
            // Another fork may have asked, and put something in for this one, before this one registered.
            Poll::Pending => {
                let looked = relay.poll_look(cx, |drive| read(drive, position, missed));
                match wake_for_room(ready!(looked)) {
                    Found::Nothing => return Poll::Pending,
                    found => found,
                }
            }
        };
        Poll::Ready(match found {
            Found::Item(item) => Some(item),
            Found::End(end) => {
                self.end = end;
                self.relay.cancel();
                None
            }
            Found::Nothing => None,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.end != End::NotYet {
            return (0, Some(0));
        }
        let look = self.relay.try_look(|drive| {
            let source = drive.source.as_ref().map_or((0, Some(0)), Stream::size_hint);
            (drive.ring.unread(self.position), drive.ring.waits_for_laggards(), source)
        });
        match look {
            Some((unread, misses_none, (lower, upper))) => {
                let lower = if misses_none { lower.saturating_add(unread) } else { 0 };
                (lower, upper.and_then(|upper| upper.checked_add(unread)))
            }
            // Another fork is at it.
            None => (0, None),
        }
    }
}
