//! Pushes of all items of an iterator.

use arrayvec::ArrayVec;

use crate::{
    defer::DeferWith,
    error::{PushAllError, PushErrorKind},
    list::{Claim, List, OnFull, Reclaim},
    pusher::Pusher,
    tuning::{CHUNK, MAX_CHUNKED_BYTES},
};

impl<T> Pusher<T> {
    /// Appends all items of an iterator and returns how many it appended.
    ///
    /// The items are pushed in runs of up to 32, or one by one if an item has more than 128 bytes.
    /// A run costs one claim, one publication and at most one notification. The items of one call
    /// stay in order. Items of other producers may lie between two runs. Each run is lock-free and
    /// allocates as [`push`](Self::push) does.
    ///
    /// # Errors
    /// Returns [`PushAllError`] if the list is stopped or has no cursor. The error holds the number
    /// of items that were pushed, and all other items.
    ///
    /// # Panics
    /// Panics as [`push`](Self::push) does, or if the iterator panics. If the iterator panics, the
    /// items that it has yielded are pushed.
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
        self.push_all_counted(items.into_iter(), &mut 0)
    }

    /// Does the same as [`push_all`](Self::push_all), and adds the number of items that it appends
    /// to `pushed`, also if it panics.
    #[doc(hidden)]
    pub fn push_all_counted<I: Iterator<Item = T>>(
        &self,
        items: I,
        pushed: &mut usize,
    ) -> Result<usize, PushAllError<I>> {
        if size_of::<T>() <= MAX_CHUNKED_BYTES {
            self.push_chunked(items, pushed)
        } else {
            self.push_each(items, pushed)
        }
    }

    /// Pushes the items one by one.
    fn push_each<I: Iterator<Item = T>>(
        &self,
        mut items: I,
        pushed: &mut usize,
    ) -> Result<usize, PushAllError<I>> {
        let before = *pushed;
        while let Some(item) = items.next() {
            // Before the push, because a push that panics has appended its item.
            *pushed += 1;
            if let Err(error) = self.push(item) {
                *pushed -= 1;
                let (kind, pushed) = (error.kind(), *pushed - before);
                let taken = alloc::vec![error.into_inner()];
                return Err(PushAllError { kind, pushed, taken, rest: items });
            }
        }
        Ok(*pushed - before)
    }

    /// Pushes the items in chunks.
    fn push_chunked<I: Iterator<Item = T>>(
        &self,
        mut items: I,
        pushed: &mut usize,
    ) -> Result<usize, PushAllError<I>> {
        /// Items that were taken from the iterator. If the iterator panics, they are pushed on
        /// drop.
        struct Chunk<'a, T> {
            list: &'a List<T>,
            items: ArrayVec<T, CHUNK>,
            pushed: &'a mut usize,
        }
        impl<T> Chunk<'_, T> {
            fn push(&mut self, on_full: OnFull) -> Result<(), Option<PushErrorKind>> {
                while !self.items.is_empty() {
                    let claim = self.list.claim(self.items.len(), on_full)?;
                    let Claim { block, slot, len } = claim;
                    // Before the publication, which calls wakers.
                    *self.pushed += len;
                    // SAFETY: this call has claimed the slots, so the block is alive and no other
                    // producer writes them. A claim has at most as many slots as were asked for, so
                    // `len` items are there. The slots are filled once, then published once.
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
                // The chunk has items only after a panic of the iterator, an allocation or a waker.
                // A second panic would abort, so no allocation may unwind here. If the push is
                // refused, the items are dropped.
                if !self.items.is_empty() && self.push(OnFull::TryAllocate).is_err() {
                    self.list.reclaim_deferred();
                }
            }
        }
        let before = *pushed;
        let mut chunk = Chunk { list: &self.list, items: ArrayVec::new(), pushed };
        loop {
            // Sets the length of the chunk when it is full, or when the iterator ends or panics.
            // SAFETY: `len` is at most `CHUNK`, and the first `len` items have been written.
            let mut fill =
                DeferWith((&mut chunk.items, 0), |(items, len)| unsafe { items.set_len(*len) });
            let (chunk_items, len) = &mut fill.0;
            while *len < CHUNK {
                let Some(item) = items.next() else { break };
                // SAFETY: `len` is below `CHUNK`, so the place is inside the vector. The vector was
                // empty, so no item is overwritten.
                unsafe { chunk_items.as_mut_ptr().add(*len).write(item) };
                *len += 1;
            }
            drop(fill);
            let collected = chunk.items.len();
            if let Err(kind) = chunk.push(OnFull::Allocate) {
                let kind = self.list.refuse(kind);
                let pushed = *chunk.pushed - before;
                let taken = chunk.items.drain(..).collect();
                drop(chunk);
                return Err(PushAllError { kind, pushed, taken, rest: items });
            }
            if collected < CHUNK {
                return Ok(*chunk.pushed - before);
            }
        }
    }
}

/// Appends all items. If this is the only pusher, appends them through a [`UniquePusher`].
///
/// `Extend` cannot report an error. If the list refuses an item, the item and the rest of the
/// iterator are dropped. [`Pusher::push_all`] returns them instead.
///
/// [`UniquePusher`]: crate::UniquePusher
impl<T> Extend<T> for Pusher<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        let refused = match self.unique() {
            Some(mut unique) => unique.push_all(items).err(),
            None => self.push_all(items).err(),
        };
        drop(refused);
    }
}
