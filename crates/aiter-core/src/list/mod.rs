//! The list itself: claim a slot, publish it, enter. It reads no items. What becomes of blocks that were read, or left, is
//! in `list/reclaim.rs`.
//!
//! # The protocol
//! A producer *claims* slots by a compare-and-swap on the tail word, fills them, and *publishes*
//! them by one addition to their block's state word. An unpublished claim keeps its block, and all
//! that follow, alive. Whoever claims a block's last slot has linked the next block before: so a
//! cursor that has read a complete block always finds the next, and there is no gap at the edge in
//! which others would have to wait.
//!
//! A cursor stands in a block and holds one of its counts; a block's link holds one of the next
//! block's. So nothing at or after a cursor goes away. A *complete* block whose last count goes is
//! retired: its items are dropped and its memory is used again, kept for a producer, or freed.
//!
//! # Pins
//! Three rare operations look into the tail block without a claim or a count: a claim at a block's
//! edge, `subscribe` and `reserve` (and `retained`). They pin the list: count themselves in `pins`,
//! and only then read the tail, by a read-modify-write. Whoever moves the tail off that block does
//! it by a later read-modify-write of the same word, so it knows of the pin, and through the
//! block's last publication so does whoever retires the block. That one finds `pins` not zero and
//! puts the memory into limbo. No fence, no epoch; a block's retirement costs one load for it.
//!
//! # Ordering policy
//! The tail: a claim is an Acquire, as it must see the block that the tail names (Release: the
//! claim at the edge that put it there) and the pins of those who read the tail before; a claim at
//! the edge and a pinned read are AcqRel, as each is both sides. `stop` is a Release.

use crate::{
    error::Refusal,
    list::{
        block::{Block, Header, Published},
        block_stack::BlockStack,
        clone_fn::{CloneFn, CloneRunFn},
        free_list::Stash,
        pusher_count::Handles,
        tail::Tail,
    },
    sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, RIVAL_PAUSES, UnsafeCell, retry_hint},
    wait::queue::{WaitQueue, Wakers},
};

pub(crate) mod block;
mod block_stack;
pub(crate) mod clone_fn;
mod free_list;
pub(crate) mod position;
pub(crate) mod pusher_count;
pub(crate) mod readers;
mod reclaim;
mod tail;

/// After a burst, so many blocks are freed right at the tail before one is kept there again. The last blocks
/// of a burst are the allocator's newest and may keep all that it took for the burst from going back to
/// the system: those must go, and the list go on in blocks from lower down.
const CALM: usize = 3;

/// What a claim may do when no block is linked ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// Allocate one. If the allocator has no memory, `handle_alloc_error` is called, which may unwind.
    Allocate,
    /// Allocate one, or refuse if the allocator has no memory: for destructors, which must not unwind.
    Attempt,
    /// Refuse.
    Linked,
}

/// Who deals with a block that a publication inherits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleanup {
    /// The producer, at once: it may drop items and free memory.
    Now,
    /// The next cursor that comes by.
    Later,
}

/// Slots that were claimed and not yet published.
pub(crate) struct Claim<T> {
    pub(crate) block: Block<T>,
    pub(crate) slot: usize,
    pub(crate) len: usize,
}

pub(crate) struct List<T> {
    /// See `Tail`.
    tail: AtomicPtr<Header<T>>,
    /// Cursors alive. Beside the tail, as every push reads it.
    cursors: AtomicUsize,
    /// Of which the last one stops the list.
    pub(crate) handles: Handles,
    /// Operations that look into the tail block without a claim or a count.
    pins: AtomicUsize,
    /// How many blocks to keep linked behind the tail block, whatever happens.
    spare: AtomicUsize,
    /// The last block that `reserve` linked. See `reclaim`.
    reserved: AtomicPtr<Header<T>>,
    /// Where the retirement of a block begins to look for the last linked one. See `reclaim`.
    end: UnsafeCell<*mut Header<T>>,
    /// How many blocks were retired with the reader right at the tail since it was `FAR` behind, up to
    /// `CALM`.
    calm: AtomicUsize,
    /// Read blocks for producers, until a reader finds nothing to read.
    stash: Stash<T>,
    /// The oldest block that is not retired. Written by whoever retires, in the list's order.
    head: AtomicPtr<Header<T>>,
    /// The index of `head`'s first slot.
    head_start: AtomicUsize,
    /// Retired blocks whose memory somebody may still look at.
    limbo: BlockStack<T>,
    /// Complete blocks whose last count a handler's push inherited.
    inherited: BlockStack<T>,
    /// Set if a handler's push published into an orphaned block. See `drop_unreadable`.
    has_unreadable: AtomicBool,
    pub(crate) clone_fn: CloneFn<T>,
    pub(crate) clone_run: CloneRunFn<T>,
    /// Cursors, and takers of shared cursors, that sleep.
    pub(crate) waiters: WaitQueue,
}

// SAFETY: items are pushed on one thread and moved out or dropped on another: `T: Send`. They are
// looked at from two threads only through forks, and those ask for `T: Sync`.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: as above; everything else in it is atomic or guarded as its field says.
unsafe impl<T: Send> Sync for List<T> {}

/// Keeps every block from the tail's on from being freed.
pub(crate) struct Pin<'a>(&'a AtomicUsize);

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        // Release: partner of `is_pinned`, for what was looked at.
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl<T> List<T> {
    /// A list with one pusher and one cursor, which stands in the block that is returned.
    /// `first` is the index of the first item.
    pub(crate) fn new(first: usize) -> (Self, Block<T>) {
        let block = Block::allocate(first);
        let list = Self {
            tail: AtomicPtr::new(Tail::new(block, 0).word()),
            cursors: AtomicUsize::new(1),
            handles: Handles::new(),
            pins: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            reserved: AtomicPtr::new(core::ptr::null_mut()),
            end: UnsafeCell::new(core::ptr::null_mut()),
            calm: AtomicUsize::new(CALM),
            stash: Stash::new(),
            head: AtomicPtr::new(block.as_ptr()),
            head_start: AtomicUsize::new(first),
            limbo: BlockStack::new(),
            inherited: BlockStack::new(),
            has_unreadable: AtomicBool::new(false),
            clone_fn: CloneFn::new(),
            clone_run: CloneRunFn::new(),
            waiters: WaitQueue::new(),
        };
        (list, block)
    }

    // ---- The producer's side ----

    /// Claims `want` slots of one block, or fewer if the block ends before. `None` in the error:
    /// no block is linked ahead. Lock-free.
    #[inline(always)]
    pub(crate) fn claim(&self, want: usize, growth: Growth) -> Result<Claim<T>, Option<Refusal>> {
        self.claim_at_once(want).or_else(|seen| self.claim_after(seen, want, growth))
    }

    /// Claims `want` slots of the tail block if there is nothing else to do. The tail that was seen in
    /// the error.
    #[inline(always)]
    pub(crate) fn claim_at_once(&self, want: usize) -> Result<Claim<T>, Tail<T>> {
        // Relaxed: nothing is looked at before the exchange succeeds.
        let tail = Tail::from_word(self.tail.load(Ordering::Relaxed));
        if tail.has_room(want) && !self.has_no_cursor() {
            // Acquire: see the ordering policy.
            let exchanged = self.tail.compare_exchange_weak(
                tail.word(),
                tail.plus(want).word(),
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if exchanged.is_ok() {
                return Ok(Claim { block: tail.block(), slot: tail.slot(), len: want });
            }
        }
        Err(tail)
    }

    /// `claim`, for one that has tried with this tail.
    #[cold]
    pub(crate) fn claim_after(
        &self,
        seen: Tail<T>,
        want: usize,
        growth: Growth,
    ) -> Result<Claim<T>, Option<Refusal>> {
        let mut seen = seen;
        loop {
            self.let_rival_go_on(seen);
            match self.claim_at_once(want) {
                Ok(claim) => return Ok(claim),
                Err(tail) if !tail.has_room(want) => return self.claim_at_edge(want, growth),
                Err(_) if self.has_no_cursor() => return Err(Some(self.why_no_cursor())),
                Err(tail) => seen = tail,
            }
            retry_hint();
        }
    }

    /// Pauses if a claim that saw this tail was overtaken.
    ///
    /// Two that claim in turn carry the tail and the block from core to core for each item. So who
    /// comes second pauses for a fixed time, whatever the other does meanwhile, and then goes on: the
    /// other's pushes come in runs.
    fn let_rival_go_on(&self, seen: Tail<T>) {
        // Relaxed: as in `claim_at_once`.
        if RIVAL_PAUSES > 0 && Tail::from_word(self.tail.load(Ordering::Relaxed)) != seen {
            for _ in 0..RIVAL_PAUSES {
                core::hint::spin_loop();
            }
        }
    }

    /// A claim that may take a block's last slot, and so needs the next block.
    #[cold]
    fn claim_at_edge(&self, want: usize, growth: Growth) -> Result<Claim<T>, Option<Refusal>> {
        let _pin = self.pin();
        loop {
            let tail = self.pinned_tail();
            if tail.is_stopped() {
                return Err(Some(Refusal::Stopped));
            }
            if self.has_no_cursor() {
                return Err(Some(self.why_no_cursor()));
            }
            let (block, slot) = (tail.block(), tail.slot());
            let len = want.min(Block::<T>::CAP - slot);
            let new = if tail.has_room(len) {
                tail.plus(len)
            } else {
                // SAFETY: it was the tail when we looked, after we pinned: alive.
                match unsafe { block.next() } {
                    Some(next) => Tail::new(next, 0),
                    // SAFETY: as above.
                    None => match unsafe { self.grow(block, growth) } {
                        Some(next) => Tail::new(next, 0),
                        // SAFETY: pinned once, and the tail was read after that.
                        None if unsafe { self.link_from_limbo(tail) } => continue,
                        None => return Err(None),
                    },
                }
            };
            // AcqRel: see the ordering policy.
            if self
                .tail
                .compare_exchange(tail.word(), new.word(), Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            {
                return Ok(Claim { block, slot, len });
            }
            retry_hint();
        }
    }

    /// Publishes a claim whose slots are all filled, and wakes whoever sleeps.
    ///
    /// # Safety
    /// The caller has filled all slots of the claim.
    #[inline(always)]
    pub(crate) unsafe fn publish(&self, claim: Claim<T>, cleanup: Cleanup) {
        // SAFETY: the claim is the caller's, filled, and consumed here.
        let published = unsafe { claim.block.publish(claim.slot, claim.len) };
        if published.has_flags() {
            self.after_publish(claim.block, published, cleanup);
        }
    }

    #[cold]
    fn after_publish(&self, block: Block<T>, published: Published, cleanup: Cleanup) {
        if published.inherits::<T>() {
            // SAFETY: the block's last count is now ours, and given to the stack.
            unsafe { self.inherited.push(block) };
        }
        match cleanup {
            Cleanup::Now => {
                /// Cleans up after the notification, also if a waker panics.
                struct CleanUp<'a, T>(&'a List<T>, Published);
                impl<T> Drop for CleanUp<'_, T> {
                    fn drop(&mut self) {
                        self.0.release_inherited();
                        if self.1.is_unreadable::<T>() {
                            self.0.drop_unreadable();
                        }
                    }
                }
                let _clean_up = CleanUp(self, published);
                self.waiters.notify(Wakers::Take);
            }
            Cleanup::Later => {
                if published.is_unreadable::<T>() {
                    // Release: partner of `clean_up_after_handlers`, for the publication. An exchange, so
                    // that all handlers' publications are in it.
                    self.has_unreadable.swap(true, Ordering::Release);
                }
                self.waiters.notify(Wakers::Lend);
            }
        }
    }

    /// Links a block behind `block`, unless another got there first, and returns it.
    ///
    /// The list is as it was if the allocation unwinds.
    ///
    /// # Safety
    /// The block is alive, and with it all that follow.
    unsafe fn append(&self, block: Block<T>) -> Block<T> {
        // SAFETY: by contract.
        let next = unsafe { self.grow(block, Growth::Allocate) };
        next.expect("an allocation that fails unwinds")
    }

    /// As `append`. Returns `None` if `growth` forbids to allocate, or the allocator has no memory.
    ///
    /// # Safety
    /// As `append`.
    unsafe fn grow(&self, block: Block<T>, growth: Growth) -> Option<Block<T>> {
        if growth == Growth::Linked {
            return None;
        }
        // SAFETY: alive, by contract.
        let start = unsafe { block.header() }.start().wrapping_add(Block::<T>::CAP);
        let new = match self.stash.take(start) {
            Some(new) => new,
            None if growth == Growth::Attempt => Block::try_allocate(start)?,
            None => Block::allocate(start),
        };
        // SAFETY: `block` is alive by contract, and `new` is the caller's alone.
        match unsafe { block.link_next(new) } {
            Ok(()) => Some(new),
            Err(other) => {
                // SAFETY: it was never linked.
                unsafe { new.free() };
                Some(other)
            }
        }
    }

    /// Links blocks until `additional` slots can be claimed without allocating, and keeps as many
    /// blocks linked from now on.
    ///
    /// # Panics
    /// If the blocks would take more than `isize::MAX` bytes; the list is then as it was.
    #[track_caller]
    pub(crate) fn reserve(&self, additional: usize) {
        // By blocks, which take memory also for items without a size.
        let bytes = additional.div_ceil(Block::<T>::CAP).checked_mul(Block::<T>::BYTES);
        assert!(bytes.is_some_and(|bytes| bytes <= isize::MAX as usize), "capacity overflow");
        let _pin = self.pin();
        let tail = self.pinned_tail();
        let mut block = tail.block();
        // The last slot of a block can only be claimed when the next is linked.
        let mut free = Block::<T>::CAP - tail.slot() - 1;
        let mut ahead = 0;
        let mut is_last = false;
        // One block at least, as a steady flow needs the next one before the last can be read out.
        while free < additional || (additional > 0 && ahead == 0) {
            // SAFETY: pinned: the tail's block and all that follow are alive.
            block = match unsafe { block.next() } {
                Some(next) => next,
                None => {
                    is_last = true;
                    // SAFETY: as above.
                    unsafe { self.append(block) }
                }
            };
            free += Block::<T>::CAP;
            ahead += 1;
        }
        // Relaxed: a number for `recycle`.
        self.spare.fetch_max(ahead, Ordering::Relaxed);
        if is_last && ahead > 1 {
            // SAFETY: still pinned, and the block is at or behind the tail that was read.
            unsafe { self.note_reserved(block) };
        }
    }

    /// Refuses all further claims. The slots claimed before are exactly those before the mark.
    pub(crate) fn stop(&self) {
        let mut tail = Tail::from_word(self.tail.load(Ordering::Relaxed));
        while !tail.is_stopped() {
            // Release: partner of `tail`, for what happened before the stop. Not Acquire: the tail stays
            // in its block.
            match self.tail.compare_exchange_weak(
                tail.word(),
                tail.stopped().word(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => tail = Tail::from_word(now),
            }
            retry_hint();
        }
        // Every cursor, also those that register while this runs: a later one sees the mark.
        self.waiters.notify_all();
    }

    /// The tail as it is now. Its block may be looked into by who holds a count at or before it.
    #[inline]
    pub(crate) fn tail(&self) -> Tail<T> {
        // Acquire: partner of the claim at the edge, for the block; of `stop`.
        Tail::from_word(self.tail.load(Ordering::Acquire))
    }

    pub(crate) fn pin(&self) -> Pin<'_> {
        // Relaxed: `pinned_tail` (Release) makes it known to those it concerns.
        self.pins.fetch_add(1, Ordering::Relaxed);
        Pin(&self.pins)
    }

    /// Reads the tail such that whoever moves it on knows what the caller did before.
    fn pinned_tail(&self) -> Tail<T> {
        let mut word = self.tail.load(Ordering::Relaxed);
        loop {
            // AcqRel: see the ordering policy.
            match self.tail.compare_exchange_weak(word, word, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Tail::from_word(word),
                Err(now) => word = now,
            }
            retry_hint();
        }
    }

    pub(crate) fn is_pinned(&self) -> bool {
        // Acquire: partner of `Pin::drop`.
        self.pins.load(Ordering::Acquire) != 0
    }

    // ---- The only pusher's side ----

    /// The tail, for who knows that nobody else pushes, stops or pins.
    pub(crate) fn sole_tail(&self) -> Tail<T> {
        // Relaxed: only the caller writes it, and it has synchronised with those who did before.
        Tail::from_word(self.tail.load(Ordering::Relaxed))
    }

    /// Moves the tail, for who knows that nobody else pushes, stops or pins. Call it before the
    /// slots are published: a cursor must never be ahead of the tail.
    #[inline(always)]
    fn set_sole_tail(&self, tail: Tail<T>) {
        // Release: partner of `tail`, for the block.
        self.tail.store(tail.word(), Ordering::Release);
    }

    /// Returns where the tail, which is at this place, will be past `len` more slots of its block. If these
    /// are the last ones, the next block is linked.
    ///
    /// May allocate. If that unwinds, nothing has changed. So it comes before an item is written.
    #[inline(always)]
    pub(crate) fn sole_place_behind(
        &self,
        (block, slot): (Block<T>, usize),
        len: usize,
    ) -> (Block<T>, usize) {
        let slot = slot + len;
        if slot == Block::<T>::CAP { (self.sole_next(block), 0) } else { (block, slot) }
    }

    /// Moves the tail from one place to another, `len` slots on: see `sole_place_behind`. Returns the slots.
    #[inline(always)]
    pub(crate) fn advance_sole(
        &self,
        place: &mut (Block<T>, usize),
        to: (Block<T>, usize),
        len: usize,
    ) -> Claim<T> {
        let (block, slot) = core::mem::replace(place, to);
        self.set_sole_tail(Tail::new(to.0, to.1));
        Claim { block, slot, len }
    }

    /// The block behind the tail block, linked now if need be. May allocate, and unwind.
    #[cold]
    fn sole_next(&self, block: Block<T>) -> Block<T> {
        // SAFETY: the tail's block has an unclaimed slot, and nobody else can claim it: no cursor
        // gets past, so the block and what follows are alive.
        unsafe { block.next().unwrap_or_else(|| self.append(block)) }
    }

    // ---- The consumer's side ----

    /// Enters the list at its end. Returns the block, of which the caller then owns a count, and
    /// how many of its items, and of those behind, it must step over.
    ///
    /// # Panics
    /// As `Readers::enter`; then nobody has come in, and the pin is gone.
    pub(crate) fn enter(&self) -> (Block<T>, usize) {
        let _pin = self.pin();
        let mut block = self.pinned_tail().block();
        // SAFETY: pinned: the tail's block and all that follow stay. The count that the last cursor of
        // an abandoned list left behind is as good as a new one, and then we may be alone.
        unsafe {
            while !(block.header().adopt() || block.header().readers.enter()) {
                block = block.next().expect("a retired block has a next one");
            }
        }
        // Only now, and in this way: whoever claims a slot behind this tail knows of our count, so
        // a cursor that thinks that it is alone finds out before it moves that slot's item.
        let tail = self.pinned_tail();
        // SAFETY: ours now, and the tail's block is at or behind it.
        let (from, to) = unsafe { (block.header().start(), tail.block().header().start()) };
        let skip = to.wrapping_add(tail.slot()).wrapping_sub(from);
        // Relaxed: a number. The tail has made the reader known.
        self.cursors.fetch_add(1, Ordering::Relaxed);
        (block, skip)
    }

    /// True if nobody reads.
    #[inline(always)]
    pub(crate) fn has_no_cursor(&self) -> bool {
        self.cursor_count() == 0
    }

    /// The refusal for want of a cursor. Cursors go away when the list has ended: then it is that, and
    /// who saw them gone sees the mark.
    #[cold]
    pub(crate) fn why_no_cursor(&self) -> Refusal {
        if self.tail().is_stopped() { Refusal::Stopped } else { Refusal::NoCursor }
    }

    #[inline(always)]
    pub(crate) fn cursor_count(&self) -> usize {
        // Acquire: partner of `remove_cursor`; a push after the last drop must see it.
        self.cursors.load(Ordering::Acquire)
    }

    /// Call it when the cursor has its count of a block: that may be refused.
    pub(crate) fn add_cursor(&self) {
        // Relaxed: the caller has one.
        self.cursors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn remove_cursor(&self) {
        // Release: partner of `cursor_count`.
        self.cursors.fetch_sub(1, Ordering::Release);
    }

    /// From the oldest block that is still held to the tail, in items.
    pub(crate) fn retained(&self) -> usize {
        let _pin = self.pin();
        let tail = self.pinned_tail();
        // SAFETY: pinned.
        let start = unsafe { tail.block().header() }.start();
        // Relaxed: a number; the tail may have been read before the head went past it.
        let head = self.head_start.load(Ordering::Relaxed);
        let held = start.wrapping_add(tail.slot()).wrapping_sub(head);
        if held > isize::MAX as usize { 0 } else { held }
    }

    /// Remembers how to clone. Call it before the second reader is counted.
    pub(crate) fn set_clone(&self)
    where
        T: Clone,
    {
        self.clone_fn.set();
        self.clone_run.set();
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        /// The blocks that are left, freed in a loop; also if an item's drop panics.
        struct Rest<T>(Option<Block<T>>);
        impl<T> Rest<T> {
            fn run(&mut self) {
                while let Some(block) = self.0 {
                    /// Frees the block after its items, whatever they do.
                    struct Free<T>(Block<T>);
                    impl<T> Drop for Free<T> {
                        fn drop(&mut self) {
                            // SAFETY: nobody but us is left, and we have stepped past it.
                            unsafe { self.0.free() };
                        }
                    }
                    // SAFETY: nobody but us is left.
                    unsafe {
                        self.0 = block.next();
                        let free = Free(block);
                        let header = block.header();
                        // All pushes are over, so the ready slots are one run.
                        block.drop_items(header.live_from(), header.run_end(0));
                        drop(free);
                    }
                }
            }
        }
        impl<T> Drop for Rest<T> {
            fn drop(&mut self) {
                self.run();
            }
        }
        for block in self.limbo.take() {
            // SAFETY: in limbo they have no items, and nobody is left who could look.
            unsafe { block.free() };
        }
        // The inherited ones are still in the chain. Relaxed: whoever drops the list comes after everybody else.
        Rest(Block::from_ptr(self.head.load(Ordering::Relaxed))).run();
    }
}
