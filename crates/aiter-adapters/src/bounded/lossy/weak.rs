//! `WeakLossyPusher`, a handle that does not keep a list from ending.

use core::fmt;

use crate::{
    bounded::lossy::{list::LossyList, pusher::LossyPusher},
    sync::Arc,
};

/// A handle that does not keep its list from ending; made by [`LossyPusher::downgrade`].
///
/// # Examples
/// See [`upgrade`](Self::upgrade).
pub struct WeakLossyPusher<T> {
    pub(super) list: Arc<LossyList<T>>,
}

impl<T> WeakLossyPusher<T> {
    /// Makes a pusher if the list still has one. Lock-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_adapters::{LossyPolicy, bounded_lossy};
    ///
    /// let (pusher, cursor) = bounded_lossy(1, LossyPolicy::DropOldest);
    /// let weak = pusher.downgrade();
    /// weak.upgrade().expect("the list has a pusher").push(1)?;
    /// drop(pusher);
    /// assert!(weak.upgrade().is_none() && cursor.is_stopped());
    /// # Ok::<(), aiter_core::TryPushError<i32>>(())
    /// ```
    pub fn upgrade(&self) -> Option<LossyPusher<T>> {
        let core = self.list.core.upgrade()?;
        Some(LossyPusher { list: self.list.clone(), core })
    }
}

impl<T> LossyPusher<T> {
    /// Makes a weak handle, which does not keep the list from ending. Wait-free.
    ///
    /// # Examples
    /// See [`WeakLossyPusher::upgrade`].
    pub fn downgrade(&self) -> WeakLossyPusher<T> {
        WeakLossyPusher { list: self.list.clone() }
    }
}

impl<T> Clone for WeakLossyPusher<T> {
    /// Makes another weak handle of the same list. Wait-free.
    fn clone(&self) -> Self {
        Self { list: self.list.clone() }
    }
}

impl<T> fmt::Debug for WeakLossyPusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakLossyPusher").finish_non_exhaustive()
    }
}
