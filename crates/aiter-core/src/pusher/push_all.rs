//! Pushes of many items.

use arrayvec::ArrayVec;

use crate::{
    error::{PushAllError, PushErrorKind},
    list::{Claim, List, OnFull, Reclaim},
    pusher::{Pusher, refused},
};

/// Items on their way into a list, collected before slots are claimed for them: the iterator is
/// user code, which must not run between a claim and its publication.
const CHUNK: usize = 32;
/// Larger items are pushed one by one, so that a chunk stays small on the stack.
const CHUNKED_SIZE: usize = 128;

impl<T> Pusher<T> {
    /// Appends all the items of an iterator, in runs: one claim, one publication and at most one
    /// round of wake-ups for up to 32 items. Returns how many there were.
    ///
    /// The items of one call stay in order; those of other producers may come between its runs.
    /// If the iterator panics, the items that it has yielded are pushed.
    ///
    /// # Errors
    /// [`PushAllError`] if the list is stopped or has no cursor left: it tells how many were pushed
    /// and gives all the others back.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    ///
    /// let (pusher, cursor) = push_list();
    /// assert_eq!(pusher.push_all(0..100).unwrap(), 100);
    /// pusher.stop();
    /// let refused = pusher.push_all(vec!["a", "b"].into_iter().map(str::len)).unwrap_err();
    /// assert!(refused.into_unpushed().eq([1, 1]));
    /// # drop(cursor);
    /// ```
    #[doc(alias = "push")]
    pub fn push_all<I>(&self, items: I) -> Result<usize, PushAllError<I::IntoIter>>
    where
        I: IntoIterator<Item = T>,
    {
        if size_of::<T>() <= CHUNKED_SIZE {
            self.push_chunked(items.into_iter())
        } else {
            self.push_each(items.into_iter())
        }
    }

    fn push_each<I: Iterator<Item = T>>(&self, mut items: I) -> Result<usize, PushAllError<I>> {
        let mut pushed = 0;
        while let Some(item) = items.next() {
            if let Err(error) = self.push(item) {
                let kind = error.kind();
                let taken = alloc::vec![error.into_inner()];
                return Err(PushAllError { kind, pushed, taken, rest: items });
            }
            pushed += 1;
        }
        Ok(pushed)
    }

    fn push_chunked<I: Iterator<Item = T>>(&self, mut items: I) -> Result<usize, PushAllError<I>> {
        /// Pushes what the iterator had yielded if it panics.
        struct Chunk<'a, T> {
            list: &'a List<T>,
            items: ArrayVec<T, CHUNK>,
        }
        impl<T> Chunk<'_, T> {
            fn push(&mut self, on_full: OnFull) -> Result<(), Option<PushErrorKind>> {
                while !self.items.is_empty() {
                    let claim = self.list.claim(self.items.len(), on_full)?;
                    let Claim { block, slot, len } = claim;
                    // SAFETY: as many as were asked for or fewer, claimed, filled and then published.
                    unsafe {
                        block.write_run(slot, &mut self.items, len);
                        self.list.publish(claim, Reclaim::Inline);
                    }
                }
                Ok(())
            }
        }
        impl<T> Drop for Chunk<'_, T> {
            fn drop(&mut self) {
                // Empty but after a panic, of the iterator or of an allocation. A second panic would
                // abort, so no other allocation may unwind. A kind drops the items.
                if !self.items.is_empty() && self.push(OnFull::TryAllocate).is_err() {
                    self.list.reclaim_deferred();
                }
            }
        }
        /// Counts the items in when they are all there, or the iterator panics.
        struct Fill<'a, T> {
            items: &'a mut ArrayVec<T, CHUNK>,
            len: usize,
        }
        impl<T> Drop for Fill<'_, T> {
            fn drop(&mut self) {
                // SAFETY: so many were written.
                unsafe { self.items.set_len(self.len) };
            }
        }
        let mut pushed = 0;
        let mut chunk = Chunk { list: &self.list, items: ArrayVec::new() };
        loop {
            let mut fill = Fill { items: &mut chunk.items, len: 0 };
            while fill.len < CHUNK {
                let Some(item) = items.next() else { break };
                // SAFETY: it was empty and takes as many.
                unsafe { fill.items.as_mut_ptr().add(fill.len).write(item) };
                fill.len += 1;
            }
            drop(fill);
            let waiting = chunk.items.len();
            let result = chunk.push(OnFull::Allocate);
            pushed += waiting - chunk.items.len();
            if let Err(kind) = result {
                let kind = refused(&self.list, kind);
                let taken = chunk.items.drain(..).collect();
                drop(chunk);
                return Err(PushAllError { kind, pushed, taken, rest: items });
            }
            if waiting < CHUNK {
                return Ok(pushed);
            }
        }
    }
}
