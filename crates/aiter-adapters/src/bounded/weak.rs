//! `WeakBoundedPusher`, a handle that does not keep a list from ending.

use core::fmt;

use crate::{
    bounded::{list::BoundedList, pusher::BoundedPusher},
    sync::Arc,
};

/// A handle that does not keep its list from ending; made by
/// [`BoundedPusher::downgrade`].
///
/// # Examples
/// See [`upgrade`](Self::upgrade).
pub struct WeakBoundedPusher<T> {
    pub(super) list: Arc<BoundedList<T>>,
}

impl<T> WeakBoundedPusher<T> {
    /// Makes a pusher if the list still has one. Lock-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::bounded;
    ///
    /// let (pusher, cursor) = bounded(1);
    /// let weak = pusher.downgrade();
    /// weak.upgrade().expect("the list has a pusher").try_push(1)?;
    /// drop(pusher);
    /// assert!(weak.upgrade().is_none() && cursor.is_stopped());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn upgrade(&self) -> Option<BoundedPusher<T>> {
        let core = self.list.pusher.upgrade()?;
        Some(BoundedPusher { list: self.list.clone(), core })
    }
}

impl<T> BoundedPusher<T> {
    /// Makes a weak handle, which does not keep the list from ending. Wait-free.
    ///
    /// # Examples
    /// See [`WeakBoundedPusher::upgrade`].
    pub fn downgrade(&self) -> WeakBoundedPusher<T> {
        WeakBoundedPusher { list: self.list.clone() }
    }
}

impl<T> Clone for WeakBoundedPusher<T> {
    /// Makes another weak handle of the same list. Wait-free.
    fn clone(&self) -> Self {
        Self { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for WeakBoundedPusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakBoundedPusher").finish_non_exhaustive()
    }
}
