//! What becomes of blocks: read to the end, or left by all.
//!
//! The protocol and the ordering policy are the list's.

use crate::{
    list::{
        CALM, List, block::Block, block_stack::Chain, free_list::FreeList, readers::Leave,
        tail::Tail,
    },
    sync::Ordering,
};

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
            match header.readers.release_if_shared(|| header.live_from()) {
                Leave::Left => return,
                Leave::RestParked(slot) => {
                    let from = header.claim_before(slot);
                    // SAFETY: the others have read them, we do not want them, and nobody comes to.
                    unsafe { self.drop_unwanted(block, from, slot) };
                    continue;
                }
                Leave::Last if header.is_complete() => {
                    if !header.readers.release() {
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
            self.forget_end(block);
            // SAFETY: the block is ours.
            unsafe { self.limbo.push(block) };
            return;
        }
        // SAFETY: the block is the caller's alone. No pin leads to it. The count of `next` is the caller's.
        unsafe {
            if !self.limbo.is_empty() {
                self.recycle_limbo();
            }
            self.recycle(block, next);
        }
    }

    /// The number of blocks that the reserve keeps linked behind this tail.
    pub(super) fn spare_at(&self, tail: Tail<T>) -> usize {
        // Relaxed: a number, as in `recycle`.
        if tail.is_stopped() { 0 } else { self.spare.load(Ordering::Relaxed) }
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
        let first = tail.block();
        // Relaxed, all of them: numbers that only weigh memory against allocations.
        let spare = self.spare.load(Ordering::Relaxed);
        let calm = self.calm.load(Ordering::Relaxed);
        let is_behind = first != next;
        if is_behind {
            // SAFETY: alive, see above.
            let distance = || unsafe { first.header().start().wrapping_sub(next.header().start()) };
            // Neither looked at nor written again and again while a burst lasts.
            if calm != 0 && distance() >= Self::FAR * Block::<T>::CAP {
                self.calm.store(0, Ordering::Relaxed);
            }
        } else if calm < CALM {
            self.calm.store(calm + 1, Ordering::Relaxed);
        }
        let wanted = spare.max(usize::from(calm == CALM));
        // SAFETY: the block is the caller's alone, and `first` is alive, see above.
        if wanted > 0 && unsafe { self.link_last(block, first, wanted) } {
            return;
        }
        // SAFETY: ours alone.
        unsafe { if is_behind || calm == CALM { self.keep(block) } else { block.free() } }
    }

    /// A reader that is so many blocks behind the tail works off a burst.
    const FAR: usize = if FreeList::<T>::CAP > 8 { FreeList::<T>::CAP } else { 8 };

    /// Keeps a block for a producer, or frees it.
    ///
    /// # Safety
    /// The caller owns the block alone, and nobody is left who could look at it.
    pub(super) unsafe fn keep(&self, block: Block<T>) {
        // SAFETY: by contract. Without a cursor, nobody would come by to give it back.
        unsafe { if self.has_no_cursor() { block.free() } else { self.free_list.put(block) } }
    }

    /// Gives back blocks that were handed_over, that are kept for producers, and that are in limbo without
    /// a pin, and frees slots that sleepers have left. For readers that find nothing to read, or go. Not for interrupt handlers.
    ///
    /// Blocks that a producer has in hand just now, to take one of them, are not seen: they wait for the next
    /// one who comes by, or for the list's end.
    #[inline]
    pub(crate) fn tidy(&self) {
        if self.has_leftovers() {
            // SAFETY: it may not link.
            unsafe { self.tidy_up(false) };
        }
    }

    /// `tidy`, for a cursor: completes the reserve again.
    ///
    /// # Safety
    /// The caller owns a count of a block until this returns.
    #[inline]
    pub(crate) unsafe fn tidy_beside_cursor(&self) {
        if self.has_leftovers() {
            // SAFETY: by contract.
            unsafe { self.tidy_up(true) };
        }
    }

    /// Returns `true` if there is something to tidy up: a look.
    #[inline]
    fn has_leftovers(&self) -> bool {
        // One branch.
        let blocks = self.handed_over.top() | self.free_list.top() | self.limbo.top();
        blocks | self.waiters.abandoned() != 0
    }

    /// # Safety
    /// As `clear_limbo`.
    #[cold]
    unsafe fn tidy_up(&self, may_link: bool) {
        self.release_handed_over();
        // A hint, which spares the work if a pin stays for long. `clear_limbo` asks again.
        if !self.limbo.is_empty() && !self.is_pinned() {
            // SAFETY: by contract.
            unsafe { self.clear_limbo(may_link) };
        }
        self.free_list.clear();
        // User code, which may panic.
        self.waiters.free_abandoned();
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
    /// completes the block takes_over the count, and with it all items.
    #[cold]
    pub(crate) fn drop_unreadable(&self) {
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
        self.release_handed_over();
        self.waiters.free_abandoned();
        // Relaxed: a hint, for the exchange. Acquire: partner of `after_publish`, for the publication.
        if self.has_unreadable.load(Ordering::Relaxed)
            && self.has_unreadable.swap(false, Ordering::Acquire)
        {
            self.drop_unreadable();
        }
    }

    /// Retires the blocks that were left to whoever comes by. Not for interrupt handlers.
    pub(crate) fn release_handed_over(&self) {
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
        if !self.handed_over.is_empty() {
            Rest(self, self.handed_over.take()).run();
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::list::{OnFull, Reclaim, position::RawCursor};

    /// Blocks of a burst, few under Miri.
    const BURST: usize = if cfg!(miri) { 5 } else { 20 };

    fn push(list: &List<usize>, item: usize) {
        let claim = list.claim(1, OnFull::Allocate).unwrap_or_else(|_| panic!("it takes items"));
        // SAFETY: the slot was claimed, and is filled and published here.
        unsafe {
            claim.block.write(claim.slot, item);
            list.publish(claim, Reclaim::Inline);
        }
    }

    /// Blocks at and behind the head.
    fn linked(list: &List<usize>) -> usize {
        let head = Block::from_ptr(list.head.load(Ordering::Relaxed));
        // SAFETY: this thread has the list alone.
        core::iter::successors(head, |block| unsafe { block.next() }).count()
    }

    /// Puts the blocks of a burst into limbo, by a pin that is there while they are read.
    fn fill_limbo(list: &List<usize>, cursor: &mut RawCursor<usize>, blocks: usize) {
        let items = blocks * Block::<usize>::CAP;
        (0..items).for_each(|item| push(list, item));
        let _pin = list.pin();
        (0..items).for_each(|item| assert_eq!(cursor.pop(list), Some(item)));
        assert_eq!(cursor.pop(list), None);
        assert!(!list.limbo.is_empty(), "pinned");
    }

    #[test]
    fn blocks_in_limbo_go_when_reader_finds_nothing() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        fill_limbo(&list, &mut cursor, BURST);
        assert_eq!(cursor.pop(&list), None);
        assert!(list.limbo.is_empty() && list.free_list.is_empty());
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn end_in_limbo_is_forgotten() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        list.reserve(4 * Block::<usize>::CAP);
        // Up to the last block of the reserve and past it, all with a pin in sight.
        fill_limbo(&list, &mut cursor, 8);
        assert_eq!(cursor.pop(&list), None);
        assert!(list.reserved.load(Ordering::Relaxed).is_null());
        for item in 0..10 * Block::<usize>::CAP {
            push(&list, item);
            assert_eq!(cursor.pop(&list), Some(item));
        }
        assert!(linked(&list) > 1, "a block that retires is linked again");
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn reserved_block_that_retired_is_taken_back() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        let pin = list.pin();
        let last = list.pinned_tail().block();
        fill_limbo(&list, &mut cursor, 1);
        // SAFETY: the pin is still there.
        unsafe { list.note_reserved(last) };
        assert!(!list.is_reserved(last));
        drop(pin);
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    struct Loud(bool);

    impl Drop for Loud {
        fn drop(&mut self) {
            assert!(!self.0, "loud");
        }
    }

    fn panics(f: impl FnOnce()) -> bool {
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)).is_err()
    }

    /// The last reader is dropped with an item left whose drop panics, and a block in the free_list.
    fn assert_stash_is_cleared<R>(
        (pusher, mut reader): (crate::pusher::Pusher<Loud>, R),
        read: fn(&mut R) -> bool,
    ) {
        let slots = Block::<Loud>::CAP;
        (0..(BURST + 1) * slots).for_each(|_| drop(pusher.push(Loud(false))));
        (0..BURST * slots).for_each(|_| assert!(read(&mut reader)));
        drop(pusher.push(Loud(true)));
        assert!(!pusher.list.free_list.is_empty());
        assert!(panics(|| drop(reader)));
        assert!(pusher.list.free_list.is_empty(), "without a cursor");
    }

    #[test]
    fn last_item_drop_panics_stash_is_cleared() {
        let push_list = crate::push_list::<Loud>;
        assert_stash_is_cleared(push_list(), |cursor| cursor.try_next().is_ok());
        let (pusher, cursor) = push_list();
        assert_stash_is_cleared((pusher, cursor.share()), |taker| taker.try_next().is_ok());
        let (pusher, cursor) = crate::task::no_wake_list();
        assert_stash_is_cleared((pusher.into_inner(), cursor), |one| one.next_ready().is_some());
    }

    #[test]
    fn waker_panics_inherited_block_is_retired() {
        struct LoudWake;
        impl alloc::task::Wake for LoudWake {
            fn wake(self: alloc::sync::Arc<Self>) {
                panic!("loud wake");
            }
        }
        let (pusher, cursor) = crate::push_list();
        let list = &*pusher.list;
        let claim = list.claim(1, OnFull::Allocate).unwrap_or_else(|_| panic!("it takes items"));
        (1..=Block::<usize>::CAP).for_each(|item| pusher.push(item).unwrap());
        let mut late = pusher.subscribe();
        while late.try_next().is_ok() {}
        // The claim keeps the first block, which has no reader then.
        drop(cursor);
        let waker = core::task::Waker::from(alloc::sync::Arc::new(LoudWake));
        let mut cx = core::task::Context::from_waker(&waker);
        let polled = futures_core::Stream::poll_next(core::pin::Pin::new(&mut late), &mut cx);
        assert!(polled.is_pending());
        let block = claim.block;
        // SAFETY: the slot was claimed, and is filled and published here.
        assert!(panics(|| unsafe {
            claim.block.write(claim.slot, 0);
            list.publish(claim, Reclaim::Inline);
        }));
        assert!(list.handed_over.is_empty());
        assert_ne!(list.head.load(Ordering::Relaxed), block.as_ptr(), "retired");
    }

    /// Pushes as a handler does: with neither allocation nor release.
    fn try_push(list: &List<usize>, item: usize) -> bool {
        let Ok(claim) = list.claim(1, OnFull::Fail) else { return false };
        // SAFETY: the slot was claimed, and is filled and published here.
        unsafe {
            claim.block.write(claim.slot, item);
            list.publish(claim, Reclaim::Deferred);
        }
        true
    }

    #[test]
    fn reserve_is_whole_after_pinned_retirements() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        let slots = Block::<usize>::CAP;
        list.reserve(3 * slots);
        let before = linked(&list);
        for block in 0..10 {
            // Half of the blocks retire with a pin in sight.
            let pin = (block % 2 == 0).then(|| list.pin());
            for item in 0..slots {
                assert!(try_push(&list, item), "full in block {block}");
                assert_eq!(cursor.pop(&list), Some(item));
            }
            assert_eq!(cursor.pop(&list), None);
            drop(pin);
            assert_eq!(cursor.pop(&list), None);
            assert_eq!(linked(&list), before, "block {block}");
        }
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn retirement_links_blocks_in_limbo_again() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        let slots = Block::<usize>::CAP;
        list.reserve(3 * slots);
        let before = linked(&list);
        fill_limbo(&list, &mut cursor, 2);
        for item in 0..slots + 1 {
            push(&list, item);
            assert_eq!(cursor.pop(&list), Some(item));
        }
        assert!(list.limbo.is_empty());
        assert_eq!(linked(&list), before);
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn try_push_takes_blocks_from_limbo() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        let slots = Block::<usize>::CAP;
        list.reserve(slots);
        let pin = list.pin();
        let mut pushed = 0;
        while try_push(&list, pushed) {
            assert_eq!(cursor.pop(&list), Some(pushed));
            pushed += 1;
        }
        assert!(pushed >= slots && !list.limbo.is_empty());
        assert!(!try_push(&list, 0), "pinned");
        drop(pin);
        // The reader does not come.
        (0..slots).for_each(|item| assert!(try_push(&list, item), "{item}"));
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn tidy_without_count_leaves_reserve_in_limbo() {
        let (list, block) = List::new(0);
        let mut cursor = RawCursor::new(block, 0);
        list.reserve(3 * Block::<usize>::CAP);
        fill_limbo(&list, &mut cursor, BURST);
        list.tidy();
        let mut left = 0;
        for block in list.limbo.take() {
            left += 1;
            // SAFETY: the stack gave it to this thread.
            unsafe { block.free() };
        }
        assert_eq!(left, list.spare.load(Ordering::Relaxed));
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn reserve_stays_linked_in_steady_flow() {
        let (list, block) = List::new(usize::MAX - 99);
        let mut cursor = RawCursor::new(block, 0);
        let slots = Block::<usize>::CAP;
        for room in [4 * slots, 2 * slots, 7 * slots] {
            list.reserve(room);
            for item in 0..10 * slots {
                push(&list, item);
                assert_eq!(cursor.pop(&list), Some(item));
            }
            // SAFETY: the word belongs to the retirement at hand, and there is none.
            let end = Block::from_ptr(list.end.with(|end| unsafe { *end }));
            // SAFETY: this thread has the list alone.
            assert!(end.is_some_and(|end| unsafe { end.next() }.is_none()));
        }
        let spare = list.spare.load(Ordering::Relaxed);
        assert!((7..=8).contains(&spare), "{spare}");
        assert_eq!(linked(&list), 1 + spare);
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }
}
