//! How items are cloned, remembered where cloning is first asked for.
//!
//! `fork` and `subscribe` need `T: Clone`, the list and its cursors do not: a cursor that is alone
//! moves items out. So the two leave `T::clone` here, before a second reader can be seen; alone, and as
//! a loop over a run of items, which the compiler makes a copy for items that are plain numbers.

use core::marker::PhantomData;

use alloc::vec::Vec;

use crate::sync::{AtomicPtr, Ordering};

/// Clones an item, and then counts one up: what a cursor does with its slot. In one function, as it is
/// called through a pointer.
pub(crate) type CloneAndCount<T> = fn(&T, &mut usize) -> T;

/// Appends clones of the items. If one panics, so many are done with as the vector then has more.
pub(crate) type CloneRun<T> = fn(&[T], &mut Vec<T>);

fn clone_and_count<T: Clone>(item: &T, slot: &mut usize) -> T {
    let clone = item.clone();
    // After the clone: if it panics, the item is not consumed.
    *slot += 1;
    clone
}

fn clone_run<T: Clone>(items: &[T], into: &mut Vec<T>) {
    into.extend_from_slice(items);
}

/// What `expect` says.
const SET_BEFORE: &str = "a second reader exists, so `fork` or `subscribe` was called";

pub(crate) struct CloneFn<T> {
    /// Null, or a `CloneAndCount<T>`.
    erased: AtomicPtr<()>,
    marker: PhantomData<fn(&T) -> T>,
}

impl<T> CloneFn<T> {
    pub(crate) fn new() -> Self {
        Self { erased: AtomicPtr::new(core::ptr::null_mut()), marker: PhantomData }
    }

    /// Call it before the second reader is counted.
    pub(crate) fn set(&self)
    where
        T: Clone,
    {
        let clone: CloneAndCount<T> = clone_and_count::<T>;
        // Relaxed: `Readers::enter` (Release) or the caller's own hands make it visible before the
        // count of readers that asks for it.
        self.erased.store(clone as *mut (), Ordering::Relaxed);
    }

    /// Becomes what another one is.
    pub(crate) fn copy(&self, other: &Self) {
        // Relaxed: as in `set` and `get`.
        self.erased.store(other.erased.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// As if it had not been set.
    pub(crate) fn clear(&self) {
        // Relaxed: as in `set`.
        self.erased.store(core::ptr::null_mut(), Ordering::Relaxed);
    }

    /// The function, if it was set.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<CloneAndCount<T>> {
        // Relaxed: see `set`; who relies on it has read `readers` with Acquire, or has it at hand.
        let erased = self.erased.load(Ordering::Relaxed);
        // SAFETY: null, which is `None`, or stored by `set`, from a function of this very type.
        unsafe { core::mem::transmute::<*mut (), Option<CloneAndCount<T>>>(erased) }
    }

    /// The function. The caller has seen a second reader.
    #[inline]
    pub(crate) fn expect(&self) -> CloneAndCount<T> {
        self.get().expect(SET_BEFORE)
    }
}

/// The same for runs. Apart, as only the list keeps it.
pub(crate) struct CloneRunFn<T> {
    /// Null, or a `CloneRun<T>`.
    erased: AtomicPtr<()>,
    marker: PhantomData<fn(&T) -> T>,
}

impl<T> CloneRunFn<T> {
    pub(crate) fn new() -> Self {
        Self { erased: AtomicPtr::new(core::ptr::null_mut()), marker: PhantomData }
    }

    /// Call it before the second reader is counted.
    pub(crate) fn set(&self)
    where
        T: Clone,
    {
        let clone: CloneRun<T> = clone_run::<T>;
        // Relaxed: as `CloneFn::set`.
        self.erased.store(clone as *mut (), Ordering::Relaxed);
    }

    /// The function. The caller has seen a second reader.
    #[inline]
    pub(crate) fn expect(&self) -> CloneRun<T> {
        // Relaxed: as `CloneFn::get`.
        let erased = self.erased.load(Ordering::Relaxed);
        // SAFETY: as in `CloneFn::get`.
        unsafe { core::mem::transmute::<*mut (), Option<CloneRun<T>>>(erased) }.expect(SET_BEFORE)
    }
}
