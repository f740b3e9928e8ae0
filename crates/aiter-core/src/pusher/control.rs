//! Methods of `Pusher` that manage the list: room, the stop, subscription and counts.

use crate::{cursor::Cursor, pusher::Pusher, sync::Arc};

impl<T> Pusher<T> {
    /// Makes room for `additional` items, so that as many calls of [`try_push`](Self::try_push)
    /// succeed.
    ///
    /// All pushers of the list use this room. From now on, the list keeps as many read blocks for
    /// producers as the largest `reserve` needs. Lock-free, except that it allocates.
    ///
    /// A block that is read while another thread is inside `subscribe`, `reserve`, `retained` or a
    /// push may be used again only after that call.
    ///
    /// # Panics
    /// Panics with "capacity overflow" if the blocks would take more than `isize::MAX` bytes in
    /// all. Nothing is allocated then. The limit also holds for items without a size, because each
    /// block has a header.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryPushError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.reserve(100);
    /// for n in 0..100 {
    ///     pusher.try_push(n)?;
    /// }
    /// assert_eq!(cursor.try_next_many(&mut Vec::new(), 100), 100);
    /// // Each block that is read makes room for new items.
    /// for n in 0..1000 {
    ///     pusher.try_push(n)?;
    ///     assert_eq!(cursor.try_next(), Ok(n));
    /// }
    /// # Ok::<(), TryPushError<i32>>(())
    /// ```
    #[track_caller]
    pub fn reserve(&self, additional: usize) {
        self.list.reserve(additional);
    }

    /// Stops the list in one atomic step and wakes every waiting task.
    ///
    /// Every cursor still receives the items that were pushed before. Later pushes are refused. A
    /// second call has no effect. Lock-free; neither allocates nor frees memory.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/stop.svg"))]
    ///
    /// # Panics
    /// Panics if a waker panics. The list is stopped, and all other tasks are woken.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::{TryNextError, push_list};
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1).unwrap();
    /// pusher.stop();
    /// assert!(cursor.is_stopped() && !cursor.is_drained());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    /// ```
    #[doc(alias = "close")]
    pub fn stop(&self) {
        self.list.stop();
    }

    /// Returns `true` if the list was stopped. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<u32>();
    /// assert!(!pusher.is_stopped());
    /// pusher.stop();
    /// assert!(pusher.is_stopped());
    /// ```
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }

    /// Makes a cursor that receives the items that are pushed from now on.
    ///
    /// Takes constant time at any backlog. If the list had no cursor, it accepts items again.
    /// Lock-free.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/subscribe.svg"))]
    ///
    /// # Panics
    /// Panics if the last block has [too many](Cursor::fork) cursors. The list is then unchanged.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push("early")?;
    /// drop(cursor);
    /// assert!(pusher.push("refused").is_err());
    /// let mut late = pusher.subscribe();
    /// pusher.push("late")?;
    /// assert_eq!(late.try_next(), Ok("late"));
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "tail")]
    pub fn subscribe(&self) -> Cursor<T>
    where
        T: Clone + Sync,
    {
        Cursor::at_tail(&self.list)
    }

    /// Returns the number of pushers of the list, without weak ones. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<u32>();
    /// let other = pusher.clone();
    /// assert_eq!(other.pusher_count(), 2);
    /// ```
    #[doc(alias = "sender_count")]
    #[doc(alias = "strong_count")]
    pub fn pusher_count(&self) -> usize {
        self.list.handles.pushers()
    }

    /// Returns the number of cursors of the list. A shared cursor counts once. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let fork = cursor.fork();
    /// assert_eq!(pusher.cursor_count(), 2);
    /// drop((cursor, fork));
    /// assert_eq!(pusher.cursor_count(), 0);
    /// ```
    #[doc(alias = "receiver_count")]
    pub fn cursor_count(&self) -> usize {
        self.list.cursor_count()
    }

    /// Returns the number of items from the oldest block that a cursor still needs up to the last
    /// push.
    ///
    /// This is the backlog of the slowest cursor, rounded up to a block. If it grows without end, a
    /// cursor is neither read nor dropped. Lock-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, slow) = push_list();
    /// pusher.push_all(0..1000)?;
    /// assert_eq!(pusher.retained(), 1000);
    /// drop(slow);
    /// assert!(pusher.retained() < 100);
    /// # Ok::<(), aiter_core::PushAllError<std::ops::Range<i32>>>(())
    /// ```
    pub fn retained(&self) -> usize {
        self.list.retained()
    }

    /// Returns `true` if both pushers push into the same list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, _cursor) = push_list::<u32>();
    /// let (other, _other_cursor) = push_list();
    /// assert!(pusher.same_list(&pusher.clone()) && !pusher.same_list(&other));
    /// ```
    #[doc(alias = "same_channel")]
    pub fn same_list(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.list, &other.list)
    }

    /// Returns `true` if the cursor reads the list of this pusher. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list::<u32>();
    /// let (other, _other_cursor) = push_list();
    /// assert!(pusher.feeds(&cursor) && !other.feeds(&cursor));
    /// ```
    #[doc(alias = "same_list")]
    pub fn feeds(&self, cursor: &Cursor<T>) -> bool {
        Arc::ptr_eq(&self.list, &cursor.list)
    }
}
