//! What a cursor has still to read, looked at without taking it.

use core::fmt;

use crate::{cursor::Cursor, list::ready_slots::ReadySlots};

impl<T> Cursor<T> {
    /// The items that are ready now, in order, without taking them.
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

    /// True if the next item can be taken now.
    ///
    /// After a push on the same thread this holds, unless another push is not finished and its item
    /// comes first.
    pub fn is_item_available(&self) -> bool {
        self.raw.has_ready()
    }

    /// True if [`len`](Self::len) is at least `n`.
    pub fn is_len_at_least(&self, n: usize) -> bool {
        self.len() >= n
    }

    /// Items that were pushed and that this cursor has not read.
    ///
    /// A push that is not finished counts already; its item will come. Wait-free.
    #[doc(alias = "lag")]
    pub fn len(&self) -> usize {
        self.raw.distance(&self.list)
    }

    /// True if [`len`](Self::len) is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The items that are ready at a cursor, by reference. See [`Cursor::available_iter`].
#[must_use = "iterators are lazy"]
pub struct AvailableIter<'a, T> {
    slots: ReadySlots<T>,
    cursor: &'a Cursor<T>,
}

impl<'a, T> Iterator for AvailableIter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        let (block, slot) = self.slots.next()?;
        // SAFETY: published; the cursor is borrowed for `'a`, so it stays where it is, pins the item
        // and is counted by whoever would move it.
        Some(unsafe { block.peek(slot) })
    }
}

impl<T> fmt::Debug for AvailableIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AvailableIter").field("cursor", self.cursor).finish_non_exhaustive()
    }
}
