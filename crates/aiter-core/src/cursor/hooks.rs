//! Hidden functions for the bounded list of `aiter-adapters` and for `aiter::inspect`.

use alloc::vec::Vec;
use core::task::Waker;

use crate::{
    cursor::{
        Cursor,
        shared::SharedCursor,
        shared_next::{SharedNext, SharedNextMany},
    },
    error::{PushAllError, PushErrorKind},
};

impl<T> Cursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.list.id()
    }

    /// Returns the index of the next item in the order of the list. Wait-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.raw.index()
    }

    /// Skips up to `n` ready items and returns how many it skipped. Moves the items that no other
    /// cursor reads into `items`, and drops none of them.
    ///
    /// Unlike [`skip_items`](Self::skip_items), it reclaims no other memory. It runs no user code
    /// if the list has had no other cursor, if items need no drop, or if this cursor was made by
    /// [`fork_to_skip`](Self::fork_to_skip) of a cursor that was not used since. In the last case,
    /// the drop of that cursor drops the items.
    #[doc(hidden)]
    pub fn skip(&mut self, n: usize, items: &mut Vec<T>) -> usize {
        let skipped = self.raw.skip_into(&self.list, n, items);
        if let Some((block, from, to)) = self.raw.park_at() {
            items.reserve(to - from);
            // SAFETY: `park_at` gave these items to the caller, and the cursor's count keeps the
            // block alive. The vector has room.
            unsafe { block.read_run(from, to - from, items) };
        }
        skipped
    }

    /// Makes a second cursor at the same position, as [`fork`](Self::fork) does. Until this cursor
    /// is used again, [`skip`](Self::skip) of the new cursor runs no user code.
    ///
    /// This cursor then counts as a reader that has not parked. If all other readers of a block
    /// have parked, a cursor that leaves the block drops the items that they have read.
    ///
    /// # Panics
    /// Panics as [`fork`](Self::fork) does.
    #[doc(hidden)]
    pub fn fork_to_skip(&mut self) -> Self
    where
        T: Clone + Sync,
    {
        let (block, _) = self.raw.place();
        self.raw.unpark(block);
        self.fork()
    }

    /// Skips up to `n` ready items of the current block and returns how many it skipped. Passes the
    /// items that no other cursor reads to `take`, and drops none of them.
    ///
    /// Returns less than `n` if the next item is not ready or in the next block, or if items before
    /// the position would have to be dropped. Unlike [`skip`](Self::skip), it reclaims no memory,
    /// and does not park. It runs no user code. If `take` panics, items leak.
    #[doc(hidden)]
    #[inline]
    pub fn skip_in_block(&mut self, n: usize, take: impl FnMut(T)) -> usize {
        self.raw.skip_in_block(&self.list, n, take)
    }

    /// Cancels the registration of the task that waits at this cursor, and drops its waker, as the
    /// drop of [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.deregister();
    }

    /// Cancels the registration of the task that waits at this cursor, and returns its waker. If
    /// there is none, no task waits, or a push is about to wake it. Runs no user code.
    ///
    /// A slot that a push is about to return stays with the list until the next registration ends.
    #[doc(hidden)]
    pub fn take_waker(&mut self) -> Option<Waker> {
        self.list.waiters.take_waker(&mut self.waiter)
    }
}

impl<T> SharedCursor<T> {
    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    #[doc(hidden)]
    pub fn list_id(&self) -> usize {
        self.shared.list.id()
    }

    /// Cancels the registrations of the task that waits at this taker, as the drop of
    /// [`next`](Self::next) does.
    #[doc(hidden)]
    pub fn cancel_wait(&mut self) {
        self.cancel();
    }

    /// Returns the weight of the items that the takers have lost to panics since the last call;
    /// see [`Cursor::share_weighed`].
    #[doc(hidden)]
    pub fn take_lost(&self) -> usize {
        self.shared.take_lost()
    }
}

impl<T> SharedNext<'_, T> {
    /// Calls [`SharedCursor::take_lost`] of the taker.
    #[doc(hidden)]
    pub fn take_lost(&self) -> usize {
        self.wait.taker.take_lost()
    }
}

impl<T> SharedNextMany<'_, T> {
    /// Calls [`SharedCursor::take_lost`] of the taker.
    #[doc(hidden)]
    pub fn take_lost(&self) -> usize {
        self.wait.taker.take_lost()
    }

    /// Returns the number of items in the buffer.
    #[doc(hidden)]
    pub fn buf_len(&self) -> usize {
        self.buf.len()
    }
}

impl<I: Iterator> PushAllError<I> {
    /// Makes the error of a push that took the items in `taken` and pushed none of them.
    #[doc(hidden)]
    pub fn from_parts(kind: PushErrorKind, pushed: usize, taken: Vec<I::Item>, rest: I) -> Self {
        Self { kind, pushed, taken, rest }
    }
}
