use core::{
    fmt,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll, ready},
};

use aiter_core::{Pusher, push_list, task::PollLock};
use futures_core::{FusedStream, Stream};

use crate::{
    fork_bounded::{
        ring::{Command, LagPolicy, Ring},
        source::{
            BoundedSource, ForkState, Found, poll_source, read, take_space_waiter,
            wake_space_waiter,
        },
    },
    outcome::{OutcomeCell, TaskOutcome},
    sync::Arc,
    util::{add_to_hint, inherent_next, source_hint},
};

/// One of several streams of the same items, at most `cap` items apart; made by
/// [`forker_bounded`](crate::AiterExt::forker_bounded).
///
/// Works as [`ForkStream`](crate::ForkStream), but holds at most `cap` items for forks that lag.
/// `cap` bounds the distance between forks, not the source. A push list behind the source still
/// grows while the forks do not poll it.
///
/// If a fork is `cap` items behind when another fork polls for more, the [`LagPolicy`] decides:
///
/// - [`LagPolicy::Wait`]: the other fork waits until the slow fork has read or is dropped. All
///   forks are as slow as the slowest, and a fork that is never read stops all.
/// - [`LagPolicy::DropOldest`]: the slow fork misses the oldest item. [`missed`](Self::missed)
///   counts these items.
/// - [`LagPolicy::Error`]: the slow fork ends, and its [`outcome`](Self::outcome) is
///   [`TaskOutcome::Lagged`].
///
/// The items are held with the source, so each read takes a turn at it. An item is cloned in the
/// reader's turn, and moved to the last fork that reads it. A fork that finds the source locked
/// waits, and is woken. The source's wake-up wakes every waiting fork, so a fork that is dropped
/// stops no other. A fork that is woken and never polled again is a slow fork; see [`LagPolicy`].
///
/// # Panics
/// Panics if the source does, in the fork that drives it. The source is then dropped. The other
/// forks read the remaining items and end with [`TaskOutcome::Panicked`]. Panics if `clone` of an
/// item does. That item is not lost.
///
/// Panics if the drop of an item does, in a poll or the drop of a fork. No other item is lost.
/// Panics if the waker of a waiting fork does, in the fork that wakes it. That fork loses the item
/// that it was about to return.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream (such as `next()`) is dropped, no item is lost and no
/// other fork waits longer.
///
/// # Examples
/// ```
/// use aiter_adapters::{AiterExt, LagPolicy};
/// use futures_util::{StreamExt, stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let fast = stream::iter(1..=5).forker_bounded(2, LagPolicy::DropOldest);
/// let mut slow = fast.fork();
/// assert_eq!(fast.collect::<Vec<_>>().await, [1, 2, 3, 4, 5]);
/// assert_eq!(slow.by_ref().collect::<Vec<_>>().await, [4, 5]);
/// assert_eq!(slow.missed(), 3);
/// # }).expect("an iterator never waits");
/// ```
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "aiter_forker")]
pub struct BoundedFork<S: Stream> {
    lock: PollLock<BoundedSource<S>>,
    commands: Pusher<Command>,
    outcome: Arc<OutcomeCell>,
    position: usize,
    missed: usize,
    state: ForkState,
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
    pub(crate) fn new(source: S, cap: NonZeroUsize, policy: LagPolicy) -> Self {
        let (commands, cursor) = push_list();
        let outcome = Arc::new(OutcomeCell::new());
        let inner = BoundedSource {
            source: Some(source),
            ring: Ring::new(cursor, cap, policy),
            outcome: outcome.clone(),
            space_waiter: None,
        };
        let (lock, state) = (PollLock::new(inner), ForkState::Open);
        Self { lock, commands, outcome, position: 0, missed: 0, state }
    }

    /// Makes another fork at the same position. Lock-free.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn fork(&self) -> Self
    where
        S::Item: Clone,
    {
        // First, because the clone may panic.
        let commands = self.commands.clone();
        if self.state == ForkState::Open {
            self.send(Command::Join(self.position));
        }
        let (lock, outcome) = (self.lock.clone(), self.outcome.clone());
        Self { lock, commands, outcome, position: self.position, missed: 0, state: self.state }
    }

    /// Returns the number of items that this fork has missed because it was too slow.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn missed(&self) -> usize {
        self.missed
    }

    /// Returns how this fork ended, or `None` while it continues.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{AiterExt, LagPolicy, TaskOutcome};
    /// use futures_util::{FutureExt, StreamExt, stream};
    ///
    /// let fast = stream::iter(1..=5).forker_bounded(2, LagPolicy::Error);
    /// let mut slow = fast.fork();
    /// assert_eq!(fast.collect::<Vec<_>>().now_or_never(), Some(vec![1, 2, 3, 4, 5]));
    /// assert_eq!(slow.outcome(), None); // not polled since
    /// assert_eq!(slow.next().now_or_never(), Some(None));
    /// assert_eq!(slow.outcome(), Some(TaskOutcome::Lagged));
    /// ```
    pub fn outcome(&self) -> Option<TaskOutcome> {
        match self.state {
            ForkState::Open => None,
            ForkState::SourceEnded => self.outcome.get(),
            ForkState::Removed => Some(TaskOutcome::Lagged),
        }
    }

    fn send(&self, command: Command) {
        let sent = self.commands.push(command);
        debug_assert!(sent.is_ok(), "the ring must live as long as a fork");
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
        if self.state != ForkState::Open {
            return;
        }
        self.send(Command::Leave(self.position));
        // Drops the items that only this fork has not read. If another fork has the turn, the next
        // turn drops them.
        let looked = self.lock.try_read(|inner| {
            let this = inner.project();
            let read = this.ring.apply_commands();
            (read, take_space_waiter(this.ring, this.space_waiter))
        });
        match looked {
            // The items are dropped last, even if the waker panics.
            Some((_read, Some(waker))) => waker.wake(),
            Some((_read, None)) => {}
            None => self.lock.notify(),
        }
    }
}

inherent_next!([S: Stream] BoundedFork<S>, |fork| fork.lock.cancel());

impl<S: Stream<Item: Clone>> FusedStream for BoundedFork<S> {
    fn is_terminated(&self) -> bool {
        self.state != ForkState::Open
    }
}

impl<S: Stream<Item: Clone>> Stream for BoundedFork<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        if self.state != ForkState::Open {
            return Poll::Ready(None);
        }
        let Self { lock, position, missed, .. } = &mut *self;
        let looked = lock.try_read(|inner| read(inner, position, missed));
        let found = match wake_space_waiter(looked.unwrap_or((Found::Nothing, None))) {
            // The space waiter is not woken, because this fork polls the source in its turn.
            Found::Nothing => lock.poll_locked(cx, |mut inner, cx| {
                match read(inner.as_mut(), position, missed).0 {
                    Found::Nothing => poll_source(inner, cx, position),
                    // Another fork has pushed an item since.
                    found => Poll::Ready(found),
                }
            }),
            found => {
                lock.drop_used_waker();
                Poll::Ready(found)
            }
        };
        let found = match found {
            Poll::Ready(found) => found,
            // Another fork may have pushed an item before this fork was registered.
            Poll::Pending => {
                let looked = lock.poll_read(cx, |inner| read(inner, position, missed));
                match wake_space_waiter(ready!(looked)) {
                    Found::Nothing => return Poll::Pending,
                    found => found,
                }
            }
        };
        Poll::Ready(match found {
            Found::Item(item) => Some(item),
            Found::End(state) => {
                self.state = state;
                self.lock.cancel();
                None
            }
            Found::Nothing => None,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.state != ForkState::Open {
            return (0, Some(0));
        }
        let look = self.lock.try_read(|inner| {
            let unread = inner.ring.unread(self.position);
            (unread, inner.ring.waits_for_laggards(), source_hint(&inner.source))
        });
        match look {
            Some((unread, misses_none, source)) => {
                let (lower, upper) = add_to_hint(source, unread);
                (if misses_none { lower } else { 0 }, upper)
            }
            // Another fork has the turn.
            None => (0, None),
        }
    }
}
