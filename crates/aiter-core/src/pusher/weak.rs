//! `WeakPusher`, a handle that does not keep a list from ending.

use core::fmt;

use crate::{list::List, pusher::Pusher, sync::Arc};

/// A handle that does not keep its list from ending. See [`Pusher::downgrade`].
#[doc(alias = "WeakSender")]
pub struct WeakPusher<T> {
    pub(super) list: Arc<List<T>>,
}

impl<T> WeakPusher<T> {
    /// Makes a pusher if the list still has one.
    ///
    /// Also returns `None` if the list has 2³¹ pushers, or 32,768 on 32-bit targets. Lock-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// let weak = pusher.downgrade();
    /// weak.upgrade().expect("the list has a pusher").push(1)?;
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// drop(pusher);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn upgrade(&self) -> Option<Pusher<T>> {
        self.list.handles.try_add_pusher().then(|| Pusher { list: self.list.clone() })
    }

    /// Returns the number of pushers of the list, without weak ones. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<u32>();
    /// let weak = pusher.downgrade();
    /// assert_eq!(weak.pusher_count(), 1);
    /// drop(pusher);
    /// assert_eq!(weak.pusher_count(), 0);
    /// ```
    #[doc(alias = "sender_count")]
    #[doc(alias = "strong_count")]
    pub fn pusher_count(&self) -> usize {
        self.list.handles.pushers()
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<u32>();
    /// let weak = pusher.downgrade();
    /// drop(pusher);
    /// assert!(weak.is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }
}

impl<T> Clone for WeakPusher<T> {
    /// Makes another weak handle of the same list. Wait-free.
    ///
    /// # Panics
    /// Panics as [`Pusher::downgrade`] does.
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
        f.debug_struct("WeakPusher").field("is_stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl<T> Pusher<T> {
    /// Makes a weak handle, which does not keep the list from ending. Wait-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/downgrade.svg"))]
    ///
    /// # Panics
    /// Panics if the list has 2³¹ pushers or 2²⁹ weak handles, or 32,768 pushers or 8192 weak
    /// handles on 32-bit targets. A [`Subscriber`](crate::Subscriber) is a weak handle, too.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let weak = pusher.downgrade();
    /// drop(pusher);
    /// assert!(weak.upgrade().is_none() && cursor.is_stopped());
    /// ```
    pub fn downgrade(&self) -> WeakPusher<T> {
        self.list.handles.add_weak();
        WeakPusher { list: self.list.clone() }
    }
}
