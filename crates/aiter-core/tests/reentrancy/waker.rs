//! Wakers whose four functions are user code, and the book of them.
//!
//! A waker's pointer is a number: a waker that is used after its drop shows in the book and
//! corrupts nothing. A waker may own handles, which go with its last clone.

use alloc::{boxed::Box, vec::Vec};
use core::{
    any::Any,
    cell::RefCell,
    mem,
    ptr::without_provenance,
    task::{RawWaker, RawWakerVTable, Waker},
};

use crate::base::{Base, Site, base};

#[derive(Default)]
struct Entry {
    /// Clones alive.
    alive: usize,
    /// Calls of `wake` and `wake_by_ref`.
    wakes: usize,
    owned: Vec<Box<dyn Any>>,
}

#[derive(Default)]
pub(crate) struct WakerRegistry {
    entries: RefCell<Vec<Entry>>,
}

/// A registration: the waker and how often it had been called when the poll began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registration {
    waker: usize,
    wakes: usize,
}

impl Registration {
    pub(crate) fn new(base: &Base, waker: &Waker) -> Self {
        let waker = index_of(waker.data());
        Self { waker, wakes: base.wakers.entries.borrow()[waker].wakes }
    }

    /// Clones of the waker that are alive.
    pub(crate) fn clones(&self, base: &Base) -> usize {
        base.wakers.entries.borrow()[self.waker].alive
    }

    pub(crate) fn was_woken(&self, base: &Base) -> bool {
        base.wakers.entries.borrow()[self.waker].wakes != self.wakes
    }
}

impl WakerRegistry {
    pub(crate) fn new_waker(&self) -> Waker {
        let mut entries = self.entries.borrow_mut();
        entries.push(Entry { alive: 1, ..Entry::default() });
        // SAFETY: the functions keep the contract of `RawWaker`; all stay on one thread.
        unsafe { Waker::from_raw(raw(entries.len() - 1)) }
    }

    /// Lets a waker own a handle.
    pub(crate) fn give(&self, waker: &Waker, handle: Box<dyn Any>) {
        self.entries.borrow_mut()[index_of(waker.data())].owned.push(handle);
    }

    pub(crate) fn own_nothing(&self) -> bool {
        self.entries.borrow().iter().all(|entry| entry.owned.is_empty())
    }

    /// All handles that wakers own, which may be wakers' ends.
    pub(crate) fn take_owned(&self) -> Vec<Box<dyn Any>> {
        self.entries.borrow_mut().iter_mut().flat_map(|entry| mem::take(&mut entry.owned)).collect()
    }

    /// Wakers with clones alive.
    pub(crate) fn alive(&self) -> Vec<(usize, usize)> {
        let entries = self.entries.borrow();
        entries.iter().map(|entry| entry.alive).enumerate().filter(|of| of.1 != 0).collect()
    }
}

fn raw(index: usize) -> RawWaker {
    const VTABLE: &RawWakerVTable = &RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);
    RawWaker::new(without_provenance(index + 1), VTABLE)
}

fn index_of(data: *const ()) -> usize {
    data.addr() - 1
}

/// Works on the entry of a waker, which must be alive.
fn with<R>(base: &Base, data: *const (), f: impl FnOnce(&mut Entry) -> R) -> R {
    let mut entries = base.wakers.entries.borrow_mut();
    let entry = &mut entries[index_of(data)];
    base.check(entry.alive > 0, format_args!("waker {} is used after its drop", index_of(data)));
    f(entry)
}

/// One clone less. What the last one owned is returned.
fn leave(base: &Base, data: *const ()) -> Vec<Box<dyn Any>> {
    with(base, data, |entry| {
        entry.alive = entry.alive.saturating_sub(1);
        base.log(format_args!("waker {} has {} left", index_of(data), entry.alive));
        if entry.alive == 0 { mem::take(&mut entry.owned) } else { Vec::new() }
    })
}

fn clone(data: *const ()) -> RawWaker {
    let base = base();
    with(&base, data, |_| ());
    base.call_back(Site::WakerClone);
    with(&base, data, |entry| entry.alive += 1);
    base.log(format_args!("clones waker {}", index_of(data)));
    raw(index_of(data))
}

fn wake(data: *const ()) {
    struct Leave(*const ());
    impl Drop for Leave {
        fn drop(&mut self) {
            drop(leave(&base(), self.0));
        }
    }
    let base = base();
    let _leave = Leave(data);
    with(&base, data, |entry| entry.wakes += 1);
    base.log(format_args!("wakes {}", index_of(data)));
    base.call_back(Site::Wake);
}

fn wake_by_ref(data: *const ()) {
    let base = base();
    with(&base, data, |entry| entry.wakes += 1);
    base.log(format_args!("wakes {}", index_of(data)));
    base.call_back(Site::WakeByRef);
    with(&base, data, |_| ());
}

fn drop_waker(data: *const ()) {
    let base = base();
    // Dropped last, also if the call-back panics.
    let _owned = leave(&base, data);
    base.call_back(Site::WakerDrop);
}
