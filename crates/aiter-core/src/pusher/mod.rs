//! The producers' handles.

use core::fmt;

use crate::{
    cursor::Cursor,
    error::{PushError, PushErrorKind, TryPushError},
    list::{Claim, List, OnFull, Reclaim},
    pusher::unique::UniquePusher,
    sync::Arc,
};

pub(crate) mod no_wake;
mod push_all;
pub(crate) mod unique;
pub(crate) mod weak;

/// An empty push list: the handle that pushes and the cursor that reads.
///
/// Clone the [`Pusher`] for more producers, [`fork`](Cursor::fork) or [`share`](Cursor::share) the
/// [`Cursor`] for more readers. The list is unbounded, and its order is one for all.
///
/// It ends when every [`Pusher`] is dropped, or one of them is told to [`stop`](Pusher::stop): whoever reads to the end
/// while it keeps a pusher itself waits for ever.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
/// use futures_util::StreamExt;
///
/// let (pusher, cursor) = push_list();
/// std::thread::spawn(move || {
///     for n in 0..100 {
///         pusher.push(n).unwrap();
///     }
/// }); // the last pusher is dropped: the list stops
/// # futures_executor::block_on(async {
/// let sum: i32 = cursor.fold(0, |sum, n| async move { sum + n }).await;
/// assert_eq!(sum, 4950);
/// # });
/// ```
#[doc(alias = "push_aiter")]
pub fn push_list<T>() -> (Pusher<T>, Cursor<T>) {
    // Not from 0: the index is free to wrap, and so every list does it early on.
    let (list, block) = List::new(usize::MAX - 99);
    let list = Arc::new(list);
    (Pusher { list: list.clone() }, Cursor::new(list, block, 0))
}

/// Appends items to a push list.
///
/// Clones push into the same list. Dropping the last one stops it, as [`stop`](Self::stop) does.
///
/// Every way to push is lock-free: a producer that is stalled, preempted or killed half-way never
/// makes another one wait. Cursors see its item, and those behind it, when it goes on.
#[doc(alias = "push_aiter")]
pub struct Pusher<T> {
    pub(crate) list: Arc<List<T>>,
}

impl<T> Pusher<T> {
    /// Appends an item and wakes the cursors that wait for it.
    ///
    /// Lock-free. Two atomic read-modify-writes, whether or not there are cursors, if none of them
    /// sleeps; allocates when a new block of slots is needed and no read one is there to be used again.
    ///
    /// A push that overlaps with the drop of the last cursor may succeed. Its item is dropped by one of
    /// the two calls. If another push is interrupted before it, the item goes when that push returns. If
    /// that one is a [`try_push`](Self::try_push), the item stays as long as the items of `try_push`.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor left. A list
    /// without readers keeps no item.
    ///
    /// # Panics
    /// Panics if the waker of a waiting cursor does. The item is pushed, and the other
    /// waiters are woken all the same. If a second waker panics in the same push, the program
    /// aborts, as after any panic during unwinding. The same holds for the other ways to push and
    /// for [`stop`](Self::stop).
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{PushError, push_list};
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push(1)?;
    /// assert_eq!(cursor.len(), 1);
    /// pusher.stop();
    /// assert_eq!(pusher.push(2), Err(PushError::Stopped(2)));
    /// # Ok::<(), PushError<i32>>(())
    /// ```
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        // In two steps, so that the usual one is short enough to be had where it is called; and in one
        // function, as an item may be large, and each call moves it.
        let (block, slot) = match self.list.claim_fast(1) {
            Ok(claim) => (claim.block, claim.slot),
            Err(seen) => match self.list.claim_after(seen, 1, OnFull::Allocate) {
                Ok(claim) => (claim.block, claim.slot),
                Err(kind) => return Err(PushError::new(refused(&self.list, kind), item)),
            },
        };
        // SAFETY: the slot is claimed, filled and then published.
        unsafe {
            block.write(slot, item);
            self.list.publish(Claim { block, slot, len: 1 }, Reclaim::Inline);
        }
        Ok(())
    }

    /// Appends an item without allocating or freeing memory: the form for interrupt handlers.
    ///
    /// Lock-free; masks interrupts only where the target has no compare-and-swap, for single
    /// instructions' worth of time. Wakers are called, and so must allow it; embedded executors'
    /// do. [`reserve`](Self::reserve) makes room beforehand; blocks that were read are used again,
    /// so in a steady state room comes back by itself.
    ///
    /// Drops no item. If the last cursor goes at the same time and the push succeeds, the item, and
    /// those of finished pushes behind it, stay until the next call of another way to push, until a later subscriber finds nothing to read or
    /// goes, or until the list is dropped.
    ///
    /// # Errors
    /// [`TryPushError`] with the item: `Full` if no linked block has a free slot, or as
    /// [`push`](Self::push).
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list();
    /// pusher.reserve(1000);
    /// for n in 0..1000 {
    ///     pusher.try_push(n)?;
    /// }
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        match self.list.claim(1, OnFull::Fail) {
            Ok(claim) => {
                // SAFETY: the slot is claimed, filled and then published.
                unsafe {
                    claim.block.write(claim.slot, item);
                    self.list.publish(claim, Reclaim::Deferred);
                }
                Ok(())
            }
            Err(kind) => Err(TryPushError::new(kind, item)),
        }
    }

    /// The fast path, if this is the only pusher of the list: no other one, no
    /// [`WeakPusher`](crate::WeakPusher).
    ///
    /// As long as the returned handle lives, no other can come to be, so its pushes need no
    /// compare-and-swap: one atomic read-modify-write an item, or one a run.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (mut pusher, cursor) = push_list();
    /// let mut sole = pusher.unique().expect("the only pusher");
    /// sole.push(1)?;
    /// sole.push(2)?;
    /// assert_eq!(cursor.len(), 2);
    /// let other = pusher.clone();
    /// assert!(pusher.unique().is_none());
    /// # drop(other);
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn unique(&mut self) -> Option<UniquePusher<'_, T>> {
        self.list.handles.has_only_one().then(|| UniquePusher::new(&self.list))
    }

    /// Makes room for `additional` items, so that as many [`try_push`](Self::try_push) succeed.
    ///
    /// The room is the list's, for all its pushers. As many blocks of items are kept ready from now on, out
    /// of those that were read; it takes the largest `reserve` that was asked for. Allocates; lock-free but for that.
    ///
    /// A block that is read while another thread is inside `subscribe`, `reserve`, `retained` or a push
    /// may serve again only after that call.
    ///
    /// # Panics
    /// Panics with "capacity overflow" if the blocks would take more than `isize::MAX` bytes in all. Nothing
    /// is allocated then. Items without a size have a limit as well, because a block takes memory for its
    /// header.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryPushError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.reserve(100);
    /// for n in 0..100 {
    ///     pusher.try_push(n)?;
    /// }
    /// assert_eq!(cursor.try_next_many(&mut Vec::new(), 100), 100);
    /// // What is read as it comes makes room for the next.
    /// for n in 0..1000 {
    ///     pusher.try_push(n)?;
    ///     assert_eq!(cursor.try_next(), Ok(n));
    /// }
    /// # Ok::<(), TryPushError<i32>>(())
    /// ```
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.list.reserve(additional);
    }

    /// Ends the list, in one atomic step: what was pushed before is still delivered to every
    /// cursor, what is pushed after comes back. A second call does nothing.
    ///
    /// Wakes every cursor that sleeps. Lock-free; neither allocates nor frees.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryNextError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1).unwrap();
    /// pusher.stop();
    /// assert!(cursor.is_stopped() && !cursor.is_drained());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    /// ```
    pub fn stop(&self) {
        self.list.stop();
    }

    /// True if the list was stopped.
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }

    /// A cursor that sees what is pushed from now on.
    ///
    /// Costs the same at any backlog. A list that was left by all its cursors is alive again.
    /// Lock-free.
    ///
    /// # Panics
    /// If there are [too many](Cursor::fork) cursors where the list ends; the list is then as it was.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push("early")?;
    /// drop(cursor);
    /// assert!(pusher.push("nobody").is_err());
    /// let mut late = pusher.subscribe();
    /// pusher.push("late")?;
    /// assert_eq!(late.try_next(), Ok("late"));
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "tail")]
    pub fn subscribe(&self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        self.list.release_handed_over();
        // Before the second reader can be seen.
        self.list.set_clone();
        let (block, skip) = self.list.enter();
        Cursor::new(self.list.clone(), block, skip)
    }

    /// How many cursors the list has now; a shared cursor counts once.
    pub fn cursor_count(&self) -> usize {
        self.list.cursor_count()
    }

    /// Items whose slots the list holds, counted from the oldest block that a cursor still needs:
    /// what the slowest cursor costs, within one block.
    ///
    /// A number that grows tells of a cursor that is neither read nor dropped.
    pub fn retained(&self) -> usize {
        self.list.retained()
    }

    /// True if both push into the same list.
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }
}

/// The reason why a claim that may allocate was refused.
#[cold]
fn refused<T>(list: &List<T>, kind: Option<PushErrorKind>) -> PushErrorKind {
    list.reclaim_deferred();
    kind.expect("a claim that may allocate finds room")
}

impl<T> Clone for Pusher<T> {
    /// One more pusher of the same list.
    ///
    /// # Panics
    /// As [`downgrade`](Self::downgrade).
    fn clone(&self) -> Self {
        self.list.handles.add_pusher();
        Self { list: self.list.clone() }
    }
}

impl<T> Drop for Pusher<T> {
    fn drop(&mut self) {
        if self.list.handles.remove_pusher() {
            self.list.stop();
        }
    }
}

/// Pushes all the items, by the fast path if this is the only pusher.
///
/// `Extend` has no way to fail: once the list refuses one, it and the rest of the iterator are
/// dropped. [`Pusher::push_all`] gives them back.
impl<T> Extend<T> for Pusher<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        let refused = match self.unique() {
            Some(mut sole) => sole.push_all(items).err(),
            None => self.push_all(items).err(),
        };
        drop(refused);
    }
}

impl<T> fmt::Debug for Pusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher")
            .field("is_stopped", &self.is_stopped())
            .field("cursors", &self.cursor_count())
            .finish_non_exhaustive()
    }
}
