//! `UniquePusher`, the faster handle of a list's only pusher.

use core::fmt;

use crate::{
    defer::DeferWith,
    error::{PushAllError, PushError, PushErrorKind},
    list::{List, Reclaim, block::Block},
};

/// The only pusher of a list, which borrows its [`Pusher`](crate::Pusher). See
/// [`Pusher::unique`](crate::Pusher::unique).
///
/// # Progress
/// A push is wait-free if no task waits and the item is not the last of a block. Otherwise it is
/// lock-free, and the last item of a block may allocate.
///
/// # Examples
/// ```
/// use aiter_core::push_list;
///
/// let (mut pusher, cursor) = push_list();
/// let mut unique = pusher.unique().expect("the list has one pusher");
/// unique.push_all(0..10).unwrap();
/// unique.push(10)?;
/// assert_eq!(cursor.len(), 11);
/// # Ok::<(), aiter_core::PushError<i32>>(())
/// ```
#[must_use = "a unique pusher does nothing unless it pushes"]
pub struct UniquePusher<'a, T> {
    list: &'a List<T>,
    /// Copy of the tail: its block and slot. No other handle can move the tail.
    place: (Block<T>, usize),
    /// Copy of the stop mark. No other handle can set it: see `PusherCount::close`.
    is_stopped: bool,
}

impl<'a, T> UniquePusher<'a, T> {
    /// Makes the handle. The caller has checked that the list has no other pusher, and lends its
    /// pusher for `'a`.
    pub(crate) fn new(list: &'a List<T>) -> Self {
        let tail = list.unique_tail();
        Self { list, place: (tail.block(), tail.slot()), is_stopped: tail.is_stopped() }
    }

    /// Returns why the list refuses items, or `None` if it accepts them.
    #[inline(always)]
    fn error_kind(&self) -> Option<PushErrorKind> {
        if self.is_stopped {
            Some(PushErrorKind::Stopped)
        } else if self.list.has_no_cursor() {
            Some(self.list.no_cursor_kind())
        } else {
            None
        }
    }

    /// Appends an item and wakes the tasks that wait for it.
    ///
    /// Costs one atomic read-modify-write if no task waits. Wait-free or lock-free, see the
    /// [type](Self#progress).
    ///
    /// # Errors
    /// Returns [`PushError`] with the item if the list is stopped or has no cursor.
    ///
    /// # Panics
    /// Panics as [`Pusher::push`](crate::Pusher::push) does.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (mut pusher, mut cursor) = push_list();
    /// pusher.unique().expect("the list has one pusher").push("item")?;
    /// assert_eq!(cursor.try_next(), Ok("item"));
    /// # Ok::<(), aiter_core::PushError<&str>>(())
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        if let Some(kind) = self.error_kind() {
            self.list.reclaim_deferred();
            return Err(PushError::new(kind, item));
        }
        // Before the item is written, because the allocation may unwind.
        let to = self.list.unique_place_after(self.place, 1);
        let (block, slot) = self.place;
        // SAFETY: no other pusher exists, so the slot at the tail belongs to this call, and the
        // unclaimed slot keeps the block alive. `publish`: the slot is filled, and `to` is the
        // place behind it.
        unsafe {
            block.write(slot, item);
            self.publish(to, 1);
        }
        Ok(())
    }

    /// Appends all items of an iterator and returns how many it appended.
    ///
    /// Publishes the items and wakes the waiting tasks once for each block.
    ///
    /// # Errors
    /// Returns [`PushAllError`] if the list is stopped or has no cursor. The error holds the number
    /// of items that were pushed, and all other items.
    ///
    /// # Panics
    /// Panics as [`Pusher::push`](crate::Pusher::push) does, or if the iterator panics. If the
    /// iterator panics, the items that it has yielded are pushed.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (mut pusher, cursor) = push_list();
    /// let mut unique = pusher.unique().expect("the list has one pusher");
    /// assert_eq!(unique.push_all(0..100).unwrap(), 100);
    /// assert_eq!(cursor.len(), 100);
    /// ```
    pub fn push_all<I>(&mut self, items: I) -> Result<usize, PushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        let mut items = items.into_iter();
        let mut pushed = 0;
        loop {
            if let Some(kind) = self.error_kind() {
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
            // Publishes the written items on drop, also if the iterator or the allocation of the
            // next block panics. The last slot of the block is free then.
            let mut run = DeferWith((&mut *self, 0), |(unique, len)| {
                let (block, slot) = unique.place;
                if *len > 0 {
                    // SAFETY: the `len` slots at the tail are filled, in one block. The block has a
                    // slot behind them.
                    unsafe { unique.publish((block, slot + *len), *len) };
                }
            });
            while run.0.1 < last {
                let Some(item) = items.next() else { break };
                // SAFETY: no other pusher exists, so the slots from the tail on belong to this
                // call, and they keep the block alive. The slot is before the last slot, so it is
                // in the block.
                unsafe { block.write(slot + run.0.1, item) };
                run.0.1 += 1;
            }
            let final_item = if run.0.1 == last { items.next() } else { None };
            let Some(item) = final_item else {
                pushed += run.0.1;
                drop(run);
                return Ok(pushed);
            };
            // Before the item is written, because the allocation may unwind. Then `run` publishes
            // the items before it.
            let to = run.0.0.list.unique_place_after((block, slot), last + 1);
            core::mem::forget(run);
            // SAFETY: no other pusher exists, so the last slot belongs to this call. `publish`: all
            // slots from the tail on are filled, and `to` is the place behind them.
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
    /// - The `len` slots at the tail are filled and lie in one block.
    /// - `to` is the place behind them.
    #[inline(always)]
    unsafe fn publish(&mut self, to: (Block<T>, usize), len: usize) {
        let claim = self.list.advance_unique(&mut self.place, to, len);
        // SAFETY: the slots of the claim are filled, by contract. No other pusher exists, so the
        // claim belongs to this call.
        unsafe { self.list.publish(claim, Reclaim::Inline) };
    }
}

// SAFETY: the handle acts as a `&mut Pusher`, which is `Send` if `T: Send`. `T: Sync` is not
// needed, because the handle borrows no item.
unsafe impl<T: Send> Send for UniquePusher<'_, T> {}
// SAFETY: through `&UniquePusher`, only `is_stopped` is read.
unsafe impl<T: Send> Sync for UniquePusher<'_, T> {}

impl<T> fmt::Debug for UniquePusher<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UniquePusher").field("is_stopped", &self.is_stopped).finish_non_exhaustive()
    }
}
