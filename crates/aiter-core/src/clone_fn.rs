//! How items are cloned, remembered where cloning is first asked for.
//!
//! `fork` and `subscribe` need `T: Clone`, the list and its cursors do not: a cursor that is alone
//! moves items out. So the two leave `T::clone` here, before a second reader can be seen.

use core::marker::PhantomData;

use crate::sync::{AtomicPtr, Ordering};

pub(crate) struct CloneFn<T> {
    /// Null, or a `fn(&T) -> T`.
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
        let clone: fn(&T) -> T = T::clone;
        // Relaxed: `Header::enter` (Release) or the caller's own hands make it visible before the
        // count of readers that asks for it.
        self.erased.store(clone as *mut (), Ordering::Relaxed);
    }

    /// `T::clone`. The caller has seen a second reader.
    #[inline]
    pub(crate) fn get(&self) -> fn(&T) -> T {
        // Relaxed: see `set`; the caller has read `readers` with Acquire.
        let erased = self.erased.load(Ordering::Relaxed);
        assert!(!erased.is_null(), "a second reader exists, so `fork` or `subscribe` was called");
        // SAFETY: not null, so it was stored by `set`, from a function of this very type.
        unsafe { core::mem::transmute::<*mut (), fn(&T) -> T>(erased) }
    }
}
