//! Operations on the items of a block: write, move out, borrow, drop.
//!
//! Under loom, the slots are checked cells that are accessed singly. Elsewhere, consecutive slots
//! have the layout of a slice of items.

use alloc::vec::Vec;
use arrayvec::ArrayVec;

use crate::{
    defer::Defer,
    list::block::{Block, Slot},
    sync::CELLS_ARE_CHECKED,
};

impl<T> Block<T> {
    /// Returns a pointer to a slot.
    ///
    /// # Safety
    /// The block is alive, and `slot` is less than `CAP`.
    #[inline(always)]
    pub(super) unsafe fn slot(self, slot: usize) -> *const Slot<T> {
        debug_assert!(slot < Self::CAP);
        // SAFETY: `CAP` slots start at `SLOTS_AT` in the allocation of the block. The pointer to
        // the block is valid for the whole allocation.
        unsafe { self.0.as_ptr().cast::<u8>().add(Self::SLOTS_AT).cast::<Slot<T>>().add(slot) }
    }

    /// Writes an item into a slot.
    ///
    /// # Safety
    /// The block is alive. The caller has claimed the slot and not yet published it.
    #[inline(always)]
    pub(crate) unsafe fn write(self, slot: usize, item: T) {
        // SAFETY: the block is alive. Until the slot is published, only its claimer accesses it.
        unsafe { (*self.slot(slot)).with_mut(|at| at.cast::<T>().write(item)) };
    }

    /// Moves an item out.
    ///
    /// # Safety
    /// - The block is alive, and `Header::ready_bits` has shown the caller that the slot is
    ///   published.
    /// - The item was not moved out or dropped, and the caller is the only reader.
    #[inline(always)]
    pub(crate) unsafe fn read(self, slot: usize) -> T {
        // SAFETY: the item is published and not yet taken, so the slot is initialized. No other
        // party accesses it.
        unsafe { (*self.slot(slot)).with(|at| (*at).assume_init_read()) }
    }

    /// Borrows an item in place.
    ///
    /// # Safety
    /// The block is alive, the slot is published, and its item is neither moved nor dropped for
    /// `'a`. The count of a reader that still needs the item ensures that.
    #[inline(always)]
    pub(crate) unsafe fn peek<'a>(self, slot: usize) -> &'a T {
        // SAFETY: the slot is published, so it is initialized. By contract, no other party moves or
        // drops the item for `'a`.
        unsafe { (*self.slot(slot)).with(|at| (*at).assume_init_ref()) }
    }

    /// Moves the first `count` items of a vector into consecutive slots.
    ///
    /// # Safety
    /// - Each of the `count` slots meets the contract of `write`.
    /// - The vector has at least `count` items.
    #[inline(always)]
    pub(crate) unsafe fn write_run<const N: usize>(
        self,
        slot: usize,
        items: &mut ArrayVec<T, N>,
        count: usize,
    ) {
        if CELLS_ARE_CHECKED || count < items.len() {
            for (at, item) in items.drain(..count).enumerate() {
                // SAFETY: each slot meets the contract of `write`, by contract.
                unsafe { self.write(slot + at, item) };
            }
            return;
        }
        // SAFETY: the slots are consecutive, alive, and claimed by the caller. The vector has
        // `count` items, and gives them up before they are copied, so no item exists twice.
        unsafe {
            items.set_len(0);
            let to = self.slot(slot).cast_mut().cast::<T>();
            core::ptr::copy_nonoverlapping(items.as_ptr(), to, count);
        }
    }

    /// Moves the items of consecutive slots to the end of a vector.
    ///
    /// # Safety
    /// - Each of the `count` slots meets the contract of `read`.
    /// - The vector has room for `count` items.
    #[inline(always)]
    pub(crate) unsafe fn read_run(self, slot: usize, count: usize, into: &mut Vec<T>) {
        debug_assert!(into.capacity() - into.len() >= count);
        if CELLS_ARE_CHECKED {
            // SAFETY: each slot meets the contract of `read`, by contract.
            into.extend((slot..slot + count).map(|slot| unsafe { self.read(slot) }));
            return;
        }
        // SAFETY: by contract, the vector has room, and the caller may move the items out. The
        // slots are consecutive and initialized.
        unsafe {
            let to = into.as_mut_ptr().add(into.len());
            core::ptr::copy_nonoverlapping(self.slot(slot).cast::<T>(), to, count);
            into.set_len(into.len() + count);
        }
    }

    /// Borrows the items of up to `count` consecutive slots in place, and of at least one.
    ///
    /// # Safety
    /// - Each of the `count` slots meets the contract of `peek`.
    /// - `count` is not zero.
    #[inline(always)]
    pub(crate) unsafe fn peek_run<'a>(self, slot: usize, count: usize) -> &'a [T] {
        if CELLS_ARE_CHECKED {
            // SAFETY: the first slot meets the contract of `peek`, by contract.
            return core::slice::from_ref(unsafe { self.peek(slot) });
        }
        // SAFETY: the slots are consecutive and published, so they are a slice of initialized
        // items. By contract, no item is moved or dropped for `'a`.
        unsafe { core::slice::from_raw_parts(self.slot(slot).cast::<T>(), count) }
    }

    /// Drops the items of `from..to` in order.
    ///
    /// # Panics
    /// Panics if the drop of an item panics. The other items are dropped first. If another drop
    /// panics as well, the program aborts.
    ///
    /// # Safety
    /// Each slot of the range meets the contract of `read`.
    pub(crate) unsafe fn drop_items(self, from: usize, to: usize) {
        if core::mem::needs_drop::<T>() {
            let mut next = from;
            // If the drop of an item panics, the drop of the guard drops the other items.
            let drop_all = Defer(|| {
                while next < to {
                    next += 1;
                    // SAFETY: the caller owns the items of the range. `next` has been incremented,
                    // so no item is dropped twice.
                    unsafe { (*self.slot(next - 1)).with_mut(|at| (*at).assume_init_drop()) };
                }
            });
            drop_all.run();
        }
    }
}
