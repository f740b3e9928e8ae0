//! Clone functions of a list, stored as type-erased pointers.
//!
//! Only `fork` and `subscribe` require `T: Clone`. The list and its cursors do not, because an
//! exclusive cursor moves items out. So `fork` and `subscribe` store two functions before they add
//! a reader: one clones an item, the other a run. The compiler turns the loop over a run of `Copy`
//! items into a copy of memory.
//!
//! # Ordering policy
//! All accesses are Relaxed, because another word publishes each pointer.
//! - A subscriber stores it before `Readers::try_acquire` (Release). A cursor loads it after
//!   `Readers::count` (Acquire) has shown a second reader.
//! - A fork borrows the cursor that it is made from, and the end of the borrow orders the two.

use core::marker::PhantomData;

use alloc::vec::Vec;

use crate::sync::{AtomicPtr, Ordering};

/// Clones an item and then increments the slot number of the cursor. Does both in one function,
/// because an indirect call is costly.
pub(crate) type CloneAndAdvance<T> = fn(&T, &mut usize) -> T;

/// Appends clones of the items. If a clone panics, the vector holds the clones before it.
pub(crate) type CloneRun<T> = fn(&[T], &mut Vec<T>);

fn clone_and_advance<T: Clone>(item: &T, slot: &mut usize) -> T {
    let clone = item.clone();
    // After the clone, so that the item is not consumed if the clone panics.
    *slot += 1;
    clone
}

fn clone_run<T: Clone>(items: &[T], into: &mut Vec<T>) {
    into.extend_from_slice(items);
}

/// The panic message of both `expect` methods.
const NOT_SET: &str = "`fork` and `subscribe` set the clone functions before they add a reader";

/// A function that clones an item, or none.
pub(crate) struct CloneFn<T> {
    /// Null, or a `CloneAndAdvance<T>`.
    erased: AtomicPtr<()>,
    marker: PhantomData<fn(&T) -> T>,
}

impl<T> CloneFn<T> {
    pub(crate) fn new() -> Self {
        Self { erased: AtomicPtr::new(core::ptr::null_mut()), marker: PhantomData }
    }

    /// Stores the function. The caller counts the second reader afterwards.
    pub(crate) fn set(&self)
    where
        T: Clone,
    {
        let clone: CloneAndAdvance<T> = clone_and_advance::<T>;
        // Relaxed: see the ordering policy.
        self.erased.store(clone as *mut (), Ordering::Relaxed);
    }

    /// Stores the function of `other`, if it has one.
    pub(crate) fn copy(&self, other: &Self) {
        // Relaxed: see the ordering policy.
        self.erased.store(other.erased.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Removes the function.
    pub(crate) fn clear(&self) {
        // Relaxed: a cursor clears only its own copy.
        self.erased.store(core::ptr::null_mut(), Ordering::Relaxed);
    }

    /// Returns the function, if one is stored.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<CloneAndAdvance<T>> {
        // Relaxed: see the ordering policy.
        let erased = self.erased.load(Ordering::Relaxed);
        // SAFETY: the pointer is null, which is `None`, or `set` made it from a function of `T`.
        unsafe { core::mem::transmute::<*mut (), Option<CloneAndAdvance<T>>>(erased) }
    }

    /// Returns the function. The caller has seen a second reader.
    ///
    /// # Panics
    /// Panics if no function is stored, which is a bug in the list.
    #[inline]
    pub(crate) fn expect(&self) -> CloneAndAdvance<T> {
        self.get().expect(NOT_SET)
    }
}

/// A function that clones a run of items, or none. Only the list stores it.
pub(crate) struct CloneRunFn<T> {
    /// Null, or a `CloneRun<T>`.
    erased: AtomicPtr<()>,
    marker: PhantomData<fn(&T) -> T>,
}

impl<T> CloneRunFn<T> {
    pub(crate) fn new() -> Self {
        Self { erased: AtomicPtr::new(core::ptr::null_mut()), marker: PhantomData }
    }

    /// Stores the function. The caller counts the second reader afterwards.
    pub(crate) fn set(&self)
    where
        T: Clone,
    {
        let clone: CloneRun<T> = clone_run::<T>;
        // Relaxed: see the ordering policy.
        self.erased.store(clone as *mut (), Ordering::Relaxed);
    }

    /// Returns the function. The caller has seen a second reader.
    ///
    /// # Panics
    /// Panics if no function is stored, which is a bug in the list.
    #[inline]
    pub(crate) fn expect(&self) -> CloneRun<T> {
        // Relaxed: see the ordering policy.
        let erased = self.erased.load(Ordering::Relaxed);
        // SAFETY: the pointer is null, which is `None`, or `set` made it from a function of `T`.
        unsafe { core::mem::transmute::<*mut (), Option<CloneRun<T>>>(erased) }.expect(NOT_SET)
    }
}
