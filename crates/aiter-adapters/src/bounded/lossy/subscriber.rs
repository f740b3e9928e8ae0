//! `LossySubscriber`, the dormant form of a lossy cursor.

use core::fmt;

use crate::{
    bounded::lossy::{cursor::LossyCursor, list::LossyList, pusher::LossyPusher},
    sync::Arc,
};

/// A handle that can subscribe to a lossy list and holds no position meanwhile; made by
/// [`LossyCursor::subscriber`] and [`LossyPusher::subscriber`].
///
/// Unlike a cursor that is not read, it is never cut, and no item is kept for it. It keeps the list
/// neither open nor accepting items.
///
/// # Examples
/// See [`subscribe`](Self::subscribe).
#[doc(alias = "InactiveReceiver")]
#[must_use = "a subscriber receives nothing until it subscribes"]
pub struct LossySubscriber<T> {
    list: Arc<LossyList<T>>,
}

impl<T> LossySubscriber<T> {
    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Returns `None` if the list has no pusher left. Otherwise does the same as
    /// [`LossyPusher::subscribe`](crate::LossyPusher::subscribe).
    ///
    /// # Panics
    /// Panics as [`LossyPusher::subscribe`](crate::LossyPusher::subscribe) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// let subscriber = cursor.subscriber();
    /// drop(cursor);
    /// let mut late = subscriber.subscribe().expect("the list has a pusher");
    /// pusher.push("item")?;
    /// assert_eq!(late.try_next(), Ok("item"));
    /// drop(pusher);
    /// assert!(subscriber.subscribe().is_none());
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "activate")]
    #[doc(alias = "resubscribe")]
    pub fn subscribe(&self) -> Option<LossyCursor<T>>
    where
        T: Clone + Sync,
    {
        let has_pusher = self.list.core.pusher_count() > 0;
        has_pusher.then(|| LossyCursor::subscribe(&self.list))
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy::<u32>(1, LossyPolicy::DropOldest);
    /// let subscriber = cursor.subscriber();
    /// drop(pusher);
    /// assert!(subscriber.is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.list.core.is_stopped()
    }
}

impl<T> LossyCursor<T> {
    /// Makes a handle that can subscribe later, and that holds no position. Wait-free.
    ///
    /// # Examples
    /// See [`LossySubscriber::subscribe`].
    #[doc(alias = "InactiveReceiver")]
    #[doc(alias = "deactivate")]
    pub fn subscriber(&self) -> LossySubscriber<T> {
        LossySubscriber { list: self.list.clone() }
    }
}

impl<T> LossyPusher<T> {
    /// Makes a handle that can subscribe later, as [`LossyCursor::subscriber`] does. Wait-free.
    ///
    /// # Examples
    /// See [`LossySubscriber::subscribe`].
    #[doc(alias = "InactiveReceiver")]
    pub fn subscriber(&self) -> LossySubscriber<T> {
        LossySubscriber { list: self.list.clone() }
    }
}

impl<T> Clone for LossySubscriber<T> {
    /// Makes another subscriber of the same list. Wait-free.
    fn clone(&self) -> Self {
        Self { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for LossySubscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LossySubscriber")
            .field("is_stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}
