//! Permits: places of a bounded list that are reserved for one producer.

use core::{fmt, mem};

use aiter_core::PushError;

use crate::bounded::pusher::BoundedPusher;

/// A place in a bounded list; made by [`reserve`](BoundedPusher::reserve) and
/// [`try_reserve`](BoundedPusher::try_reserve).
///
/// Dropping it returns the place and wakes the producer that waits for it. A permit that is
/// forgotten with [`mem::forget`] is lost to the list.
///
/// # Examples
/// See [`push`](Self::push).
#[must_use = "a permit that is dropped returns its place"]
pub struct Permit<'a, T> {
    pusher: &'a BoundedPusher<T>,
}

impl<'a, T> Permit<'a, T> {
    /// Makes a permit for a place that is admitted.
    pub(super) fn new(pusher: &'a BoundedPusher<T>) -> Self {
        Self { pusher }
    }

    /// Appends an item at once. Lock-free, except for what wakers do.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor.
    ///
    /// # Panics
    /// Panics if the waker of a waiting task panics.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// let permit = pusher.try_reserve()?;
    /// assert!(pusher.try_push("no room").unwrap_err().is_full());
    /// permit.push("item").unwrap();
    /// assert_eq!(cursor.try_next(), Ok("item"));
    /// # Ok::<(), aiter_adapters::TryReserveError>(())
    /// ```
    #[doc(alias = "send")]
    pub fn push(self, item: T) -> Result<(), PushError<T>> {
        let pusher = self.pusher;
        // The place belongs to the item from here on.
        mem::forget(self);
        pusher.push_admitted(item)
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.pusher.list.gate.release(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// Several places in a bounded list, as an iterator over permits; made by
/// [`reserve_many`](BoundedPusher::reserve_many).
///
/// Dropping it returns the places that are left.
///
/// # Examples
/// ```
/// use aiter_adapters::{Permits, bounded};
/// use futures_util::FutureExt;
///
/// let (pusher, mut cursor) = bounded(4);
/// let reserved = pusher.reserve_many(3).now_or_never().expect("the list has room");
/// let permits: Permits<_> = reserved.unwrap();
/// for (item, permit) in ["a", "b"].into_iter().zip(permits) {
///     permit.push(item).expect("the list has a cursor");
/// }
/// assert_eq!(pusher.capacity(), 2); // the third place was returned
/// assert_eq!((cursor.try_next(), cursor.try_next()), (Ok("a"), Ok("b")));
/// ```
#[must_use = "permits that are dropped return their places"]
pub struct Permits<'a, T> {
    pusher: &'a BoundedPusher<T>,
    left: usize,
}

impl<'a, T> Permits<'a, T> {
    /// Makes permits for `left` places that are admitted.
    pub(super) fn new(pusher: &'a BoundedPusher<T>, left: usize) -> Self {
        Self { pusher, left }
    }
}

impl<'a, T> Iterator for Permits<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit::new(self.pusher))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for Permits<'_, T> {}

impl<T> Drop for Permits<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.pusher.list.gate.release(self.left);
        }
    }
}

impl<T> fmt::Debug for Permits<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("left", &self.left).finish_non_exhaustive()
    }
}

/// A [`Permit`] that owns its pusher; made by [`reserve_owned`](BoundedPusher::reserve_owned).
///
/// It can outlive every other handle of the list. The list does not end while it lives.
///
/// # Examples
/// See [`push`](Self::push).
#[must_use = "a permit that is dropped returns its place"]
pub struct OwnedPermit<T> {
    /// `None` once the place was used.
    pusher: Option<BoundedPusher<T>>,
}

impl<T> OwnedPermit<T> {
    /// Makes a permit for a place that is admitted.
    pub(super) fn new(pusher: BoundedPusher<T>) -> Self {
        Self { pusher: Some(pusher) }
    }

    /// Appends an item at once and drops the pusher.
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor.
    ///
    /// # Panics
    /// Panics if the waker of a waiting task panics.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    /// use futures_util::FutureExt;
    ///
    /// let (pusher, mut cursor) = bounded(1);
    /// let permit = pusher.reserve_owned().now_or_never().expect("the list has room").unwrap();
    /// permit.push("item").unwrap();
    /// assert_eq!(cursor.try_next(), Ok("item"));
    /// assert!(cursor.is_stopped()); // the permit owned the last pusher
    /// ```
    #[doc(alias = "send")]
    pub fn push(mut self, item: T) -> Result<(), PushError<T>> {
        let pusher = self.pusher.take().expect("only `push` takes the pusher");
        pusher.push_admitted(item)
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(pusher) = &self.pusher {
            pusher.list.gate.release(1);
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").finish_non_exhaustive()
    }
}
