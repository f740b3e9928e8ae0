//! What becomes of blocks: read to the end, or left by all.
//!
//! The protocol and the ordering policy are the list's.

use crate::{
    block::Block, block_stack::Chain, list::List, readers::Leave, stash::Stash, sync::Ordering,
};

/// After a burst, so many blocks are freed right at the tail before one is kept there again. The last blocks
/// of a burst are the allocator's newest and may keep all that it took for the burst from going back to
/// the system: those must go, and the list go on in blocks from lower down.
pub(super) const CALM: usize = 3;

impl<T> List<T> {
    /// Gives up a count of a block. If it is the last one of a complete block, the block is
    /// retired, and so on with the next, in a loop.
    ///
    /// Items are dropped here: no lock may be held.
    ///
    /// # Safety
    /// The caller owns a count of the block and does not use it again.
    pub(crate) unsafe fn release(&self, mut block: Block<T>) {
        loop {
            // SAFETY: our count keeps it alive.
            let header = unsafe { block.header() };
            match header.readers.leave_if_others(|| header.live_from()) {
                Leave::Left => return,
                Leave::RestSettled(slot) => {
                    let from = header.claim_before(slot);
                    // SAFETY: the others have read them, we do not want them, and nobody comes to.
                    unsafe { self.drop_unwanted(block, from, slot) };
                    continue;
                }
                Leave::Last if header.is_complete() => {
                    if !header.readers.leave() {
                        return;
                    }
                    // SAFETY: complete, and ours alone now. The next one's count was the link's.
                    block = unsafe { self.retire_unread(block) };
                    continue;
                }
                Leave::Last => {}
            }
            // The last one, in a block that producers still work in. What is ready and unread goes
            // now; whoever completes the block takes care of the rest.
            let live_from = header.live_from();
            match header.orphan(live_from) {
                Ok(()) => return,
                // Still alone, after having seen the bits? Then nobody can come to want them.
                Err(run) if header.readers.count() == 1 && run > live_from => {
                    header.set_live_from(run);
                    // SAFETY: published; whoever enters from now on starts behind them.
                    unsafe { self.drop_unwanted(block, live_from, run) };
                }
                Err(_) => {}
            }
        }
    }

    /// Drops what is live in a block, and retires it. Returns the next one, with its link's count.
    ///
    /// # Safety
    /// The caller took the last count of a complete block.
    unsafe fn retire_unread(&self, block: Block<T>) -> Block<T> {
        /// If an item's drop panics: the rest of the chain all the same.
        struct OnPanic<'a, T>(&'a List<T>, Block<T>, Block<T>);
        impl<T> Drop for OnPanic<'_, T> {
            fn drop(&mut self) {
                // SAFETY: as below.
                unsafe {
                    self.0.retire(self.1, self.2);
                    self.0.release(self.2);
                }
            }
        }
        // SAFETY: ours alone, so still alive.
        let (header, next) = unsafe { (block.header(), block.next()) };
        let next = next.expect("a complete block has a next one");
        let on_panic = OnPanic(self, block, next);
        // SAFETY: complete, and nobody else reads it: what is live is ours.
        unsafe { block.drop_items(header.live_from(), Block::<T>::CAP) };
        core::mem::forget(on_panic);
        // SAFETY: ours alone, its items are gone, and its link's count is ours.
        unsafe { self.retire(block, next) };
        next
    }

    /// Drops items of a block whose count the caller is giving up; gives it up if one panics.
    ///
    /// # Safety
    /// The items are the caller's, as is the count.
    unsafe fn drop_unwanted(&self, block: Block<T>, from: usize, to: usize) {
        struct OnPanic<'a, T>(&'a List<T>, Block<T>);
        impl<T> Drop for OnPanic<'_, T> {
            fn drop(&mut self) {
                // SAFETY: the count is the caller's, who won't come back to it.
                unsafe { self.0.release(self.1) };
            }
        }
        let on_panic = OnPanic(self, block);
        // SAFETY: by contract.
        unsafe { block.drop_items(from, to) };
        core::mem::forget(on_panic);
    }

    /// Keeps a block for a producer or frees it, or puts it into limbo.
    ///
    /// # Safety
    /// The caller owns the block alone, its items are gone, and the caller owns a count of `next`,
    /// the block behind it.
    pub(crate) unsafe fn retire(&self, block: Block<T>, next: Block<T>) {
        // Relaxed: blocks retire in the list's order, each after the one before, by way of the
        // link's count; and whoever drops the list comes after all.
        self.head.store(next.as_ptr(), Ordering::Relaxed);
        // SAFETY: the caller's count keeps it alive.
        self.head_start.store(unsafe { next.header() }.start(), Ordering::Relaxed);
        if self.is_pinned() {
            // SAFETY: the block is ours.
            unsafe { self.limbo.push(block) };
            return;
        }
        if !self.limbo.is_empty() {
            self.clear_limbo();
        }
        // SAFETY: ours alone; not pinned, so nobody looks at it; the count of `next` is ours.
        unsafe { self.recycle(block, next) };
    }

    fn clear_limbo(&self) {
        let blocks = self.limbo.take();
        // After they were taken: whoever pins now can't come by them any more.
        let pinned = self.is_pinned();
        for block in blocks {
            // SAFETY: the stack gave it to us.
            unsafe { if pinned { self.limbo.push(block) } else { self.keep(block) } }
        }
    }

    /// Links the block behind the last one if too few are linked ahead, keeps it for later, or frees it.
    ///
    /// # Safety
    /// As `retire`, and nobody is left who could look at the block.
    unsafe fn recycle(&self, block: Block<T>, next: Block<T>) {
        let tail = self.tail();
        if tail.is_stopped() {
            // SAFETY: ours alone, and nobody wants one any more.
            unsafe { block.free() };
            return;
        }
        // The caller holds a count at or before the tail's block: that and all behind are alive.
        let mut last = tail.block();
        // Relaxed, all of them: numbers that only weigh memory against allocations.
        let spare = self.spare.load(Ordering::Relaxed);
        let calm = self.calm.load(Ordering::Relaxed);
        let is_behind = last != next;
        if is_behind {
            // SAFETY: alive, see above.
            let distance = || unsafe { last.header().start().wrapping_sub(next.header().start()) };
            // Neither looked at nor written again and again while a burst lasts.
            if calm != 0 && distance() >= Self::FAR * Block::<T>::CAP {
                self.calm.store(0, Ordering::Relaxed);
            }
        } else if calm < CALM {
            self.calm.store(calm + 1, Ordering::Relaxed);
        }
        let wanted = spare.max(usize::from(calm == CALM));
        for _ in 0..wanted {
            // SAFETY: alive, see above; `block` is ours.
            unsafe {
                if let Some(next) = last.next() {
                    last = next;
                    continue;
                }
                block.recycle(last.header().start().wrapping_add(Block::<T>::CAP));
                if last.link_next(block).is_ok() {
                    return;
                }
                break;
            }
        }
        // SAFETY: ours alone.
        unsafe { if is_behind || calm == CALM { self.keep(block) } else { block.free() } }
    }

    /// A reader that is so many blocks behind the tail works off a burst.
    const FAR: usize = if Stash::<T>::CAP > 8 { Stash::<T>::CAP } else { 8 };

    /// Keeps a block for a producer, or frees it.
    ///
    /// # Safety
    /// The caller owns the block alone, and nobody is left who could look at it.
    unsafe fn keep(&self, block: Block<T>) {
        // SAFETY: by contract. Without a cursor, nobody would come by to give it back.
        unsafe { if self.has_no_cursor() { block.free() } else { self.stash.put(block) } }
    }

    /// Gives back what was left to whoever comes by, and what was kept for producers. For readers that find
    /// nothing to read, or go. Not for interrupt handlers.
    ///
    /// Blocks that a producer has in hand just now, to take one of them, are not seen: they wait for the next
    /// one who comes by, or for the list's end.
    #[inline]
    pub(crate) fn tidy(&self) {
        // Without a short circuit: one branch.
        if !(self.inherited.is_empty() & self.stash.is_empty()) {
            self.tidy_up();
        }
    }

    #[cold]
    fn tidy_up(&self) {
        self.release_inherited();
        self.stash.clear();
    }

    /// Drops the items that were published after the last cursor had left. Not for interrupt handlers.
    ///
    /// The state word of the orphaned block orders a publication and the mark of the last cursor. If
    /// the publication comes first, the cursor sees the item and drops it. If the mark comes first,
    /// the producer sees it and comes here, as a reader in that cursor's place: it adopts the count
    /// and gives it up again. If another thread has adopted it meanwhile, that thread orphans the
    /// block by a later change of the same word, so it sees the item.
    ///
    /// The caller's block is the tail's, or all its slots are claimed. Then the producer that
    /// completes the block inherits the count, and with it all items.
    #[cold]
    pub(super) fn drop_unreadable(&self) {
        let pin = self.pin();
        let block = self.pinned_tail().block();
        // SAFETY: it was the tail when we looked, after we pinned: alive.
        let adopted = unsafe { block.header() }.adopt();
        drop(pin);
        if adopted {
            // SAFETY: the count that was adopted is ours, and keeps the block alive.
            unsafe { self.release(block) };
        }
    }

    /// Drops what pushes of interrupt handlers left on a list without a cursor. For pushes that are
    /// refused. Not for interrupt handlers.
    #[cold]
    pub(crate) fn clean_up_after_handlers(&self) {
        self.release_inherited();
        // Relaxed: a hint, for the exchange. Acquire: partner of `after_publish`, for the publication.
        if self.has_unreadable.load(Ordering::Relaxed)
            && self.has_unreadable.swap(false, Ordering::Acquire)
        {
            self.drop_unreadable();
        }
    }

    /// Retires the blocks that were left to whoever comes by. Not for interrupt handlers.
    pub(crate) fn release_inherited(&self) {
        /// The blocks that are left, also if an item's drop panics.
        struct Rest<'a, T>(&'a List<T>, Chain<T>);
        impl<T> Rest<'_, T> {
            fn run(&mut self) {
                for block in &mut self.1 {
                    // SAFETY: the stack owned the block's last count and gave it to us.
                    unsafe { self.0.release(block) };
                }
            }
        }
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                self.run();
            }
        }
        if !self.inherited.is_empty() {
            Rest(self, self.inherited.take()).run();
        }
    }
}
