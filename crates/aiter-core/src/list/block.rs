//! A block of the list: its memory, its header and the link to the next block.
//!
//! # Access
//! - The producer that has claimed a slot writes it, before it publishes the slot. From then on any
//!   number of cursors may read the item in place, or an exclusive cursor may move it out.
//! - `readers` counts the cursors in the block, plus one for the link to the block. The link is
//!   gone when the previous block has retired. So if a cursor in the block sees a count of 1, no
//!   other cursor is in this block or before it.
//! - The thread that releases the last count owns the block exclusively. That happens only to a
//!   complete block, which no producer accesses any more. A pinned operation may still access its
//!   header: see the head of `mod.rs`.
//!
//! # Ordering policy
//! `link_next` (Release) publishes a block to `next` (Acquire). The orderings of the state word are
//! in `state.rs`, and the orderings of the reader counts in `readers.rs`.

use core::{alloc::Layout, mem::MaybeUninit, ptr::NonNull};

use alloc::alloc::{alloc, dealloc, handle_alloc_error};

use crate::{
    list::readers::Readers,
    sync::{AtomicPtr, AtomicUsize, CELLS_ARE_CHECKED, Ordering, UnsafeCell},
    tuning::{MAX_BLOCK_BYTES, MAX_SLOTS},
};

/// Number of bits of a slot number.
pub(crate) const SLOT_BITS: u32 = if usize::BITS >= 64 { 6 } else { 4 };
/// Minimum alignment of a block. The low bits of its address are zero, so the tail word can store a
/// slot number and the stop mark there.
pub(crate) const ALIGN: usize = 1 << (SLOT_BITS + 1);

const _: () = assert!(MAX_SLOTS <= 1 << SLOT_BITS);

/// The header of a block. The slots follow it in the same allocation:
///
/// ```text
/// 0 (a multiple of ALIGN)                                       SLOTS_AT                    BYTES
/// v                                                             v                               v
/// +-------+---------+-----------+------+-------+------------+---+--------+-----+------------+---+
/// | state | readers | live_from | next | start | stack_next | - | slot 0 | ... | slot CAP-1 | - |
/// +-------+---------+-----------+------+-------+------------+---+--------+-----+------------+---+
/// ```
///
/// `-` is padding. The padding at the end exists on 64-bit targets only.
#[repr(C)]
pub(crate) struct Header<T> {
    /// Ready bits and flags. See `state.rs`.
    pub(super) state: AtomicUsize,
    /// Number of readers, and where they have parked.
    pub(crate) readers: Readers,
    /// The published items before this slot have been moved out or dropped. Stale while the block
    /// has an exclusive cursor, whose position replaces it.
    pub(super) live_from: AtomicUsize,
    /// The next block. Changes once, from null, until the block is recycled.
    next: AtomicPtr<Header<T>>,
    /// The index of slot 0 in the order of the list. Written before the block is linked.
    pub(super) start: UnsafeCell<usize>,
    /// The next block in a `BlockStack`. Belongs to the owner of the block or of its last count.
    pub(super) stack_next: UnsafeCell<*mut Header<T>>,
}

pub(super) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// A pointer to a block, with access to the whole allocation.
pub(crate) struct Block<T>(pub(super) NonNull<Header<T>>);

impl<T> Clone for Block<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Block<T> {}

impl<T> PartialEq for Block<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Block<T> {
    /// Number of slots: as many as fit, or up to an eighth fewer if a slot then takes less memory.
    pub(crate) const CAP: usize = {
        let fit = match size_of::<Slot<T>>() {
            0 => MAX_SLOTS,
            size => (MAX_BLOCK_BYTES - size_of::<Header<T>>()) / size,
        };
        let most = if fit == 0 {
            1
        } else if fit < MAX_SLOTS {
            fit
        } else {
            MAX_SLOTS
        };
        let (mut best, mut slots) = (most, most - most / 8);
        while slots < most {
            if Self::padded_size(slots) * best < Self::padded_size(best) * slots {
                best = slots;
            }
            slots += 1;
        }
        best
    };

    /// Returns the size of the allocation for a block with so many slots.
    const fn padded_size(slots: usize) -> usize {
        let size = Self::SLOTS_AT + slots * size_of::<Slot<T>>();
        // On 64-bit targets, the size fills the alignment, less 8 bytes for the allocator's header.
        // No memory between two aligned blocks is then lost.
        match usize::BITS {
            64.. => (size + 8).next_multiple_of(ALIGN) - 8,
            _ => size,
        }
    }

    /// Size of the allocation of a block.
    pub(crate) const BYTES: usize = Self::padded_size(Self::CAP);

    /// The ready bits of a complete block.
    pub(super) const FULL: usize = (1 << Self::CAP) - 1;

    /// Offset of the first slot, which follows the header.
    pub(super) const SLOTS_AT: usize =
        size_of::<Header<T>>().next_multiple_of(align_of::<Slot<T>>());

    fn layout() -> Layout {
        let align = align_of::<Header<T>>().max(align_of::<Slot<T>>()).max(ALIGN);
        Layout::from_size_align(Self::BYTES, align).expect("a block has at most 32 KiB or one item")
    }

    /// Allocates a block whose slot 0 has the index `start`. Its only count belongs to the link to
    /// it.
    ///
    /// Calls `handle_alloc_error`, which may unwind, if memory is exhausted.
    pub(crate) fn allocate(start: usize) -> Self {
        Self::try_allocate(start).unwrap_or_else(|| Self::fail_to_allocate())
    }

    #[cold]
    fn fail_to_allocate() -> ! {
        handle_alloc_error(Self::layout())
    }

    /// Allocates a block as `allocate` does. Returns `None` if memory is exhausted.
    ///
    /// Initializes the block in place, because an item may be larger than the stack.
    pub(crate) fn try_allocate(start: usize) -> Option<Self> {
        let layout = Self::layout();
        // SAFETY: the layout includes a header, so its size is not zero.
        let memory = unsafe { alloc(layout) };
        let block = NonNull::new(memory.cast::<Header<T>>())?;
        // SAFETY: the memory was allocated with this layout, and no other thread has the pointer.
        // So it is valid and aligned for the header, and for `CAP` slots from `SLOTS_AT` on. A slot
        // needs no initialization, because any bytes are a valid `MaybeUninit`; only a checker's
        // cell does.
        unsafe {
            block.as_ptr().write(Header {
                state: AtomicUsize::new(0),
                readers: Readers::new(),
                live_from: AtomicUsize::new(0),
                next: AtomicPtr::new(core::ptr::null_mut()),
                start: UnsafeCell::new(start),
                stack_next: UnsafeCell::new(core::ptr::null_mut()),
            });
            if CELLS_ARE_CHECKED {
                for slot in 0..Self::CAP {
                    Self(block).slot(slot).cast_mut().write(UnsafeCell::new(MaybeUninit::uninit()));
                }
            }
        }
        Some(Self(block))
    }

    /// Frees the memory. Does not drop the items.
    ///
    /// # Safety
    /// - The caller owns the block exclusively.
    /// - The block is not used again.
    pub(crate) unsafe fn free(self) {
        // SAFETY: the caller owns the block exclusively, and does not use it again. `try_allocate`
        // allocated it with the same layout, and initialized the header.
        unsafe {
            // Tells a checker that no later access by another thread is allowed.
            self.0.as_ref().start.with_mut(|_| ());
            self.0.as_ptr().drop_in_place();
            dealloc(self.0.as_ptr().cast(), Self::layout());
        }
    }

    /// Resets a retired block, so that slot 0 has the index `start`.
    ///
    /// # Safety
    /// The caller owns the block exclusively, and its items have been dropped or moved out.
    pub(crate) unsafe fn recycle(self, start: usize) {
        // SAFETY: the caller owns the block exclusively, so it is alive.
        let header = unsafe { self.header() };
        // All Relaxed: no other thread accesses the block before `link_next` (Release) publishes
        // it.
        header.state.store(0, Ordering::Relaxed);
        header.readers.reset();
        header.live_from.store(0, Ordering::Relaxed);
        header.next.store(core::ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: the caller owns the block exclusively, so no access is concurrent.
        header.start.with_mut(|at| unsafe { *at = start });
    }

    #[inline(always)]
    pub(crate) fn as_ptr(self) -> *mut Header<T> {
        self.0.as_ptr()
    }

    #[inline(always)]
    pub(crate) fn from_ptr(pointer: *mut Header<T>) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    /// Clears the tag bits of a pointer that `Tail` made from a block.
    #[inline(always)]
    pub(crate) fn from_tagged(pointer: *mut Header<T>, tag_mask: usize) -> Self {
        let pointer = pointer.map_addr(|addr| addr & !tag_mask);
        debug_assert!(!pointer.is_null());
        // SAFETY: the pointer was made from a block, whose address is not zero and has no bit in
        // the mask.
        Self(unsafe { NonNull::new_unchecked(pointer) })
    }

    /// Returns the header.
    ///
    /// # Safety
    /// The block is alive while the reference is used. Any of these keeps the block alive:
    /// - a count of the block, or of an earlier block
    /// - an unpublished claim in the block
    /// - a pin, if `pinned_tail` then returned the block, or an earlier block
    /// - exclusive ownership
    #[inline(always)]
    pub(crate) unsafe fn header<'a>(self) -> &'a Header<T> {
        // SAFETY: the block is alive, by contract. Only shared references to a header exist.
        let header = unsafe { self.0.as_ref() };
        if CELLS_ARE_CHECKED {
            // Tells the checker that the caller accesses the block. A write in `recycle` or `free`
            // that is not ordered with this access is a data race.
            header.start.with(|_| ());
        }
        header
    }

    /// Returns the number of slots from the start of `other` to the start of this block. Wraps
    /// around if this block is before `other`.
    ///
    /// # Safety
    /// Both blocks are alive.
    #[inline(always)]
    pub(crate) unsafe fn distance_from(self, other: Self) -> usize {
        // SAFETY: both blocks are alive, by contract.
        unsafe { self.header().start().wrapping_sub(other.header().start()) }
    }

    /// Returns the next block, if it is linked.
    ///
    /// # Safety
    /// This block is alive.
    #[inline(always)]
    pub(crate) unsafe fn next(self) -> Option<Self> {
        // Acquire: partner of `link_next`, for the header of the next block.
        // SAFETY: this block is alive, by contract.
        Self::from_ptr(unsafe { self.header() }.next.load(Ordering::Acquire))
    }

    /// Links `next` behind this block.
    ///
    /// # Errors
    /// Returns the block that is already linked there.
    ///
    /// # Safety
    /// - This block is alive.
    /// - The caller owns `next` exclusively.
    pub(crate) unsafe fn link_next(self, next: Self) -> Result<(), Self> {
        // SAFETY: this block is alive, by contract.
        let link = unsafe { &self.header().next };
        // Release: partner of `next`, for the header of the new block. Acquire on failure: partner
        // of `link_next`, because the caller accesses the returned block.
        match link.compare_exchange(
            core::ptr::null_mut(),
            next.as_ptr(),
            Ordering::Release,
            Ordering::Acquire,
        ) {
            Ok(_) => Ok(()),
            Err(other) => Err(Self::from_tagged(other, 0)),
        }
    }
}
