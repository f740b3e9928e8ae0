//! A position in the list, and how it moves. It knows no wakers and clones only when it must.
//!
//! Inside a run of ready slots a cursor touches no shared word: it knows where the run ends, and
//! whether it is *alone*, the only reader of its block and of all before. Alone, it moves items
//! out. It asks again at each new run, one *among* others also for each item that it takes singly, and
//! that is enough: who enters at the tail is counted in `readers` before any slot behind its own
//! position can be published (see `List::enter`), and who forks has the cursor itself in hand.
//!
//! What is live in a block: alone, everything from `slot` on. Else everything from the block's
//! `live_from` on, which is brought up to date when a cursor stops being alone.

use core::mem::needs_drop;

use crate::{
    list::{List, block::Block, clone_fn::CloneFn, readers::Outcome, ready_slots::ReadySlots},
    sync::{AtomicUsize, Ordering},
};

/// In `RawCursor::mode`: the cursor is the only reader of its block and of all before.
pub(super) const EXCLUSIVE: usize = 1;
/// In `RawCursor::mode`: the cursor has slept since it last took an item. It then takes the next
/// item by steps.
const IDLE: usize = 1 << 1;

/// A run of fewer items is short.
const SHORT: usize = 8;

pub(crate) struct RawCursor<T> {
    pub(super) block: Block<T>,
    /// The next slot to read; `CAP` when the block is done.
    pub(super) slot: usize,
    /// The slots before this one are known to be ready. May lie behind `slot`: among others, nobody keeps it.
    pub(super) ready: usize,
    /// Items to step over, unread: those pushed before a subscription.
    skip: usize,
    /// Where this cursor is counted in its block's `parked`; 0 for nowhere.
    pub(super) parked: usize,
    /// `EXCLUSIVE` and `IDLE`. Atomic only because `fork` takes `&self`, maybe on two threads at once.
    mode: AtomicUsize,
    /// How to clone, if this cursor was among others when it last asked, does not set_idle, and has nothing to step over:
    /// one look at it tells that the next item is to be had in the shortest way.
    pub(super) among: CloneFn<T>,
}

// SAFETY: a cursor moves items of the list to the thread it is on, or clones them there, which
// `fork` and `subscribe` allow for `T: Sync` only. The block is shared by counts, as an `Arc` is.
unsafe impl<T: Send> Send for RawCursor<T> {}
// SAFETY: through `&RawCursor` items are only looked at, from several threads: `T: Sync`. A fork made
// there can go anywhere, which is `T: Send`.
unsafe impl<T: Send + Sync> Sync for RawCursor<T> {}

/// What `refill` found.
pub(crate) enum Refill<T> {
    /// At least one item is ready in the current run.
    Ready,
    /// Nothing is ready.
    Empty,
    /// The cursor went on to the next block, and its count of this old one is to be released, with
    /// no lock held. Then it is time to look again.
    Left(Block<T>),
}

/// An item that a shared cursor took under its lock.
pub(crate) enum Taken<T> {
    /// Moved out.
    Moved(T),
    /// To be cloned from this slot. A count of the block goes with it.
    Held(Block<T>, usize),
}

impl<T> RawCursor<T> {
    /// A cursor that owns a count of the block. It finds out by itself whether it is alone.
    pub(crate) fn new(block: Block<T>, skip: usize) -> Self {
        let (mode, among) = (AtomicUsize::new(0), CloneFn::new());
        Self { block, slot: 0, ready: 0, skip, parked: 0, mode, among }
    }

    #[inline(always)]
    pub(super) fn mode(&self) -> usize {
        // Relaxed: written through `&self` only by `fork`, on a thread that then hands it back.
        self.mode.load(Ordering::Relaxed)
    }

    fn set_mode(&self, mode: usize) {
        // Relaxed: see `mode`.
        self.mode.store(mode, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn is_exclusive(&self) -> bool {
        self.mode() & EXCLUSIVE != 0
    }

    fn set_exclusive(&self) {
        self.set_mode(self.mode() | EXCLUSIVE);
        self.among.clear();
    }

    /// Not alone: says so if it was, and how to clone.
    fn set_shared(&self, clone_fn: &CloneFn<T>) {
        let mode = self.mode() & !EXCLUSIVE;
        self.set_mode(mode);
        if self.skip == 0 && mode & IDLE == 0 {
            self.among.copy(clone_fn);
        }
    }

    /// The cursor goes to sleep.
    pub(crate) fn set_idle(&self) {
        self.set_mode(self.mode() | IDLE);
        self.among.clear();
    }

    /// Returns `true` if the cursor has gone to sleep and has not called `wake_up` since.
    #[inline(always)]
    pub(crate) fn is_idle(&self) -> bool {
        self.mode() & IDLE != 0
    }

    pub(crate) fn set_active(&self) {
        self.set_mode(self.mode() & !IDLE);
    }

    /// A second cursor at the same position. The caller has left `T::clone` with the list.
    ///
    /// # Panics
    /// As `Readers::join`; then there is none.
    pub(crate) fn fork(&self) -> Self {
        // SAFETY: our count keeps the block alive.
        let header = unsafe { self.block.header() };
        let mode = self.mode();
        if mode & EXCLUSIVE != 0 {
            header.set_live_from(self.slot);
        }
        header.readers.acquire();
        // How to clone, the two find out by steps.
        self.set_mode(mode & !EXCLUSIVE);
        Self { slot: self.slot, ready: self.ready, ..Self::new(self.block, self.skip) }
    }

    /// True if the current run has an item, after a look at the list. Other blocks' items are
    /// dropped here: no lock may be held.
    #[inline(always)]
    pub(crate) fn fill(&mut self, list: &List<T>) -> bool {
        self.slot < self.ready || self.fill_slow(list)
    }

    #[inline]
    fn fill_slow(&mut self, list: &List<T>) -> bool {
        let known = if self.is_exclusive() { self.fill_exclusive(self.slot) } else { None };
        known.unwrap_or_else(|| self.fill_in_steps(list))
    }

    /// Notes where the run ends that begins at `slot`, for a cursor that is alone there. True if there is one;
    /// `None` is no answer.
    ///
    /// The common case by itself: no call, and nothing to bring up to date.
    #[inline(always)]
    pub(super) fn fill_exclusive(&mut self, slot: usize) -> Option<bool> {
        if slot == Block::<T>::CAP {
            return None;
        }
        // SAFETY: our count keeps the block alive.
        let header = unsafe { self.block.header() };
        let end = header.run_end(slot);
        if end == slot {
            return Some(false);
        }
        // After the bits, as in `refill`.
        if header.readers.count() != 1 {
            return None;
        }
        self.ready = end;
        Some(true)
    }

    #[inline(never)]
    fn fill_in_steps(&mut self, list: &List<T>) -> bool {
        loop {
            match self.refill(list) {
                Refill::Ready => return true,
                Refill::Empty => return false,
                // SAFETY: the count is this cursor's, which has gone on.
                Refill::Left(block) => unsafe { list.release(block) },
            }
        }
    }

    /// Looks for the next run. Runs no user code. Lock-free; wait-free inside a run.
    ///
    /// # Panics
    /// As `advance_block`.
    #[inline(always)]
    pub(crate) fn refill(&mut self, list: &List<T>) -> Refill<T> {
        if self.slot < self.ready { Refill::Ready } else { self.refill_slow(list) }
    }

    #[inline(never)]
    fn refill_slow(&mut self, list: &List<T>) -> Refill<T> {
        loop {
            if self.slot < self.ready {
                return Refill::Ready;
            }
            if self.slot == Block::<T>::CAP {
                match self.advance_block(list) {
                    Some(left) => return Refill::Left(left),
                    None => continue,
                }
            }
            // SAFETY: our count keeps the block alive.
            let header = unsafe { self.block.header() };
            let end = header.run_end(self.slot);
            if end == self.slot {
                return Refill::Empty;
            }
            // After the bits: see the head of this file.
            let only_reader = header.readers.count() == 1;
            if self.is_exclusive() && !only_reader {
                header.set_live_from(self.slot);
                self.set_shared(&list.clone_fn);
            }
            self.ready = end;
            let step = self.skip.min(end - self.slot);
            self.slot += step;
            self.skip -= step;
            // With nothing left behind that would have to be dropped: no user code may run here.
            let none_behind = || !needs_drop::<T>() || header.live_from() == self.slot;
            if !self.is_exclusive() && only_reader && self.skip == 0 && none_behind() {
                self.unpark(self.block);
                self.set_exclusive();
            } else if !self.is_exclusive() {
                self.set_shared(&list.clone_fn);
            }
        }
    }

    /// Goes on to the next block. Returns the old one if its count is still to be released.
    ///
    /// # Panics
    /// As `Readers::join`; the cursor is then where it was.
    fn advance_block(&mut self, list: &List<T>) -> Option<Block<T>> {
        if self.is_exclusive() {
            let (left, next) = (self.block, self.next_block());
            // SAFETY: our count keeps it alive.
            let header = unsafe { left.header() };
            // If nobody is pinned, nobody can come in any more: the tail has left this block. In
            // this order, so that who came in and unpinned is counted.
            let alone = if list.is_pinned() {
                header.readers.release_if_unique()
            } else {
                header.readers.count() == 1
            };
            if alone {
                self.parked = 0;
                self.enter_block(next);
                // The link's count of the next block is ours now, as the link goes.
                // SAFETY: we were the only reader and have moved every item out.
                unsafe { list.retire(left, next) };
                return None;
            }
            header.set_live_from(Block::<T>::CAP);
            self.set_shared(&list.clone_fn);
        }
        self.advance_block_shared()
    }

    /// The block behind this one, which is complete.
    fn next_block(&self) -> Block<T> {
        // SAFETY: our count keeps the block alive.
        unsafe { self.block.next() }.expect("a complete block has a next one")
    }

    /// `advance_block`, for a cursor that is not alone: one count up, one down. The second, which would wait for stores in
    /// between, comes right behind the first, unless the cursor had parked.
    ///
    /// # Panics
    /// As `advance_block`.
    #[inline(always)]
    pub(super) fn advance_block_shared(&mut self) -> Option<Block<T>> {
        let (left, next) = (self.block, self.next_block());
        // Before anything else is done, as it may panic.
        // SAFETY: the link keeps it alive, as we are still counted in the old block.
        unsafe { next.header() }.readers.acquire();
        self.unpark(left);
        // Only the common case: if this is the last count, or all other readers have parked, the
        // caller has items to drop.
        // SAFETY: our count keeps it alive up to this very operation.
        let header = unsafe { left.header() };
        let leave = header.readers.release_if_shared(|| header.live_from());
        self.enter_block(next);
        if let Outcome::Released = leave { None } else { Some(left) }
    }

    /// Stands at the first slot of a block of which it has a count.
    fn enter_block(&mut self, block: Block<T>) {
        self.block = block;
        self.slot = 0;
        self.ready = 0;
    }

    /// Asks whether the others have gone meanwhile. Drops what they left behind.
    #[inline(always)]
    pub(super) fn becomes_exclusive(&mut self) -> bool {
        // SAFETY: our count keeps the block alive.
        let header = unsafe { self.block.header() };
        if header.readers.count() != 1 {
            return false;
        }
        self.set_exclusive();
        // `live_from` is not kept while we are alone: who comes in must not count us as parked, and
        // go by it.
        self.unpark(self.block);
        // SAFETY: read by us and by everybody who was here; nobody is behind.
        unsafe { self.block.drop_items(header.live_from(), self.slot) };
        true
    }

    /// Steps over `count` more items when they come, as a subscriber does. For a fork that has nothing to
    /// read: only a cursor that may clone remembers items to step over.
    pub(crate) fn skip_to_come(&mut self, count: usize) {
        if count > 0 {
            debug_assert!(!self.is_exclusive() && self.slot >= self.ready);
            self.skip += count;
            // Only the steps know of `skip`.
            self.among.clear();
        }
    }

    /// Asks to be woken. True if there is something to read after all.
    pub(crate) fn set_waiting(&self) -> bool {
        // SAFETY: our count keeps the block alive.
        unsafe { self.block.header() }.set_waiting(self.slot)
    }

    /// How many looks are needed beyond the next `fill`: one if that will be content with what is known from before, none
    /// if it looks itself. Ask before `fill`.
    pub(crate) fn looks_for_all(&self) -> usize {
        usize::from(self.slot < self.ready)
    }

    /// Whether it has read its block to the end, so that there may be more to read right away.
    pub(crate) fn is_block_read(&self) -> bool {
        self.slot == Block::<T>::CAP
    }

    /// How many items are known to be ready.
    pub(crate) fn run_len(&self) -> usize {
        self.ready - self.slot
    }

    /// For a cursor in mid-block: true if few items are ready of `max`, and not because the block ends.
    #[inline]
    pub(crate) fn is_run_short(&self, max: usize) -> bool {
        // SAFETY: our count keeps the block alive.
        let end = unsafe { self.block.header() }.run_end(self.slot);
        end - self.slot < max.min(SHORT) && end < Block::<T>::CAP
    }

    /// True if the list is stopped and nothing is left to read.
    pub(crate) fn is_drained(&self, list: &List<T>) -> bool {
        let tail = list.tail();
        tail.is_stopped() && self.distance(list) == 0
    }

    /// Where it stands.
    #[inline(always)]
    pub(crate) fn place(&self) -> (Block<T>, usize) {
        (self.block, self.slot)
    }

    /// Items pushed, or about to be, that this cursor has not read.
    pub(crate) fn distance(&self, list: &List<T>) -> usize {
        let tail = list.tail();
        // SAFETY: the tail's block is ours or behind it, and our count keeps both alive.
        let (here, there) = unsafe { (self.block.header().start(), tail.block().header().start()) };
        there
            .wrapping_add(tail.slot())
            .wrapping_sub(here.wrapping_add(self.slot))
            .wrapping_sub(self.skip)
    }

    /// The index of the next item in the list's order.
    pub(crate) fn index(&self) -> usize {
        // SAFETY: our count keeps the block alive.
        unsafe { self.block.header() }.start().wrapping_add(self.slot).wrapping_add(self.skip)
    }

    /// True if an item is ready now.
    pub(crate) fn has_ready(&self) -> bool {
        self.ready_slots().next().is_some()
    }

    /// The published slots from here up to the first that is not, with their blocks.
    pub(crate) fn ready_slots(&self) -> ReadySlots<T> {
        ReadySlots { block: self.block, slot: self.slot, ready: self.ready, skip: self.skip }
    }

    /// Gives the position up.
    ///
    /// # Safety
    /// The cursor is not used again.
    pub(crate) unsafe fn release(&mut self, list: &List<T>) {
        if self.is_exclusive() {
            // SAFETY: our count keeps the block alive.
            unsafe { self.block.header() }.set_live_from(self.slot);
        }
        self.unpark(self.block);
        // SAFETY: the count is ours, and the caller stops here.
        unsafe { list.release(self.block) };
    }
}
