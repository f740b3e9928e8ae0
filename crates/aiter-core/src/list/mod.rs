//! The push list: the state of the whole list, its pins and its stop mark.
//!
//! A producer claims slots by a compare-and-swap on the tail word, and fills them. It publishes
//! them by an addition to the state word of their block: see `claim.rs`. Cursors enter in
//! `enter.rs` and release blocks in `reclaim.rs`. See docs/push-list.md.
//!
//! # Counts
//! A *count* is a reference to a block that is counted in the block's `Readers`. A cursor holds a
//! count of its block, and the link to a block holds another count. So every block at or after a
//! cursor is alive. An unpublished claim keeps its block incomplete, so that block and all later
//! blocks are alive, too.
//!
//! A complete block is retired when its last count is released. Its items are dropped, and its
//! memory is linked again, kept for a producer, or freed. The producer that claims the last slot of
//! a block has already linked the next block, so a complete block always has a successor.
//!
//! # Pins
//! Rare operations access the tail block without a claim or a count: a claim at the edge of a
//! block, `enter`, `reserve`, `retained` and `drop_unreadable`. Each of them increments `pins`, and
//! then reads the tail by a read-modify-write. The claim that moves the tail off that block is a
//! later read-modify-write of the same word, so the increment happens before that claim. The claim
//! happens before the block is complete, and so before its retirement. The thread that retires the
//! block sees that `pins` is not zero, and puts the block into limbo. Neither fences nor epochs are
//! needed, and a retirement pays one load.
//!
//! # Ordering policy
//! A claim reads the tail with Acquire. It synchronizes with the `claim_at_edge` that published the
//! tail block, and with each earlier `pinned_tail`. `claim_at_edge` and `pinned_tail` are both
//! sides, so they use AcqRel. `stop` uses Release.

use crate::{
    defer::Defer,
    list::{
        block::{Block, Header},
        block_stack::BlockStack,
        clone_fn::{CloneFn, CloneRunFn},
        free_list::FreeList,
        pusher_count::PusherCount,
        tail::Tail,
    },
    sync::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, UnsafeCell},
    tuning::FREES_AFTER_BURST,
    wait::{
        lazy_queue::LazyQueue,
        queue::{WaitQueue, Wakers},
    },
};

pub(crate) mod advance;
pub(crate) mod block;
mod block_stack;
mod claim;
pub(crate) mod clone_fn;
pub(crate) mod close;
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
mod retire;
pub(crate) mod run;
mod state;
mod tail;

/// Behaviour of a claim if no block is linked behind the tail block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFull {
    /// Allocates a block. If memory is exhausted, calls `handle_alloc_error`, which may unwind.
    Allocate,
    /// Allocates a block, or fails if memory is exhausted. For destructors, which must not unwind.
    TryAllocate,
    /// Fails.
    Fail,
}

/// Policy for a block whose last count a publication takes over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reclaim {
    /// The producer reclaims the block. It may drop items and free memory.
    Inline,
    /// The next cursor that finds nothing to read reclaims the block.
    Deferred,
}

/// Slots that are claimed and not yet published.
pub(crate) struct Claim<T> {
    pub(crate) block: Block<T>,
    pub(crate) slot: usize,
    pub(crate) len: usize,
}

/// A lock-free list of blocks, shared by its pushers and cursors.
pub(crate) struct List<T> {
    /// The tail word. See `Tail`.
    tail: AtomicPtr<Header<T>>,
    /// Number of cursors, and `CLOSED`: see `close.rs`. Lies beside the tail, because every push
    /// reads both.
    cursors: AtomicUsize,
    /// Strong and weak pusher counts. The list stops when the strong count reaches zero.
    pub(crate) handles: PusherCount,
    /// Number of pins. See the head of this file.
    pins: AtomicUsize,
    /// Size of the reserve: the number of blocks to keep linked behind the tail block.
    spare: AtomicUsize,
    /// The last block that `reserve` linked. See `last_block.rs`.
    reserved: AtomicPtr<Header<T>>,
    /// The block from which a retirement searches for the last linked block. See `last_block.rs`.
    end: UnsafeCell<*mut Header<T>>,
    /// Number of blocks that were retired at the tail since the last burst, up to
    /// `FREES_AFTER_BURST`.
    retired_since_burst: AtomicUsize,
    /// Retired blocks for producers, until a reader finds nothing to read.
    free_list: FreeList<T>,
    /// The oldest block that is not retired. Each retirement sets it, in the order of the list.
    head: AtomicPtr<Header<T>>,
    /// The index of the first slot of `head`.
    head_start: AtomicUsize,
    /// Retired blocks that a pinned operation may still access. See `limbo.rs`.
    limbo: BlockStack<T>,
    /// Complete blocks whose last count a `Reclaim::Deferred` publication took over.
    handed_over: BlockStack<T>,
    /// Set by a `Reclaim::Deferred` publication into an orphaned block. See `drop_unreadable`.
    has_unreadable: AtomicBool,
    pub(crate) clone_fn: CloneFn<T>,
    pub(crate) clone_run: CloneRunFn<T>,
    /// Waiting cursors, and waiting takers of shared cursors.
    pub(crate) waiters: WaitQueue,
    /// Tasks that wait until the list refuses items.
    closed_waiters: LazyQueue,
}

// SAFETY: an item may be moved out or dropped on a thread that did not push it, so `T: Send`. An
// item is accessed from two threads only through a second cursor, and `fork` and `subscribe`
// require `T: Sync`. The raw pointers lead to blocks, which the list owns.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: `&List` moves items between threads, and `T: Send`. Only the current retirement accesses
// `end`. All other fields are `Sync`.
unsafe impl<T: Send> Sync for List<T> {}

/// A pin: keeps the tail block, and every block behind it, from being freed.
pub(crate) struct Pin<'a>(&'a AtomicUsize);

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        // Release: partner of `is_pinned`, so that the pinned accesses happen before the block is
        // freed.
        self.0.fetch_sub(1, Ordering::Release);
    }
}

impl<T> List<T> {
    /// Returns a list with one pusher and one cursor, and the block of that cursor.
    ///
    /// `first` is the index of the first item.
    pub(crate) fn new(first: usize) -> (Self, Block<T>) {
        let block = Block::allocate(first);
        let list = Self {
            tail: AtomicPtr::new(Tail::new(block, 0).0),
            cursors: AtomicUsize::new(1),
            handles: PusherCount::new(),
            pins: AtomicUsize::new(0),
            spare: AtomicUsize::new(0),
            reserved: AtomicPtr::new(core::ptr::null_mut()),
            end: UnsafeCell::new(core::ptr::null_mut()),
            retired_since_burst: AtomicUsize::new(FREES_AFTER_BURST),
            free_list: FreeList::new(),
            head: AtomicPtr::new(block.as_ptr()),
            head_start: AtomicUsize::new(first),
            limbo: BlockStack::new(),
            handed_over: BlockStack::new(),
            has_unreadable: AtomicBool::new(false),
            clone_fn: CloneFn::new(),
            clone_run: CloneRunFn::new(),
            waiters: WaitQueue::new(),
            closed_waiters: LazyQueue::new(),
        };
        (list, block)
    }

    /// Returns the address of the list, which is unique as long as a handle of the list lives.
    pub(crate) fn id(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Stops the list: all later claims fail. The tail no longer moves, so exactly the slots before
    /// it are claimed.
    ///
    /// Lock-free. Calls wakers.
    pub(crate) fn stop(&self) {
        // Release: partner of `tail`, so that all earlier accesses happen before a load of the
        // mark. Not Acquire: the block stays the same, and is not accessed.
        let _ = self.tail.fetch_update(Ordering::Release, Ordering::Relaxed, |word| {
            let tail = Tail(word);
            (!tail.is_stopped()).then(|| tail.stopped().0)
        });
        // Each waiter that registers too late for this notification sees the mark.
        let _notify_closed = Defer(|| self.notify_closed(Wakers::Lend));
        self.waiters.notify_all(Wakers::Lend);
    }

    /// Returns the current tail. A caller that owns a count at or before its block may access the
    /// block.
    #[inline]
    pub(crate) fn tail(&self) -> Tail<T> {
        // Acquire: partner of `claim_at_edge` and `set_unique_tail`, for the block, and of `stop`.
        Tail(self.tail.load(Ordering::Acquire))
    }

    /// Pins the list. The pin protects a block only if `pinned_tail` is called after this.
    pub(crate) fn pin(&self) -> Pin<'_> {
        // Relaxed: `pinned_tail` (Release) publishes the increment.
        self.pins.fetch_add(1, Ordering::Relaxed);
        Pin(&self.pins)
    }

    /// Reads the tail by a read-modify-write. All that the caller did before happens before the
    /// claim that moves the tail to another block.
    fn pinned_tail(&self) -> Tail<T> {
        // Acquire: partner of `claim_at_edge`, for the block. Release: partner of the claims, for
        // the pin.
        let (Ok(word) | Err(word)) =
            self.tail.fetch_update(Ordering::AcqRel, Ordering::Relaxed, Some);
        Tail(word)
    }

    /// Returns `true` if an operation has pinned the list.
    pub(crate) fn is_pinned(&self) -> bool {
        // Acquire: partner of `Pin::drop`, for the pinned accesses.
        self.pins.load(Ordering::Acquire) != 0
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        for block in self.limbo.take_all() {
            // SAFETY: `drop` owns every block. A retired block has no items.
            unsafe { block.free() };
        }
        // A handed-over block is not retired, so it is linked behind `head`. Relaxed: `&mut self`
        // happens after all other accesses.
        let mut next = Block::from_ptr(self.head.load(Ordering::Relaxed));
        // If the drop of an item panics, its block and the blocks behind it are freed.
        let free = Defer(|| {
            while let Some(block) = next {
                // SAFETY: `drop` owns every block, so the block is alive, and it is freed once. Its
                // items from `live_from` on are published, and not yet moved out or dropped.
                unsafe {
                    next = block.next();
                    let _free = Defer(|| block.free());
                    let header = block.header();
                    // No claim is unpublished, so the ready slots are a single run.
                    block.drop_items(header.live_from(), header.run_end(0));
                }
            }
        });
        free.run();
    }
}
