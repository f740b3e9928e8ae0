//! One block of the list: its slots, their ready bits, who reads it and the link to the next.
//!
//! # Who may touch what
//! - A slot is written by the producer that claimed it, before it publishes the slot's ready bit.
//!   From then on it is read in place by any number of cursors, or moved out by the only one.
//! - `readers` counts the cursors that stand in the block, plus one for the link from the block
//!   before, as long as that one is not retired. So `readers == 1` seen by a cursor in the block
//!   means: nobody else is here, and nobody is behind.
//! - Whoever takes `readers` to zero owns the block alone. That happens only to a complete block
//!   (all slots published), and then no producer has business there either. A claim that has pinned
//!   the list may still look at its header: see the list's *Pins*.
//!
//! # Ordering policy
//! Every ordering names its partner. `publish` (AcqRel) is the centre: its Release half hands the
//! value to `ready_bits` (Acquire), its Acquire half takes the waiter's node from `set_waiting`.
//! `readers` has its own.

use core::{alloc::Layout, mem::MaybeUninit, ptr::NonNull};

use alloc::alloc::{alloc, dealloc, handle_alloc_error};

use crate::{
    list::readers::Readers,
    sync::{AtomicPtr, AtomicUsize, CELLS_ARE_CHECKED, MAX_SLOTS, Ordering, UnsafeCell},
};

/// Bits for the number of a slot.
pub(crate) const SLOT_BITS: u32 = if usize::BITS >= 64 { 6 } else { 4 };
/// The alignment of every block. In the address of a block, as many bits are free as the tail word needs: for
/// the number of a slot and the stop mark.
pub(crate) const ALIGN: usize = 1 << (SLOT_BITS + 1);

const _: () = assert!(MAX_SLOTS <= 1 << SLOT_BITS);

/// Header and slots of a block stay under this before padding, whatever the size of an item (one slot at
/// least).
const MAX_BYTES: usize = 32 * 1024;

/// What a block starts with; its slots follow in the same allocation.
#[repr(C)]
pub(crate) struct Header<T> {
    /// Ready bits and flags. A producer adds its bits; a sleeping cursor sets `WAITING`.
    pub(super) state: AtomicUsize,
    /// Who is here.
    pub(crate) readers: Readers,
    /// Published values below this slot are gone. Kept up to date whenever a cursor stops being
    /// the only reader; while it is, its own position tells.
    pub(super) live_from: AtomicUsize,
    /// Set once, from null, by whoever links the next block.
    next: AtomicPtr<Header<T>>,
    /// The index of slot 0 in the list's order. Written before the block is linked.
    pub(super) start: UnsafeCell<usize>,
    /// The link of a `BlockStack`; owned by whoever owns the block, or its last count.
    stacked: UnsafeCell<*mut Header<T>>,
}

pub(super) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// A pointer to a block, valid for the whole allocation.
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
    /// Slots a block: as many as fit, or up to an eighth fewer if that takes less memory a slot.
    pub(crate) const CAP: usize = {
        let fit = match size_of::<Slot<T>>() {
            0 => MAX_SLOTS,
            size => (MAX_BYTES - size_of::<Header<T>>()) / size,
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

    /// What a block with so many slots takes of the allocator.
    const fn padded_size(slots: usize) -> usize {
        let size = Self::SLOTS_AT + slots * size_of::<Slot<T>>();
        // Where memory is plenty, up to a multiple of the alignment less what an allocator keeps for
        // itself: an aligned block then leaves no unusable rest before the next one.
        match usize::BITS {
            64.. => (size + 8).next_multiple_of(ALIGN) - 8,
            _ => size,
        }
    }

    /// What this one takes.
    pub(crate) const BYTES: usize = Self::padded_size(Self::CAP);

    pub(super) const FULL: usize = (1 << Self::CAP) - 1;

    /// Where the slots begin: right behind the header.
    pub(super) const SLOTS_AT: usize =
        size_of::<Header<T>>().next_multiple_of(align_of::<Slot<T>>());

    fn layout() -> Layout {
        let align = align_of::<Header<T>>().max(align_of::<Slot<T>>()).max(ALIGN);
        Layout::from_size_align(Self::BYTES, align).expect("a block is under 32 KiB or one item")
    }

    /// A fresh block whose slot 0 has the index `start`. Its one reader is the link to it.
    ///
    /// Calls `handle_alloc_error` if the allocator has no memory. That function may unwind.
    pub(crate) fn allocate(start: usize) -> Self {
        Self::try_allocate(start).unwrap_or_else(|| Self::fail_to_allocate())
    }

    /// Tells the program that the allocator has no memory for a block.
    #[cold]
    fn fail_to_allocate() -> ! {
        handle_alloc_error(Self::layout())
    }

    /// As `allocate`. Returns `None` if the allocator has no memory.
    ///
    /// The block is initialised in place: an item may be larger than the stack.
    pub(crate) fn try_allocate(start: usize) -> Option<Self> {
        let layout = Self::layout();
        // SAFETY: the layout holds a header, so its size is not zero.
        let memory = unsafe { alloc(layout) };
        let block = NonNull::new(memory.cast::<Header<T>>())?;
        // SAFETY: `memory` was allocated just now with this layout: it is ours, aligned and large
        // enough for the header, and for `CAP` slots from `SLOTS_AT` on. A slot of the real build
        // needs no initialisation (any bytes are a valid `MaybeUninit`); the checker's cells do.
        unsafe {
            block.as_ptr().write(Header {
                state: AtomicUsize::new(0),
                readers: Readers::new(),
                live_from: AtomicUsize::new(0),
                next: AtomicPtr::new(core::ptr::null_mut()),
                start: UnsafeCell::new(start),
                stacked: UnsafeCell::new(core::ptr::null_mut()),
            });
            if CELLS_ARE_CHECKED {
                for slot in 0..Self::CAP {
                    Self(block).slot(slot).cast_mut().write(UnsafeCell::new(MaybeUninit::uninit()));
                }
            }
        }
        Some(Self(block))
    }

    /// Gives the memory back, items or not.
    ///
    /// # Safety
    /// The block came from `allocate`, the caller owns it alone and it is never used again.
    pub(crate) unsafe fn free(self) {
        // SAFETY: the caller owns the block, which `allocate` made with this very layout. The
        // header needs no drop: it holds numbers and pointers (under a checker, handles to them).
        unsafe {
            // Tells a checker that from here on no thread may look.
            self.0.as_ref().start.with_mut(|_| ());
            self.0.as_ptr().drop_in_place();
            dealloc(self.0.as_ptr().cast(), Self::layout());
        }
    }

    /// Makes a retired block as good as new.
    ///
    /// # Safety
    /// The caller owns the block alone.
    pub(crate) unsafe fn recycle(self, start: usize) {
        // SAFETY: the caller owns the block, so it is alive.
        let header = unsafe { self.header() };
        // Relaxed, all of them: nobody else sees the block until `link_next` (Release) links it.
        header.state.store(0, Ordering::Relaxed);
        header.readers.reset();
        header.live_from.store(0, Ordering::Relaxed);
        header.next.store(core::ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: the caller owns the block alone.
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

    /// Takes the tag bits off a pointer that `Tail` made from a block.
    #[inline(always)]
    pub(crate) fn from_tagged(pointer: *mut Header<T>, tag_mask: usize) -> Self {
        let pointer = pointer.map_addr(|addr| addr & !tag_mask);
        debug_assert!(!pointer.is_null());
        // SAFETY: a tagged pointer was made from a block, whose address is not zero and has no bit
        // in the mask.
        Self(unsafe { NonNull::new_unchecked(pointer) })
    }

    /// # Safety
    /// The block is alive for as long as the reference is used: the caller holds a count of it, or
    /// has claimed one of its slots and not yet published it, or holds a pin that was there before
    /// the block stopped being the tail, or owns it alone.
    #[inline(always)]
    pub(crate) unsafe fn header<'a>(self) -> &'a Header<T> {
        // SAFETY: alive, by this function's contract; only shared references to a header exist.
        let header = unsafe { self.0.as_ref() };
        if CELLS_ARE_CHECKED {
            // Tells the checker that the caller looks at the block: a write in `recycle` or `free` that is
            // not ordered with this look is a data race.
            header.start.with(|_| ());
        }
        header
    }

    /// How many slots this block begins behind another one, modulo the index range.
    ///
    /// # Safety
    /// Both are alive.
    #[inline(always)]
    pub(crate) unsafe fn distance_from(self, other: Self) -> usize {
        // SAFETY: alive, by contract.
        unsafe { self.header().start().wrapping_sub(other.header().start()) }
    }

    /// The next block, if it is linked.
    ///
    /// # Safety
    /// The block is alive.
    #[inline(always)]
    pub(crate) unsafe fn next(self) -> Option<Self> {
        // Acquire: partner of `link_next`, for the next block's header.
        // SAFETY: alive, by contract.
        Self::from_ptr(unsafe { self.header() }.next.load(Ordering::Acquire))
    }

    /// Links `next` behind this block, unless another got there first: then that one is returned.
    ///
    /// # Safety
    /// Both are alive; `next` is the caller's alone.
    pub(crate) unsafe fn link_next(self, next: Self) -> Result<(), Self> {
        // SAFETY: alive, by contract.
        let link = unsafe { &self.header().next };
        // Release: partner of `next`. Acquire on failure: the winner's header is read.
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

    /// The link of a `BlockStack`.
    ///
    /// # Safety
    /// The caller owns the block alone, or its last count.
    pub(crate) unsafe fn set_stacked(self, next: *mut Header<T>) {
        // SAFETY: alive, and the link is the caller's, by contract.
        unsafe { self.header() }.stacked.with_mut(|link| unsafe { *link = next });
    }

    /// What was set.
    ///
    /// # Safety
    /// As `set_stacked`.
    pub(crate) unsafe fn stacked(self) -> *mut Header<T> {
        // SAFETY: as above.
        unsafe { self.header() }.stacked.with(|link| unsafe { *link })
    }
}
