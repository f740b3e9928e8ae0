//! `InspectedPusher`, a pusher whose list a registry knows by name.

use alloc::sync::Arc;
use core::{fmt, ops::Deref, sync::atomic::Ordering};

use aiter_adapters::{BoundedPusher, LossyPushAllError, LossyPusher, WeighedPusher};
use aiter_core::{PushAllError, PushError, Pusher, TryPushError};
use aiter_executor_compat::PushBlocking;

use crate::inspect::{list::List, nest};

/// A pusher whose list a [`Registry`](crate::inspect::Registry) knows by name.
///
/// It has all methods of the pusher. The methods below replace those of the same name, and count
/// refused items. The others, such as `closed` and `reserve`, are those of the pusher. So an item
/// that is pushed through a permit or a sink counts as pushed, and is not counted if it is refused.
///
/// Each counted push reads the clock, for the age of the oldest item.
///
/// # Panics
/// Panics as the methods of the pusher do.
///
/// # Examples
/// ```
/// use aiter::{inspect::Registry, push_list};
///
/// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
/// let pusher = registry.list("jobs", pusher);
/// pusher.push(1)?;
/// drop(cursor);
/// assert!(pusher.push(2).is_err());
/// let row = &registry.snapshot().lists[0];
/// assert_eq!((row.pushed, row.refused, row.cursors), (1, 1, 0));
/// # Ok::<(), aiter::PushError<i32>>(())
/// ```
///
/// A bounded list refuses an item if it is full:
/// ```
/// use aiter::{bounded, inspect::Registry};
///
/// let (registry, (pusher, _cursor)) = (Registry::new(), bounded(2));
/// let pusher = registry.list("jobs", pusher);
/// pusher.push_blocking(1)?;
/// assert!(pusher.try_push(2).is_ok());
/// assert!(pusher.try_push(3).is_err());
/// let row = &registry.snapshot().lists[0];
/// assert_eq!((row.pushed, row.refused), (2, 1));
/// let pusher = pusher.into_inner(); // counts no more
/// assert!(pusher.try_push(4).is_err());
/// # Ok::<(), aiter::PushError<i32>>(())
/// ```
pub struct InspectedPusher<P> {
    pusher: P,
    list: Arc<List>,
}

impl<P> InspectedPusher<P> {
    pub(super) fn new(pusher: P, list: Arc<List>) -> Self {
        Self { pusher, list }
    }

    /// Returns the pusher, which no longer counts.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn into_inner(self) -> P {
        self.pusher
    }

    /// Counts a push.
    fn count<R, E>(&self, pushed: Result<R, E>) -> Result<R, E> {
        let row = &self.list.row;
        if let Some(source) = nest::current() {
            row.sources.add(source);
        }
        match pushed {
            Ok(_) => self.list.sample(),
            // Relaxed: only a number.
            Err(_) => _ = row.refused.fetch_add(1, Ordering::Relaxed),
        }
        pushed
    }
}

impl<T> InspectedPusher<Pusher<T>> {
    /// Does the same as [`Pusher::push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`PushError`] as [`Pusher::push`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        self.count(self.pusher.push(item))
    }

    /// Does the same as [`Pusher::try_push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`TryPushError`] as [`Pusher::try_push`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        self.count(self.pusher.try_push(item))
    }

    /// Does the same as [`Pusher::push_all`], and counts a refusal once.
    ///
    /// # Errors
    /// Returns [`PushAllError`] as [`Pusher::push_all`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn push_all<I>(&self, items: I) -> Result<usize, PushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        self.count(self.pusher.push_all(items))
    }
}

impl<T> InspectedPusher<BoundedPusher<T>> {
    /// Does the same as [`BoundedPusher::push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`PushError`] as [`BoundedPusher::push`] does.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`BoundedPusher::push`] is: if the future is dropped, the item is dropped
    /// with it.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub async fn push(&self, item: T) -> Result<(), PushError<T>> {
        self.count(self.pusher.push(item).await)
    }

    /// Does the same as [`BoundedPusher::try_push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`TryPushError`] as [`BoundedPusher::try_push`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        self.count(self.pusher.try_push(item))
    }

    /// Does the same as [`PushBlocking::push_blocking`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`PushError`] as [`PushBlocking::push_blocking`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn push_blocking(&self, item: T) -> Result<(), PushError<T>> {
        self.count(self.pusher.push_blocking(item))
    }
}

impl<T, W: Fn(&T) -> usize> InspectedPusher<WeighedPusher<T, W>> {
    /// Does the same as [`WeighedPusher::push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`PushError`] as [`WeighedPusher::push`] does.
    ///
    /// # Cancel safety
    /// Cancel safe, as [`WeighedPusher::push`] is.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub async fn push(&self, item: T) -> Result<(), PushError<T>> {
        self.count(self.pusher.push(item).await)
    }

    /// Does the same as [`WeighedPusher::try_push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`TryPushError`] as [`WeighedPusher::try_push`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        self.count(self.pusher.try_push(item))
    }

    /// Does the same as [`PushBlocking::push_blocking`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`PushError`] as [`PushBlocking::push_blocking`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn push_blocking(&self, item: T) -> Result<(), PushError<T>> {
        self.count(self.pusher.push_blocking(item))
    }
}

impl<T> InspectedPusher<LossyPusher<T>> {
    /// Does the same as [`LossyPusher::push`], and counts the item if it is refused.
    ///
    /// # Errors
    /// Returns [`TryPushError`] as [`LossyPusher::push`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn push(&self, item: T) -> Result<(), TryPushError<T>> {
        self.count(self.pusher.push(item))
    }

    /// Does the same as [`LossyPusher::push_all`], and counts a refusal once.
    ///
    /// # Errors
    /// Returns [`LossyPushAllError`] as [`LossyPusher::push_all`] does.
    ///
    /// See the [examples](InspectedPusher#examples).
    pub fn push_all<I>(&self, items: I) -> Result<usize, LossyPushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        self.count(self.pusher.push_all(items))
    }
}

impl<P> Deref for InspectedPusher<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.pusher
    }
}

impl<P: Clone> Clone for InspectedPusher<P> {
    /// Makes another pusher of the same list, which counts in the same row.
    fn clone(&self) -> Self {
        Self { pusher: self.pusher.clone(), list: self.list.clone() }
    }
}

impl<P> fmt::Debug for InspectedPusher<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectedPusher").field("name", &self.list.row.name).finish_non_exhaustive()
    }
}
