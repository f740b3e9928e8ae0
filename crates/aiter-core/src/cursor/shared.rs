//! `SharedCursor`, one of several takers at one position.
//!
//! `gate.rs` guards the position, `shared_poll.rs` holds the slow paths and the stream.
//!
//! A taker that finds no item registers with the list, as a cursor does, so a push notifies every
//! waiting taker. A notified taker that is not polled again keeps no item from the others.

use core::fmt;

use alloc::vec::Vec;

use crate::{
    cursor::{
        Cursor,
        gate::{GatedPosition, OPEN, SharedState},
    },
    error::TryNextError,
    sync::{Arc, AtomicUsize, Ordering, UnsafeCell},
    wait::{queue::WaitQueue, waiter::Waiter},
};

/// A reading position that several takers share: each item goes to exactly one of them.
///
/// [`Cursor::share`] makes the first taker, and [`clone`](Clone::clone) makes more. Each taker
/// receives its items in the order of the list. The position counts as one cursor. If it is the
/// only cursor, it moves items out, otherwise it clones them.
///
/// A push notifies every waiting taker, usually the taker that has waited longest first. The taker
/// that is polled first takes the item; the others wait again. So a taker that is notified, and is
/// then not polled or is dropped, keeps no item from the others. The price is a wake-up for each
/// waiting taker.
///
/// # Progress
/// Producers and other cursors stay lock-free. The takers share a try-lock, which each holds for a
/// few instructions, and in which no user code runs. A taker that finds it locked spins for a fixed
/// number of `spin_loop` hints, then registers its waker and returns `Pending`. If a taker has
/// taken a run of items and then finds nothing, it also spins for a fixed number of hints before it
/// registers.
///
/// # Panics
/// - Panics if `T::clone` panics, on a list with other cursors. The item is lost to the takers.
/// - Panics if the waker of another taker panics. The item is lost to the takers.
/// - Panics if `T::drop` panics while a taker that finds nothing drops the items that all readers
///   have read.
/// - Panics if the block has [too many](Cursor::fork) cursors. The item is then still to be taken.
///
/// # Cancel safety
/// Cancel safe. If a future over this stream is dropped, no item is lost and no other taker waits
/// longer. If the future of the inherent [`next`](Self::next) is dropped while it waits, its waker
/// is removed.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
///
/// let (pusher, cursor) = push_list();
/// let takers = vec![cursor.share(); 3];
/// pusher.push_all(0..300)?;
/// drop(pusher);
/// let workers: Vec<_> = takers
///     .into_iter()
///     .map(|taker| std::thread::spawn(|| futures_executor::block_on_stream(taker).count()))
///     .collect();
/// let taken: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
/// assert_eq!(taken, 300);
/// # Ok::<(), aiter_core::PushAllError<std::ops::Range<i32>>>(())
/// ```
#[must_use = "streams do nothing unless polled"]
#[doc(alias = "sharable_aiter")]
pub struct SharedCursor<T> {
    pub(super) shared: Arc<SharedState<T>>,
    /// Registration with the list.
    pub(super) waiter: Waiter,
    /// Registration at the gate.
    pub(super) lock_waiter: Waiter,
    /// Number of items that this taker has taken since it last returned `Pending`.
    pub(super) run: usize,
    /// The list's queue keeps no waker of this taker, and the taker has not returned the end.
    /// Otherwise the taker must not use the fast path.
    pub(super) is_active: bool,
    /// The taker has returned the end of the list to its caller.
    pub(super) ended: bool,
}

impl<T> SharedCursor<T> {
    fn of(shared: Arc<SharedState<T>>) -> Self {
        let (waiter, lock_waiter) = (Waiter::new(), Waiter::new());
        Self { shared, waiter, lock_waiter, run: 0, is_active: true, ended: false }
    }

    /// Takes the next item if one is ready.
    ///
    /// Never waits. If another taker has the position, this taker spins for a fixed number of
    /// hints.
    ///
    /// # Errors
    /// - Returns [`TryNextError::Empty`] if no item is ready.
    /// - Returns [`TryNextError::Ended`] if the list was stopped and the takers have taken every
    ///   item.
    /// - Returns [`TryNextError::Contended`] if another taker still has the position after the
    ///   spins.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryNextError, push_list};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push(1)?;
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert_eq!(taker.try_next(), Err(TryNextError::Empty));
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_next(&mut self) -> Result<T, TryNextError> {
        if self.is_active {
            self.shared.take_known().or_else(|closed| self.try_next_slow(closed))
        } else {
            self.try_next_slow(false)
        }
    }

    /// Takes up to `max` ready items, appends them to `buf` and returns how many it took.
    ///
    /// Never waits. Returns 0 if no item is ready, if another taker has the position, or if `max`
    /// is 0.
    ///
    /// # Panics
    /// Panics as the [stream](Self#panics) does, or if `buf` cannot grow. The items that were taken
    /// before are in `buf`.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push_all(0..5)?;
    /// let mut buf = Vec::new();
    /// assert_eq!(taker.try_next_many(&mut buf, 3), 3);
    /// assert_eq!(taker.try_next_many(&mut buf, 3), 2);
    /// assert_eq!(buf, [0, 1, 2, 3, 4]);
    /// # Ok::<(), aiter_core::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    pub fn try_next_many(&mut self, buf: &mut Vec<T>, max: usize) -> usize {
        for taken in 0..max {
            // Before an item is taken, because the allocation may panic.
            buf.reserve(1);
            let Ok(item) = self.take_ready() else { return taken };
            buf.push(item);
        }
        max
    }

    /// Returns the number of items that were pushed and that no taker has taken.
    ///
    /// An item counts as soon as its push has claimed a slot, also if the push is not finished. If
    /// another taker still has the position after a fixed number of spins, returns the result of
    /// the last call that could read the position.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push_all([1, 2, 3])?;
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert_eq!(taker.len(), 2);
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 3>>>(())
    /// ```
    pub fn len(&self) -> usize {
        let shared = &*self.shared;
        // Relaxed, both: the number hands no other data over.
        match shared.try_close_spinning() {
            Some(mut gate) => {
                let len = gate.with(|raw| raw.distance(&shared.list));
                shared.len.store(len, Ordering::Relaxed);
                len
            }
            None => shared.len.load(Ordering::Relaxed),
        }
    }

    /// Returns `true` if [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let taker = cursor.share();
    /// assert!(taker.is_empty());
    /// pusher.push(1)?;
    /// assert!(!taker.is_empty());
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if the list was stopped and no item is left to take.
    ///
    /// If another taker still has the position after a fixed number of spins, returns `false`.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push(1)?;
    /// drop(pusher);
    /// assert!(taker.is_stopped() && !taker.is_drained());
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert!(taker.is_drained());
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn is_drained(&self) -> bool {
        let shared = &*self.shared;
        let gate = shared.try_close_spinning();
        gate.is_some_and(|mut gate| gate.with(|raw| raw.is_drained(&shared.list)))
    }

    /// Returns `true` if the list was stopped, also with items left to take. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let taker = cursor.share();
    /// pusher.stop();
    /// assert!(taker.is_stopped());
    /// ```
    #[doc(alias = "is_closed")]
    pub fn is_stopped(&self) -> bool {
        self.shared.list.tail().is_stopped()
    }
}

impl<T> Clone for SharedCursor<T> {
    /// Makes another taker at the same position. The new taker has not returned the end yet.
    fn clone(&self) -> Self {
        Self::of(self.shared.clone())
    }
}

impl<T> Drop for SharedCursor<T> {
    fn drop(&mut self) {
        let _lock_waiter = self.shared.lock_waiters.deregister(&mut self.lock_waiter);
        self.shared.list.waiters.deregister(&mut self.waiter);
    }
}

impl<T> Unpin for SharedCursor<T> {}

impl<T> fmt::Debug for SharedCursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCursor")
            .field("is_stopped", &self.is_stopped())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<T> Cursor<T> {
    /// Turns the cursor into a position that several takers share. Each item goes to exactly one
    /// taker.
    ///
    /// Clone the returned taker for more takers. Allocates the shared state. Drops the cursor's
    /// waker.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/share.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use futures_util::{FutureExt, StreamExt};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut one = cursor.share();
    /// let mut two = one.clone();
    /// pusher.push_all([1, 2])?;
    /// assert_eq!(one.next().now_or_never(), Some(Some(1)));
    /// assert_eq!(two.next().now_or_never(), Some(Some(2)));
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 2>>>(())
    /// ```
    #[doc(alias = "sharable_aiter")]
    pub fn share(self) -> SharedCursor<T> {
        self.share_weighed(|_| 0)
    }

    /// Does the same as [`share`](Self::share). The takers add up the weights of the items that
    /// they lose to panics, for [`SharedCursor::take_lost`].
    #[doc(hidden)]
    pub fn share_weighed(self, weigh: fn(&T) -> usize) -> SharedCursor<T> {
        let (list, raw) = self.into_parts();
        let position = GatedPosition { gate: AtomicUsize::new(OPEN), raw: UnsafeCell::new(raw) };
        let [len, lost] = [(); 2].map(|()| AtomicUsize::new(0));
        let lock_waiters = WaitQueue::new();
        let shared = SharedState { position, list, lock_waiters, len, weigh, lost };
        SharedCursor::of(Arc::new(shared))
    }
}
