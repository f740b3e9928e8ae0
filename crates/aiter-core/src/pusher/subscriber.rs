//! `Subscriber`, a handle that makes cursors and keeps neither items nor the list's life.

use core::fmt;

use crate::{cursor::Cursor, list::List, pusher::Pusher, sync::Arc};

/// A handle that makes cursors, for a reader that is not ready to read yet. See
/// [`Pusher::subscriber`].
///
/// It holds no items, is not counted as a cursor, and does not keep the list from ending. It is a
/// weak handle, so [`Pusher::unique`] returns `None` while it exists.
#[doc(alias = "InactiveReceiver")]
#[doc(alias = "WeakCursor")]
#[must_use = "a subscriber does nothing unless it subscribes"]
pub struct Subscriber<T> {
    list: Arc<List<T>>,
}

impl<T> Subscriber<T> {
    /// Makes a cursor that receives the items that are pushed from now on, as
    /// [`Pusher::subscribe`] does.
    ///
    /// If the list had no cursor, it accepts items again. If the list was stopped, the cursor is at
    /// its end. Takes constant time at any backlog. Lock-free.
    ///
    /// # Panics
    /// Panics as [`Pusher::subscribe`] does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let subscriber = pusher.subscriber();
    /// drop(cursor);
    /// assert!(pusher.push("refused").is_err());
    /// let mut cursor = subscriber.subscribe();
    /// pusher.push("item")?;
    /// assert_eq!(cursor.try_next(), Ok("item"));
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "activate")]
    #[doc(alias = "resubscribe")]
    pub fn subscribe(&self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        Cursor::at_tail(&self.list)
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<u32>();
    /// let subscriber = pusher.subscriber();
    /// drop(pusher);
    /// assert!(subscriber.is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }
}

impl<T> Clone for Subscriber<T> {
    /// Makes another subscriber of the same list. Wait-free.
    ///
    /// # Panics
    /// Panics as [`Pusher::subscriber`] does.
    fn clone(&self) -> Self {
        self.list.handles.add_weak();
        Self { list: self.list.clone() }
    }
}

impl<T> Drop for Subscriber<T> {
    fn drop(&mut self) {
        self.list.handles.remove_weak();
    }
}

impl<T> fmt::Debug for Subscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("is_stopped", &self.is_stopped())
            .field("cursors", &self.list.cursor_count())
            .finish_non_exhaustive()
    }
}

impl<T> Pusher<T> {
    /// Makes a handle that makes cursors later, and that holds nothing until then. Wait-free.
    ///
    /// Unlike a clone of the pusher, it does not keep the list from ending. A cursor that is not
    /// read would keep its items instead.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/subscriber.svg"))]
    ///
    /// # Panics
    /// Panics as [`downgrade`](Self::downgrade) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// let subscriber = pusher.subscriber();
    /// pusher.push(1)?;
    /// let mut late = subscriber.subscribe();
    /// pusher.push(2)?;
    /// drop(pusher);
    /// assert_eq!(late.try_next(), Ok(2));
    /// assert!(late.is_drained() && cursor.len() == 2);
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[doc(alias = "InactiveReceiver")]
    #[doc(alias = "deactivate")]
    pub fn subscriber(&self) -> Subscriber<T> {
        self.list.handles.add_weak();
        Subscriber { list: self.list.clone() }
    }
}
