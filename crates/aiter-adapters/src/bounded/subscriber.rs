//! `BoundedSubscriber`, the dormant form of a cursor.

use core::fmt;

use crate::{
    bounded::{cursor::BoundedCursor, list::BoundedList, pusher::BoundedPusher},
    sync::Arc,
};

/// A handle that can subscribe to a bounded list and holds no position meanwhile; made by
/// [`BoundedCursor::subscriber`] and [`BoundedPusher::subscriber`].
///
/// No push waits for it. It keeps the list neither open nor accepting items.
#[doc(alias = "InactiveReceiver")]
#[must_use = "a subscriber receives nothing until it subscribes"]
pub struct BoundedSubscriber<T> {
    list: Arc<BoundedList<T>>,
}

impl<T> BoundedSubscriber<T> {
    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Returns `None` if the list has no pusher left. Otherwise does the same as
    /// [`BoundedPusher::subscribe`](crate::BoundedPusher::subscribe).
    ///
    /// # Panics
    /// Panics as [`BoundedPusher::subscribe`](crate::BoundedPusher::subscribe) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(1);
    /// let subscriber = cursor.subscriber();
    /// drop(cursor);
    /// let mut late = subscriber.subscribe().expect("the list has a pusher");
    /// pusher.try_push("item")?;
    /// assert_eq!(late.try_next(), Ok("item"));
    /// drop(pusher);
    /// assert!(subscriber.subscribe().is_none());
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    pub fn subscribe(&self) -> Option<BoundedCursor<T>>
    where
        T: Clone + Sync,
    {
        let has_pusher = self.list.pusher.pusher_count() > 0;
        has_pusher.then(|| BoundedCursor::subscribe(&self.list))
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded::<u32>(1);
    /// let subscriber = cursor.subscriber();
    /// drop(pusher);
    /// assert!(subscriber.is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.list.pusher.is_stopped()
    }
}

impl<T> BoundedCursor<T> {
    /// Makes a handle that can subscribe later. It holds no position, so no push waits for it.
    /// Wait-free.
    ///
    /// # Examples
    /// See [`BoundedSubscriber::subscribe`].
    #[doc(alias = "InactiveReceiver")]
    #[doc(alias = "deactivate")]
    pub fn subscriber(&self) -> BoundedSubscriber<T> {
        BoundedSubscriber { list: self.place.list.clone() }
    }
}

impl<T> BoundedPusher<T> {
    /// Makes a handle that can subscribe later, as [`BoundedCursor::subscriber`] does. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(1);
    /// let subscriber = pusher.subscriber();
    /// drop(cursor);
    /// let mut late = subscriber.subscribe().expect("the list has a pusher");
    /// pusher.try_push("item")?;
    /// assert_eq!(late.try_next(), Ok("item"));
    /// # Ok::<(), aiter_core::TryPushError<&str>>(())
    /// ```
    #[doc(alias = "InactiveReceiver")]
    pub fn subscriber(&self) -> BoundedSubscriber<T> {
        BoundedSubscriber { list: self.list.clone() }
    }
}

impl<T> Clone for BoundedSubscriber<T> {
    fn clone(&self) -> Self {
        Self { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for BoundedSubscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSubscriber").finish_non_exhaustive()
    }
}
