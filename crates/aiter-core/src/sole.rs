//! The fast path of a list's only pusher.

use core::fmt;

use crate::{
    block::Block,
    error::{PushAllError, PushError, Refusal},
    list::{Cleanup, List},
};

/// The only pusher of a list, for as long as it borrows its [`Pusher`](crate::Pusher). See
/// [`Pusher::sole`](crate::Pusher::sole).
///
/// Wait-free, but for the last slot of a block, where it may allocate, and where somebody is to be woken: there it is
/// lock-free.
#[must_use = "it only borrows the pusher"]
pub struct SolePusher<'a, T> {
    list: &'a List<T>,
    /// Where the list's tail word points: only we write it.
    block: Block<T>,
    slot: usize,
    /// Nobody but us could change it.
    is_stopped: bool,
}

impl<'a, T> SolePusher<'a, T> {
    /// The caller has seen that there is no other pusher, and lends its own for `'a`.
    pub(crate) fn new(list: &'a List<T>) -> Self {
        let tail = list.sole_tail();
        Self { list, block: tail.block(), slot: tail.slot(), is_stopped: tail.is_stopped() }
    }

    /// Why the list takes no items, if so.
    #[inline(always)]
    fn refusal(&self) -> Option<Refusal> {
        if self.is_stopped {
            Some(Refusal::Stopped)
        } else if self.list.has_no_cursor() {
            Some(Refusal::NoCursor)
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
        if let Some(refusal) = self.refusal() {
            self.list.clean_up_after_handlers();
            return Err(PushError::new(refusal, item));
        }
        // SAFETY: nobody else pushes: the slot at the tail is ours, and keeps the block alive; then it
        // is filled.
        unsafe {
            self.block.write(self.slot, item);
            self.publish(1);
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
        /// Publishes what was written, also if the iterator panics.
        struct Run<'a, 'b, T> {
            sole: &'b mut SolePusher<'a, T>,
            len: usize,
        }
        impl<T> Drop for Run<'_, '_, T> {
            fn drop(&mut self) {
                if self.len > 0 {
                    // SAFETY: filled, one by one, and counted.
                    unsafe { self.sole.publish(self.len) };
                }
            }
        }
        let mut items = items.into_iter();
        let mut pushed = 0;
        loop {
            if let Some(refusal) = self.refusal() {
                self.list.clean_up_after_handlers();
                return match items.next() {
                    None => Ok(pushed),
                    Some(item) => {
                        let taken = alloc::vec![item];
                        Err(PushAllError { refusal, pushed, taken, rest: items })
                    }
                };
            }
            let (block, slot) = (self.block, self.slot);
            let room = Block::<T>::CAP - slot;
            let mut run = Run { sole: self, len: 0 };
            while run.len < room {
                let Some(item) = items.next() else { break };
                // SAFETY: as in `push`; `room` keeps us inside the block.
                unsafe { block.write(slot + run.len, item) };
                run.len += 1;
            }
            let len = run.len;
            drop(run);
            pushed += len;
            if len < room {
                return Ok(pushed);
            }
        }
    }

    /// Moves the tail past filled slots and publishes them.
    ///
    /// # Safety
    /// The `len` slots at the tail are filled, and all in one block.
    #[inline(always)]
    unsafe fn publish(&mut self, len: usize) {
        let claim = self.list.advance_sole(&mut self.block, &mut self.slot, len);
        // SAFETY: filled, by contract; ours as nobody else pushes.
        unsafe { self.list.publish(claim, Cleanup::Now) };
    }
}

// SAFETY: it is a `&mut Pusher`, which is `Send` for `T: Send`.
unsafe impl<T: Send> Send for SolePusher<'_, T> {}
// SAFETY: nothing happens through `&SolePusher`.
unsafe impl<T: Send> Sync for SolePusher<'_, T> {}

impl<T> fmt::Debug for SolePusher<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SolePusher").field("is_stopped", &self.is_stopped).finish_non_exhaustive()
    }
}
