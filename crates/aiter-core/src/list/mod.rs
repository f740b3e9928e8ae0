//! The list itself. It reads no items. Producers claim and publish slots in `claim.rs`, cursors enter in
//! `enter.rs`, and `reclaim.rs` retires blocks that were read, or left.
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
    list::{
        block::{Block, Header},
        block_stack::BlockStack,
        clone_fn::{CloneFn, CloneRunFn},
        free_list::FreeList,
        pusher_count::PusherCount,
        tail::Tail,
    },
    sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell, retry_hint},
    wait::queue::WaitQueue,
};

pub(crate) mod advance;
pub(crate) mod block;
mod block_stack;
mod claim;
pub(crate) mod clone_fn;
mod enter;
mod free_list;
mod grow;
mod items;
mod last_block;
mod limbo;
mod park;
pub(crate) mod position;
pub(crate) mod pusher_count;
pub(crate) mod readers;
pub(crate) mod ready_slots;
mod reclaim;
pub(crate) mod run;
mod state;
mod tail;

/// After a burst, so many blocks are freed right at the tail before one is kept there again. The last blocks
/// of a burst are the allocator's newest and may keep all that it took for the burst from going back to
/// the system: those must go, and the list go on in blocks from lower down.
const CALM: usize = 3;

/// What a claim may do when no block is linked ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFull {
    /// Allocate one. If the allocator has no memory, `handle_alloc_error` is called, which may unwind.
    Allocate,
    /// Allocate one, or refuse if the allocator has no memory: for destructors, which must not unwind.
    Attempt,
    /// Refuse.
    Fail,
}

/// Who deals with a block that a publication takes_over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reclaim {
    /// The producer, at once: it may drop items and free memory.
    Inline,
    /// The next cursor that comes by.
    Deferred,
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
    pub(crate) handles: PusherCount,
    /// Operations that look into the tail block without a claim or a count.
    pins: AtomicUsize,
    /// How many blocks to keep linked behind the tail block, whatever happens.
    spare: AtomicUsize,
    /// The last block that `reserve` linked. See `last_block.rs`.
    reserved: AtomicPtr<Header<T>>,
    /// Where the retirement of a block begins to look for the last linked one. See `last_block.rs`.
    end: UnsafeCell<*mut Header<T>>,
    /// How many blocks were retired with the reader right at the tail since it was `FAR` behind, up to
    /// `CALM`.
    calm: AtomicUsize,
    /// Read blocks for producers, until a reader finds nothing to read.
    free_list: FreeList<T>,
    /// The oldest block that is not retired. Written by whoever retires, in the list's order.
    head: AtomicPtr<Header<T>>,
    /// The index of `head`'s first slot.
    head_start: AtomicUsize,
    /// Retired blocks whose memory somebody may still look at.
    limbo: BlockStack<T>,
    /// Complete blocks whose last count a handler's push handed_over.
    handed_over: BlockStack<T>,
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
            handles: PusherCount::new(),
            pins: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            reserved: AtomicPtr::new(core::ptr::null_mut()),
            end: UnsafeCell::new(core::ptr::null_mut()),
            calm: AtomicUsize::new(CALM),
            free_list: FreeList::new(),
            head: AtomicPtr::new(block.as_ptr()),
            head_start: AtomicUsize::new(first),
            limbo: BlockStack::new(),
            handed_over: BlockStack::new(),
            has_unreadable: AtomicBool::new(false),
            clone_fn: CloneFn::new(),
            clone_run: CloneRunFn::new(),
            waiters: WaitQueue::new(),
        };
        (list, block)
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
        // The handed_over ones are still in the chain. Relaxed: whoever drops the list comes after everybody else.
        Rest(Block::from_ptr(self.head.load(Ordering::Relaxed))).run();
    }
}
