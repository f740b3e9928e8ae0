//! The fast path of a list's only pusher.

use core::fmt;

use crate::{
    error::{PushAllError, PushError, PushErrorKind},
    list::{List, Reclaim, block::Block},
};

/// The only pusher of a list, for as long as it borrows its [`Pusher`](crate::Pusher). See
/// [`Pusher::unique`](crate::Pusher::unique).
///
/// Wait-free, but for the last slot of a block, where it may allocate, and where a cursor is to be
/// woken: there it is lock-free.
#[must_use = "it only borrows the pusher"]
pub struct UniquePusher<'a, T> {
    list: &'a List<T>,
    /// Where the list's tail word points: only this handle writes it.
    place: (Block<T>, usize),
    /// Nobody but us could change it.
    is_stopped: bool,
}

impl<'a, T> UniquePusher<'a, T> {
    /// The caller has seen that there is no other pusher, and lends its own for `'a`.
    pub(crate) fn new(list: &'a List<T>) -> Self {
        let tail = list.unique_tail();
        Self { list, place: (tail.block(), tail.slot()), is_stopped: tail.is_stopped() }
    }

    /// Why the list takes no items, if so.
    #[inline(always)]
    fn kind(&self) -> Option<PushErrorKind> {
        if self.is_stopped {
            Some(PushErrorKind::Stopped)
        } else if self.list.has_no_cursor() {
            Some(PushErrorKind::NoCursor)
        } else {
            None
        }
    }

    /// Appends an item and wakes the cursors that wait for it.
    ///
    /// # Errors
    /// [`PushError`] with the item if the list is stopped or has no cursor left.
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        if let Some(kind) = self.kind() {
            self.list.reclaim_deferred();
            return Err(PushError::new(kind, item));
        }
        // First, as it may unwind.
        let to = self.list.unique_place_behind(self.place, 1);
        let (block, slot) = self.place;
        // SAFETY: this is the only pusher: the slot at the tail is its own, and keeps the block
        // alive; then it is filled.
        unsafe {
            block.write(slot, item);
            self.publish(to, 1);
        }
        Ok(())
    }

    /// Appends all the items of an iterator. Returns how many there were.
    ///
    /// They are published, and cursors woken, once a block of items. If the iterator panics, the
    /// items that it has yielded are pushed.
    ///
    /// # Errors
    /// [`PushAllError`] if the list is stopped or has no cursor left: it tells how many were pushed
    /// and gives all the others back.
    pub fn push_all<I>(&mut self, items: I) -> Result<usize, PushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        /// Publishes what was written if the iterator panics, or there is no memory for the next
        /// block. The last slot of the block is free then.
        struct Run<'a, 'b, T> {
            unique: &'b mut UniquePusher<'a, T>,
            len: usize,
        }
        impl<T> Drop for Run<'_, '_, T> {
            fn drop(&mut self) {
                let (block, slot) = self.unique.place;
                if self.len > 0 {
                    // SAFETY: filled, one by one, and counted. The block has a slot behind them.
                    unsafe { self.unique.publish((block, slot + self.len), self.len) };
                }
            }
        }
        let mut items = items.into_iter();
        let mut pushed = 0;
        loop {
            if let Some(kind) = self.kind() {
                self.list.reclaim_deferred();
                return match items.next() {
                    None => Ok(pushed),
                    Some(item) => {
                        let taken = alloc::vec![item];
                        Err(PushAllError { kind, pushed, taken, rest: items })
                    }
                };
            }
            let (block, slot) = self.place;
            let last = Block::<T>::CAP - 1 - slot;
            let mut run = Run { unique: &mut *self, len: 0 };
            while run.len < last {
                let Some(item) = items.next() else { break };
                // SAFETY: as in `push`; the slots before the last one are in the block.
                unsafe { block.write(slot + run.len, item) };
                run.len += 1;
            }
            let final_item = if run.len == last { items.next() } else { None };
            let Some(item) = final_item else {
                pushed += run.len;
                drop(run);
                return Ok(pushed);
            };
            // First, as it may unwind.
            let to = run.unique.list.unique_place_behind((block, slot), last + 1);
            core::mem::forget(run);
            // SAFETY: as above; the slots are filled, and `to` is behind them.
            unsafe {
                block.write(slot + last, item);
                self.publish(to, last + 1);
            }
            pushed += last + 1;
        }
    }

    /// Moves the tail past filled slots and publishes them.
    ///
    /// # Safety
    /// The `len` slots at the tail are filled, and all in one block. `to` is the place behind them.
    #[inline(always)]
    unsafe fn publish(&mut self, to: (Block<T>, usize), len: usize) {
        let claim = self.list.advance_unique(&mut self.place, to, len);
        // SAFETY: filled, by contract; this pusher's, as it is the only one.
        unsafe { self.list.publish(claim, Reclaim::Inline) };
    }
}

// SAFETY: it is a `&mut Pusher`, which is `Send` for `T: Send`.
unsafe impl<T: Send> Send for UniquePusher<'_, T> {}
// SAFETY: nothing happens through `&UniquePusher`.
unsafe impl<T: Send> Sync for UniquePusher<'_, T> {}

impl<T> fmt::Debug for UniquePusher<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UniquePusher").field("is_stopped", &self.is_stopped).finish_non_exhaustive()
    }
}
