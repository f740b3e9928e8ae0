//! Access to the items of a block: write, move out, lend, drop.

use alloc::vec::Vec;
use arrayvec::ArrayVec;

use crate::{
    list::block::{Block, Slot},
    sync::CELLS_ARE_CHECKED,
};

impl<T> Block<T> {
    /// # Safety
    /// The block is alive.
    #[inline(always)]
    pub(super) unsafe fn slot(self, slot: usize) -> *const Slot<T> {
        debug_assert!(slot < Self::CAP);
        // SAFETY: the slots lie at `SLOTS_AT` in the same allocation, to all of which the block's
        // pointer has access.
        unsafe { self.0.as_ptr().cast::<u8>().add(Self::SLOTS_AT).cast::<Slot<T>>().add(slot) }
    }

    /// Fills a slot.
    ///
    /// # Safety
    /// The block is alive, and the caller has claimed the slot and not yet published it.
    #[inline(always)]
    pub(crate) unsafe fn write(self, slot: usize, item: T) {
        // SAFETY: the block is alive; the slot is the caller's until it is published.
        unsafe { (*self.slot(slot)).with_mut(|at| at.cast::<T>().write(item)) };
    }

    /// Moves an item out.
    ///
    /// # Safety
    /// The block is alive, the slot is published (seen through `ready_bits`), its item was not
    /// moved out or dropped, and the caller is the only reader.
    #[inline(always)]
    pub(crate) unsafe fn read(self, slot: usize) -> T {
        // SAFETY: published and not yet taken, so it is initialised; nobody else looks at it.
        unsafe { (*self.slot(slot)).with(|at| (*at).assume_init_read()) }
    }

    /// Lends an item in place.
    ///
    /// # Safety
    /// The block is alive, the slot is published, and its item stays where it is for `'a`: the
    /// caller's position pins it.
    #[inline(always)]
    pub(crate) unsafe fn peek<'a>(self, slot: usize) -> &'a T {
        // SAFETY: initialised, as it is published; nobody moves or drops it meanwhile.
        unsafe { (*self.slot(slot)).with(|at| (*at).assume_init_ref()) }
    }

    /// Fills slots with the first items of a vector, which it no longer has then.
    ///
    /// # Safety
    /// As `write`, for each of the `count` slots; `count` items are there.
    #[inline(always)]
    pub(crate) unsafe fn write_run<const N: usize>(
        self,
        slot: usize,
        items: &mut ArrayVec<T, N>,
        count: usize,
    ) {
        if CELLS_ARE_CHECKED || count < items.len() {
            for (at, item) in items.drain(..count).enumerate() {
                // SAFETY: by contract.
                unsafe { self.write(slot + at, item) };
            }
            return;
        }
        // SAFETY: the slots follow one another, the block is alive and the slots are the caller's. The
        // vector gives its items up before they are in two places.
        unsafe {
            items.set_len(0);
            let to = self.slot(slot).cast_mut().cast::<T>();
            core::ptr::copy_nonoverlapping(items.as_ptr(), to, count);
        }
    }

    /// Moves items out, to the end of a vector that has room for them.
    ///
    /// # Safety
    /// As `read`, for each of the `count` slots.
    #[inline(always)]
    pub(crate) unsafe fn read_run(self, slot: usize, count: usize, into: &mut Vec<T>) {
        debug_assert!(into.capacity() - into.len() >= count);
        if CELLS_ARE_CHECKED {
            // SAFETY: by contract.
            into.extend((slot..slot + count).map(|slot| unsafe { self.read(slot) }));
            return;
        }
        // SAFETY: by contract: the items, which follow one another, are the caller's, and there is room.
        unsafe {
            let to = into.as_mut_ptr().add(into.len());
            core::ptr::copy_nonoverlapping(self.slot(slot).cast::<T>(), to, count);
            into.set_len(into.len() + count);
        }
    }

    /// Lends items in place, or fewer.
    ///
    /// # Safety
    /// As `peek`, for each of the `count` slots; there is one at least.
    #[inline(always)]
    pub(crate) unsafe fn peek_run<'a>(self, slot: usize, count: usize) -> &'a [T] {
        if CELLS_ARE_CHECKED {
            // SAFETY: by contract.
            return core::slice::from_ref(unsafe { self.peek(slot) });
        }
        // SAFETY: by contract: the items, which follow one another, are there and stay.
        unsafe { core::slice::from_raw_parts(self.slot(slot).cast::<T>(), count) }
    }

    /// Drops the items of `from..to` in order. If one panics, the others are dropped all the same.
    ///
    /// # Safety
    /// As for `read`, for each slot of the range.
    pub(crate) unsafe fn drop_items(self, from: usize, to: usize) {
        /// Goes on after a panic in an item's drop; a second one aborts, as everywhere in Rust.
        struct Rest<T> {
            block: Block<T>,
            from: usize,
            to: usize,
        }
        impl<T> Drop for Rest<T> {
            fn drop(&mut self) {
                while self.from < self.to {
                    let slot = self.from;
                    self.from += 1;
                    // SAFETY: the range is the caller's of `drop_items`; each slot comes up once.
                    unsafe {
                        (*self.block.slot(slot)).with_mut(|at| (*at).assume_init_drop());
                    }
                }
            }
        }
        if core::mem::needs_drop::<T>() && from < to {
            let mut rest = Rest { block: self, from, to };
            while rest.from < rest.to {
                let slot = rest.from;
                rest.from += 1;
                // SAFETY: as above.
                unsafe { (*self.slot(slot)).with_mut(|at| (*at).assume_init_drop()) };
            }
        }
    }
}
