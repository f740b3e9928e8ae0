//! Methods of cursors that concern the whole list: its end, its handles and its identity.

use crate::{
    cursor::{Cursor, shared::SharedCursor},
    sync::Arc,
};

impl<T> Cursor<T> {
    /// Ends the list: later pushes get their items back.
    ///
    /// Every cursor still receives the items that were pushed before, then the end. Every waiting
    /// task is woken. A second call has no effect. Does the same as
    /// [`Pusher::stop`](crate::Pusher::stop), except beside a
    /// [`UniquePusher`](crate::UniquePusher). Lock-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/close.svg"))]
    ///
    /// # Unique pushers
    /// If the only pusher has ever lent a [`UniquePusher`](crate::UniquePusher), only that pusher
    /// knows where the list ends. Its pushes are refused from now on, but the cursors receive the
    /// end only at its next push, at its next [`unique`](crate::Pusher::unique), or when it is
    /// dropped. [`Pusher::closed`](crate::Pusher::closed) wakes its task, so that it can drop the
    /// pusher.
    ///
    /// # Panics
    /// Panics if a waker panics. The list is closed, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{PushError, TryNextError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1)?;
    /// cursor.close();
    /// assert_eq!(pusher.push(2), Err(PushError::Stopped(2)));
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    /// # Ok::<(), PushError<i32>>(())
    /// ```
    #[doc(alias = "stop")]
    pub fn close(&self) {
        self.list.close();
    }

    /// Returns the number of pushers of the list, without weak ones. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let _other = pusher.clone();
    /// assert_eq!(cursor.pusher_count(), 2);
    /// ```
    #[doc(alias = "sender_count")]
    #[doc(alias = "sender_strong_count")]
    pub fn pusher_count(&self) -> usize {
        self.list.handles.pushers()
    }

    /// Returns the number of cursors of the list. A shared cursor counts once. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (_pusher, cursor) = push_list::<u32>();
    /// let fork = cursor.fork();
    /// assert_eq!(fork.cursor_count(), 2);
    /// ```
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.list.cursor_count()
    }

    /// Returns `true` if both cursors read the same list. Wait-free.
    ///
    /// [`Pusher::feeds`](crate::Pusher::feeds) compares a pusher and a cursor.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (_pusher, cursor) = push_list::<u32>();
    /// let (_other_pusher, other) = push_list();
    /// assert!(cursor.same_list(&cursor.fork()) && !cursor.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }
}

impl<T> SharedCursor<T> {
    /// Ends the list as [`Cursor::close`] does: later pushes get their items back.
    ///
    /// # Panics
    /// Panics if a waker panics. The list is closed, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{PushError, push_list};
    ///
    /// let (pusher, cursor) = push_list();
    /// let mut taker = cursor.share();
    /// pusher.push(1)?;
    /// taker.close();
    /// assert_eq!(pusher.push(2), Err(PushError::Stopped(2)));
    /// assert_eq!(taker.try_next(), Ok(1));
    /// assert!(taker.is_drained());
    /// # Ok::<(), PushError<i32>>(())
    /// ```
    #[doc(alias = "stop")]
    pub fn close(&self) {
        self.shared.list.close();
    }
    /// Returns the number of pushers of the list, without weak ones. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let taker = cursor.share();
    /// let _other = pusher.clone();
    /// assert_eq!(taker.pusher_count(), 2);
    /// ```
    #[doc(alias = "sender_count")]
    pub fn pusher_count(&self) -> usize {
        self.shared.list.handles.pushers()
    }

    /// Returns `true` if both takers take from the same list, at any two positions. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (_pusher, cursor) = push_list::<u32>();
    /// let other = cursor.fork().share();
    /// assert!(cursor.share().same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared.list, &other.shared.list)
    }
}
