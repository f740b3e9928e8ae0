//! Release of counts, and reclamation of memory that the list does not use.
//!
//! The protocol and the ordering policy are at the head of `mod.rs`.

use crate::{
    defer::Defer,
    list::{List, block::Block, limbo::InLimbo, readers::Outcome},
    sync::Ordering,
};

impl<T> List<T> {
    /// Releases a count of a block. If it is the last count of a complete block, retires the block,
    /// and then releases the count that its link holds of the next block.
    ///
    /// The caller holds no lock, because this drops items, which is user code.
    ///
    /// # Safety
    /// The caller owns a count of the block, and does not use it again.
    pub(crate) unsafe fn release(&self, mut block: Block<T>) {
        loop {
            // SAFETY: the caller's count keeps the block alive.
            let header = unsafe { block.header() };
            match header.readers.release_if_shared(|| header.live_from()) {
                Outcome::Released => return,
                Outcome::OthersParked(slot) => {
                    let from = header.take_before(slot);
                    // SAFETY: `take_before` gave the items to this thread. The other readers have
                    // read them, and a later reader enters behind them. The count is the caller's.
                    unsafe { self.drop_unwanted(block, from, slot) };
                    continue;
                }
                Outcome::Last if header.is_complete() => {
                    if !header.readers.release() {
                        return;
                    }
                    // SAFETY: the block is complete, and this thread released its last count.
                    block = unsafe { self.retire_unread(block) };
                    continue;
                }
                Outcome::Last => {}
            }
            // The count is the last count of an incomplete block. The ready items are dropped now.
            // The producer that completes the block drops the other items.
            let live_from = header.live_from();
            match header.orphan(live_from) {
                Ok(()) => return,
                // The count is read after the bits. If it is still 1, a later reader enters behind
                // these items.
                Err(run) if header.readers.count() == 1 && run > live_from => {
                    header.set_live_from(run);
                    // SAFETY: the items are published and live, and no other reader needs them. The
                    // count is the caller's.
                    unsafe { self.drop_unwanted(block, live_from, run) };
                }
                Err(_) => {}
            }
        }
    }

    /// Drops the live items of a block, and retires it. Returns the next block. The count of the
    /// link to that block passes to the caller.
    ///
    /// # Safety
    /// The block is complete, and the caller released its last count.
    unsafe fn retire_unread(&self, block: Block<T>) -> Block<T> {
        // SAFETY: this thread owns the block exclusively, so the block is alive.
        let (header, next) = unsafe { (block.header(), block.next()) };
        let next = next.expect("a complete block has a next block");
        // SAFETY: this thread owns the block exclusively, and its items have been dropped. The
        // count of the link to `next` belongs to this thread.
        let unwind_guard = Defer(|| unsafe {
            self.retire(block, next);
            self.release(next);
        });
        // SAFETY: the block is complete, and this thread owns it exclusively. The items from
        // `live_from` on are not yet moved out or dropped.
        unsafe { block.drop_items(header.live_from(), Block::<T>::CAP) };
        core::mem::forget(unwind_guard);
        // SAFETY: as in `unwind_guard`.
        unsafe { self.retire(block, next) };
        next
    }

    /// Drops items of a block, before the caller releases its count. If a drop panics, releases the
    /// count.
    ///
    /// # Safety
    /// - The items of `from..to` are published and live, and belong to the caller.
    /// - The caller owns a count of the block, and does not use it after a panic.
    unsafe fn drop_unwanted(&self, block: Block<T>, from: usize, to: usize) {
        // SAFETY: the caller owns the count, and does not use it after a panic, by contract.
        let unwind_guard = Defer(|| unsafe { self.release(block) });
        // SAFETY: the count keeps the block alive. The items belong to the caller, by contract.
        unsafe { block.drop_items(from, to) };
        core::mem::forget(unwind_guard);
    }

    /// Reclaims unused memory, when a reader finds nothing to read or is dropped.
    ///
    /// Retires handed-over blocks, empties limbo and the free list, and frees wait slots that were
    /// left. Must not be called by an interrupt handler, because it drops items and frees memory.
    ///
    /// Does not see blocks that a concurrent `BlockStack::pop` is about to put back. The next call
    /// or the drop of the list reclaims these blocks.
    #[inline]
    pub(crate) fn reclaim_unused(&self) {
        if self.has_unused() {
            // SAFETY: only `InLimbo::Link` requires a count.
            unsafe { self.reclaim_slow(InLimbo::Leave) };
        }
    }

    /// Reclaims unused memory as `reclaim_unused` does, but links blocks in limbo again if the
    /// reserve lacks blocks.
    ///
    /// # Safety
    /// The caller owns a count of a block until this returns.
    #[inline]
    pub(crate) unsafe fn reclaim_and_relink(&self) {
        if self.has_unused() {
            // SAFETY: the caller owns a count until this returns, by contract.
            unsafe { self.reclaim_slow(InLimbo::Link) };
        }
    }

    /// Returns `true` if there is unused memory. A hint.
    #[inline]
    fn has_unused(&self) -> bool {
        // The bitwise or needs only one branch.
        let blocks = self.handed_over.top() | self.free_list.top() | self.limbo.top();
        blocks | self.waiters.abandoned() != 0
    }

    /// Reclaims unused memory. See `reclaim_unused` and `reclaim_and_relink`.
    ///
    /// # Safety
    /// With `InLimbo::Link`, the caller owns a count of a block until this returns.
    #[cold]
    unsafe fn reclaim_slow(&self, in_limbo: InLimbo) {
        self.release_handed_over();
        // A hint that saves the work while a pin lasts. `clear_limbo` checks again.
        if !self.limbo.is_empty() && !self.is_pinned() {
            // SAFETY: the contract of `clear_limbo` is the same.
            unsafe { self.clear_limbo(in_limbo) };
        }
        self.free_list.clear();
        // The last step, because it drops wakers, which may panic.
        self.waiters.free_abandoned();
    }

    /// Drops the items that were published after the last cursor was dropped. Must not be called by
    /// an interrupt handler.
    ///
    /// The state word of the orphaned block orders each publication and the `orphan` of the last
    /// cursor. If the publication is first, the cursor sees the item and drops it. If `orphan` is
    /// first, the producer sees `ORPHANED` and calls this. It adopts the count and releases it
    /// again, which drops the item. If another thread has adopted the count, that thread orphans
    /// the block by a later change of the same word, so it sees the item.
    ///
    /// If the caller's block is not the tail block, all its slots are claimed. The producer that
    /// completes that block takes over the count, and with it all items.
    #[cold]
    pub(crate) fn drop_unreadable(&self) {
        let pin = self.pin();
        let block = self.pinned_tail().block();
        // SAFETY: `pinned_tail` returned the block after the pin was made, so the block is alive.
        let adopted = unsafe { block.header() }.adopt();
        drop(pin);
        if adopted {
            // SAFETY: this thread owns the adopted count, and does not use it again.
            unsafe { self.release(block) };
        }
    }

    /// Reclaims what `Reclaim::Deferred` publications left on a list without a cursor, when a push
    /// is refused. Must not be called by an interrupt handler.
    #[cold]
    pub(crate) fn reclaim_deferred(&self) {
        self.release_handed_over();
        self.waiters.free_abandoned();
        // Relaxed: a hint that saves the swap. Acquire: partner of `after_publish`, for the
        // publication.
        if self.has_unreadable.load(Ordering::Relaxed)
            && self.has_unreadable.swap(false, Ordering::Acquire)
        {
            self.drop_unreadable();
        }
    }

    /// Retires the handed-over blocks. Must not be called by an interrupt handler.
    pub(crate) fn release_handed_over(&self) {
        if self.handed_over.is_empty() {
            return;
        }
        let mut blocks = self.handed_over.take_all();
        // SAFETY: the stack owned the last count of each block, and gave it to this thread.
        let release_all = || blocks.by_ref().for_each(|block| unsafe { self.release(block) });
        // If the drop of an item panics, the drop releases the other blocks.
        Defer(release_all).run();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::list::{OnFull, Reclaim, position::RawCursor};

    fn new_list(first: usize) -> (List<usize>, RawCursor<usize>) {
        let (list, block) = List::new(first);
        (list, RawCursor::new(block, 0))
    }

    fn push(list: &List<usize>, item: usize) {
        assert!(push_with(list, item, OnFull::Allocate, Reclaim::Inline));
    }

    /// Pushes as an interrupt handler does: neither allocates nor frees.
    fn try_push(list: &List<usize>, item: usize) -> bool {
        push_with(list, item, OnFull::Fail, Reclaim::Deferred)
    }

    fn push_with(list: &List<usize>, item: usize, on_full: OnFull, reclaim: Reclaim) -> bool {
        let Ok(claim) = list.claim(1, on_full) else { return false };
        // SAFETY: this thread claimed the slot, and fills it before it publishes the slot.
        unsafe {
            claim.block.write(claim.slot, item);
            list.publish(claim, reclaim);
        }
        true
    }

    /// Returns the number of linked blocks from the head on.
    fn linked(list: &List<usize>) -> usize {
        let head = Block::from_ptr(list.head.load(Ordering::Relaxed));
        // SAFETY: no other thread accesses the list, so its blocks are alive.
        core::iter::successors(head, |block| unsafe { block.next() }).count()
    }

    /// Puts the blocks of a burst into limbo, because they are read while the list is pinned.
    fn fill_limbo(list: &List<usize>, cursor: &mut RawCursor<usize>, blocks: usize) {
        let items = blocks * Block::<usize>::CAP;
        (0..items).for_each(|item| push(list, item));
        let _pin = list.pin();
        (0..items).for_each(|item| assert_eq!(cursor.pop(list), Some(item)));
        assert_eq!(cursor.pop(list), None);
        assert!(!list.limbo.is_empty(), "blocks must be in limbo while pinned");
    }

    #[test]
    fn limbo_is_emptied_when_list_is_drained() {
        let (list, mut cursor) = new_list(0);
        fill_limbo(&list, &mut cursor, 20);
        assert_eq!(cursor.pop(&list), None);
        assert!(list.limbo.is_empty() && list.free_list.is_empty());
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn end_and_reserved_forget_block_in_limbo() {
        let (list, mut cursor) = new_list(0);
        list.reserve(4 * Block::<usize>::CAP);
        // Retires the last block of the reserve, and later blocks, while the list is pinned.
        fill_limbo(&list, &mut cursor, 8);
        assert_eq!(cursor.pop(&list), None);
        assert!(list.reserved.load(Ordering::Relaxed).is_null());
        for item in 0..10 * Block::<usize>::CAP {
            push(&list, item);
            assert_eq!(cursor.pop(&list), Some(item));
        }
        assert!(linked(&list) > 1, "a retired block must be linked again");
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn note_reserved_removes_retired_block() {
        let (list, mut cursor) = new_list(0);
        let pin = list.pin();
        let last = list.pinned_tail().block();
        fill_limbo(&list, &mut cursor, 1);
        // SAFETY: the list is pinned, and `last` was the tail block after that.
        unsafe { list.note_reserved(last) };
        assert!(!list.is_reserved(last));
        drop(pin);
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    struct PanicOnDrop(bool);

    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            assert!(!self.0, "panic on drop");
        }
    }

    fn panics(f: impl FnOnce()) -> bool {
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)).is_err()
    }

    /// Drops the last reader. An unread item panics on drop, and the free list is not empty.
    fn assert_free_list_is_cleared<R>(
        (pusher, mut reader): (crate::pusher::Pusher<PanicOnDrop>, R),
        read: fn(&mut R) -> bool,
    ) {
        let slots = Block::<PanicOnDrop>::CAP;
        (0..12 * slots).for_each(|_| drop(pusher.push(PanicOnDrop(false))));
        (0..11 * slots).for_each(|_| assert!(read(&mut reader)));
        drop(pusher.push(PanicOnDrop(true)));
        assert!(!pusher.list.free_list.is_empty());
        assert!(panics(|| drop(reader)));
        assert!(pusher.list.free_list.is_empty(), "free list must be empty without a cursor");
    }

    #[test]
    fn last_item_drop_panics_free_list_is_cleared() {
        let push_list = crate::push_list::<PanicOnDrop>;
        assert_free_list_is_cleared(push_list(), |cursor| cursor.try_next().is_ok());
        let (pusher, cursor) = push_list();
        assert_free_list_is_cleared((pusher, cursor.share()), |taker| taker.try_next().is_ok());
        let (pusher, cursor) = crate::task::no_wake_list();
        assert_free_list_is_cleared((pusher.into_inner(), cursor), |reader| {
            reader.next_ready().is_some()
        });
    }

    #[test]
    fn waker_panics_handed_over_block_is_retired() {
        struct PanicOnWake;
        impl alloc::task::Wake for PanicOnWake {
            fn wake(self: alloc::sync::Arc<Self>) {
                panic!("panic on wake");
            }
        }
        let (pusher, cursor) = crate::push_list();
        let list = &*pusher.list;
        let claim =
            list.claim(1, OnFull::Allocate).unwrap_or_else(|_| panic!("list must take items"));
        (1..=Block::<usize>::CAP).for_each(|item| pusher.push(item).unwrap());
        let mut late = pusher.subscribe();
        while late.try_next().is_ok() {}
        // The unpublished claim keeps the first block, which has no reader after this.
        drop(cursor);
        let waker = core::task::Waker::from(alloc::sync::Arc::new(PanicOnWake));
        let mut cx = core::task::Context::from_waker(&waker);
        let polled = futures_core::Stream::poll_next(core::pin::Pin::new(&mut late), &mut cx);
        assert!(polled.is_pending());
        let block = claim.block;
        // SAFETY: this thread claimed the slot, and fills it before it publishes the slot.
        assert!(panics(|| unsafe {
            claim.block.write(claim.slot, 0);
            list.publish(claim, Reclaim::Inline);
        }));
        assert!(list.handed_over.is_empty());
        assert_ne!(list.head.load(Ordering::Relaxed), block.as_ptr(), "block must be retired");
    }

    #[test]
    fn subscribe_without_reclaim_drops_no_item() {
        type Item = alloc::sync::Arc<()>;
        let item = Item::default();
        let (pusher, cursor) = crate::push_list::<Item>();
        let list = &*pusher.list;
        let claim =
            list.claim(1, OnFull::Allocate).unwrap_or_else(|_| panic!("list must take items"));
        (1..=Block::<Item>::CAP).for_each(|_| pusher.push(Item::default()).unwrap());
        let late = pusher.subscribe();
        // The unpublished claim keeps the first block, which has no reader after this.
        drop(cursor);
        // SAFETY: this thread claimed the slot, and fills it before it publishes the slot.
        unsafe {
            claim.block.write(claim.slot, item.clone());
            list.publish(claim, Reclaim::Deferred);
        }
        let mut later = pusher.subscribe_without_reclaim();
        assert_eq!(Item::strong_count(&item), 2, "the item must not be dropped");
        assert!(later.try_next().is_err());
        assert_eq!(Item::strong_count(&item), 1, "the item must be dropped");
        drop(late);
    }

    #[test]
    fn reserve_is_whole_after_pinned_retirements() {
        let (list, mut cursor) = new_list(0);
        let slots = Block::<usize>::CAP;
        list.reserve(3 * slots);
        let before = linked(&list);
        for block in 0..10 {
            // Half of the blocks retire while the list is pinned.
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
        let (list, mut cursor) = new_list(0);
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
        let (list, mut cursor) = new_list(0);
        let slots = Block::<usize>::CAP;
        list.reserve(slots);
        let pin = list.pin();
        let mut pushed = 0;
        while try_push(&list, pushed) {
            assert_eq!(cursor.pop(&list), Some(pushed));
            pushed += 1;
        }
        assert!(pushed >= slots && !list.limbo.is_empty());
        assert!(!try_push(&list, 0), "blocks must stay in limbo while pinned");
        drop(pin);
        // The cursor does not reclaim anything meanwhile.
        (0..slots).for_each(|item| assert!(try_push(&list, item), "{item}"));
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn reclaim_without_count_leaves_reserve() {
        let (list, mut cursor) = new_list(0);
        list.reserve(3 * Block::<usize>::CAP);
        fill_limbo(&list, &mut cursor, 20);
        list.reclaim_unused();
        // SAFETY: the stack gave the block to this thread, and no pin leads to it.
        let left = list.limbo.take_all().map(|block| unsafe { block.free() }).count();
        assert_eq!(left, list.spare.load(Ordering::Relaxed));
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }

    #[test]
    fn reserve_stays_linked_in_steady_flow() {
        let (list, mut cursor) = new_list(usize::MAX - 99);
        let slots = Block::<usize>::CAP;
        for room in [4 * slots, 2 * slots, 7 * slots] {
            list.reserve(room);
            for item in 0..10 * slots {
                push(&list, item);
                assert_eq!(cursor.pop(&list), Some(item));
            }
            // SAFETY: no retirement is in progress, so no other access is concurrent.
            let end = Block::from_ptr(list.end.with(|end| unsafe { *end }));
            // SAFETY: no other thread accesses the list, so its blocks are alive.
            assert!(end.is_some_and(|end| unsafe { end.next() }.is_none()));
        }
        let spare = list.spare.load(Ordering::Relaxed);
        assert!((7..=8).contains(&spare), "{spare}");
        assert_eq!(linked(&list), 1 + spare);
        // SAFETY: the cursor is not used again.
        unsafe { cursor.release(&list) };
    }
}
