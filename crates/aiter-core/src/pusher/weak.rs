//! Pushers that do not keep a list from ending.

use core::fmt;

use crate::{list::List, pusher::Pusher, sync::Arc};

/// A pusher that does not keep its list from ending. See [`Pusher::downgrade`].
pub struct WeakPusher<T> {
    list: Arc<List<T>>,
}

impl<T> WeakPusher<T> {
    /// A pusher, if there is one left. `None` also if there are 2³¹ of them, or 32,768 on 32-bit targets.
    pub fn upgrade(&self) -> Option<Pusher<T>> {
        self.list.handles.try_add_pusher().then(|| Pusher { list: self.list.clone() })
    }
}

impl<T> Clone for WeakPusher<T> {
    /// One more such handle to the same list.
    ///
    /// # Panics
    /// As [`Pusher::downgrade`].
    fn clone(&self) -> Self {
        self.list.handles.add_weak();
        Self { list: self.list.clone() }
    }
}

impl<T> Drop for WeakPusher<T> {
    fn drop(&mut self) {
        self.list.handles.remove_weak();
    }
}

impl<T> fmt::Debug for WeakPusher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakPusher")
            .field("is_stopped", &self.list.tail().is_stopped())
            .finish_non_exhaustive()
    }
}

impl<T> Pusher<T> {
    /// A handle that does not keep the list from ending.
    ///
    /// # Panics
    /// If the list has 2³¹ pushers or 2³¹ weak ones; 32,768 on 32-bit targets.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let weak = pusher.downgrade();
    /// weak.upgrade().expect("a pusher is left").push(1).unwrap();
    /// drop(pusher);
    /// assert!(weak.upgrade().is_none() && cursor.is_stopped());
    /// ```
    pub fn downgrade(&self) -> WeakPusher<T> {
        self.list.handles.add_weak();
        WeakPusher { list: self.list.clone() }
    }
}
