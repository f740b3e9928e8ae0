//! Queries about the unread items of a cursor, and an iterator that borrows them.

use core::fmt;

use crate::{cursor::Cursor, list::ready_slots::ReadySlots};

impl<T> Cursor<T> {
    /// Returns an iterator that borrows the ready items in order, without taking them.
    ///
    /// The iterator is wait-free and ends at the first item that is not ready.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/available_iter.svg"))]
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push_all([5, 4, 3])?;
    /// assert!(cursor.available_iter().eq(&[5, 4, 3]));
    /// assert_eq!(cursor.len(), 3);
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 3>>>(())
    /// ```
    pub fn available_iter(&self) -> AvailableIter<'_, T> {
        AvailableIter { slots: self.raw.ready_slots(), cursor: self }
    }

    /// Returns `true` if the next item can be taken now.
    ///
    /// After a push on the same thread it returns `true`, unless an earlier item belongs to a push
    /// that is not finished. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// assert!(!cursor.is_item_available());
    /// pusher.push(1)?;
    /// assert!(cursor.is_item_available());
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn is_item_available(&self) -> bool {
        self.raw.has_ready()
    }

    /// Returns `true` if [`len`](Self::len) is at least `n`. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push_all([1, 2])?;
    /// assert!(cursor.is_len_at_least(2) && !cursor.is_len_at_least(3));
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 2>>>(())
    /// ```
    pub fn is_len_at_least(&self, n: usize) -> bool {
        self.len() >= n
    }

    /// Returns the number of items that were pushed and that this cursor has not read.
    ///
    /// An item counts as soon as its push has claimed a slot, also if the push is not finished.
    /// Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push_all([1, 2, 3])?;
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert_eq!(cursor.len(), 2);
    /// # Ok::<(), aiter_core::PushAllError<std::array::IntoIter<i32, 3>>>(())
    /// ```
    #[doc(alias = "lag")]
    pub fn len(&self) -> usize {
        self.raw.distance(&self.list)
    }

    /// Returns `true` if [`len`](Self::len) is 0. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// assert!(cursor.is_empty());
    /// pusher.push(1)?;
    /// assert!(!cursor.is_empty());
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if the list was stopped, also with items left to read.
    ///
    /// [`is_drained`](Self::is_drained) returns `true` once no item is left. [`close`](Self::close)
    /// stops a list. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// pusher.push(1)?;
    /// pusher.stop();
    /// assert!(cursor.is_stopped() && cursor.len() == 1);
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[doc(alias = "is_closed")]
    pub fn is_stopped(&self) -> bool {
        self.list.tail().is_stopped()
    }

    /// Returns `true` if the list was stopped and this cursor has read every item.
    ///
    /// [`is_terminated`](futures_core::FusedStream::is_terminated) returns `true` only after the
    /// cursor has returned the end. Wait-free.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, mut cursor) = push_list();
    /// pusher.push(1)?;
    /// drop(pusher);
    /// assert!(!cursor.is_drained());
    /// assert_eq!(cursor.try_next(), Ok(1));
    /// assert!(cursor.is_drained());
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    pub fn is_drained(&self) -> bool {
        self.raw.is_drained(&self.list)
    }
}

/// An iterator over the ready items of a cursor, by reference. See [`Cursor::available_iter`].
#[must_use = "iterators are lazy"]
pub struct AvailableIter<'a, T> {
    slots: ReadySlots<T>,
    cursor: &'a Cursor<T>,
}

impl<'a, T> Iterator for AvailableIter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        let (block, slot) = self.slots.next()?;
        // SAFETY: the slot is published. The cursor is borrowed for `'a`, so it does not move. Its
        // count keeps the block alive, and no other cursor moves or drops an item that it has not
        // read.
        Some(unsafe { block.peek(slot) })
    }
}

impl<T> fmt::Debug for AvailableIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AvailableIter").field("cursor", self.cursor).finish_non_exhaustive()
    }
}
