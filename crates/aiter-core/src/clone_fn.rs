//! How items are cloned, remembered where cloning is first asked for.
//!
//! `fork` and `subscribe` need `T: Clone`, the list and its cursors do not: a cursor that is alone
//! moves items out. So the two leave `T::clone` here, before a second reader can be seen; alone, and as
//! a loop over a run of items, which the compiler makes a copy for items that are plain numbers.

use core::marker::PhantomData;

use alloc::vec::Vec;

use crate::sync::{AtomicPtr, Ordering};

pub(crate) struct CloneFn<T> {
    /// A `fn(&T) -> T`.
    one: AtomicPtr<()>,
    /// A `fn(&[T], &mut Vec<T>)`.
    run: AtomicPtr<()>,
    marker: PhantomData<fn(&T) -> T>,
}

/// What is there before `set`, and is never called.
fn unset<T>() -> T {
    unreachable!("a second reader exists, so `fork` or `subscribe` was called")
}

impl<T> CloneFn<T> {
    pub(crate) fn new() -> Self {
        let one: fn(&T) -> T = |_| unset();
        let run: fn(&[T], &mut Vec<T>) = |_, _| unset();
        let (one, run) = (AtomicPtr::new(one as *mut ()), AtomicPtr::new(run as *mut ()));
        Self { one, run, marker: PhantomData }
    }

    /// Call it before the second reader is counted.
    pub(crate) fn set(&self)
    where
        T: Clone,
    {
        let one: fn(&T) -> T = T::clone;
        let run: fn(&[T], &mut Vec<T>) = |items, into| into.extend_from_slice(items);
        // Relaxed: `Header::enter` (Release) or the caller's own hands make them visible before the
        // count of readers that asks for them.
        self.one.store(one as *mut (), Ordering::Relaxed);
        self.run.store(run as *mut (), Ordering::Relaxed);
    }

    /// `T::clone`. The caller has seen a second reader.
    #[inline(always)]
    pub(crate) fn get(&self) -> fn(&T) -> T {
        // Relaxed: see `set`; the caller has read `readers` with Acquire.
        // SAFETY: always a function of this very type.
        unsafe { core::mem::transmute::<*mut (), fn(&T) -> T>(self.one.load(Ordering::Relaxed)) }
    }

    /// Appends clones of the items. If one panics, so many are done with as the vector then has more. The
    /// caller has seen a second reader.
    #[inline(always)]
    pub(crate) fn get_run(&self) -> fn(&[T], &mut Vec<T>) {
        let run = self.run.load(Ordering::Relaxed);
        // Relaxed, and SAFETY: as in `get`.
        unsafe { core::mem::transmute::<*mut (), fn(&[T], &mut Vec<T>)>(run) }
    }
}
