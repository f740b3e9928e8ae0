//! Wakers whose four functions are user code, and the registry of wakers.
//!
//! The pointer of a waker is a number, so a use after its drop is recorded and corrupts nothing. A
//! waker may own handles, which are dropped with its last clone.

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
    /// Number of live clones.
    alive: usize,
    /// Number of calls of `wake` and `wake_by_ref`.
    wakes: usize,
    owned: Vec<Box<dyn Any>>,
}

#[derive(Default)]
pub(crate) struct WakerRegistry {
    entries: RefCell<Vec<Entry>>,
}

/// A registration: the waker, and the number of its calls when the poll began.
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

    /// Returns the number of live clones of the waker.
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
        // SAFETY: the functions use the pointer as a number only, so they cannot misuse memory. The
        // waker stays on one thread.
        unsafe { Waker::from_raw(raw(entries.len() - 1)) }
    }

    /// Makes `waker` own `handle`.
    pub(crate) fn give(&self, waker: &Waker, handle: Box<dyn Any>) {
        self.entries.borrow_mut()[index_of(waker.data())].owned.push(handle);
    }

    pub(crate) fn own_nothing(&self) -> bool {
        self.entries.borrow().iter().all(|entry| entry.owned.is_empty())
    }

    /// Takes all handles that wakers own. Their drop may drop wakers.
    pub(crate) fn take_owned(&self) -> Vec<Box<dyn Any>> {
        self.entries.borrow_mut().iter_mut().flat_map(|entry| mem::take(&mut entry.owned)).collect()
    }

    /// Returns the wakers that have live clones, with their numbers of clones.
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

/// Calls `f` with the entry of a waker, and checks that the waker is alive.
fn with<R>(base: &Base, data: *const (), f: impl FnOnce(&mut Entry) -> R) -> R {
    let mut entries = base.wakers.entries.borrow_mut();
    let entry = &mut entries[index_of(data)];
    base.check(entry.alive > 0, format_args!("waker {} is used after its drop", index_of(data)));
    f(entry)
}

/// Removes one clone. The last clone returns the handles that the waker owned.
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
    // The owned handles are dropped last, also if the call-back panics.
    let _owned = leave(&base, data);
    base.call_back(Site::WakerDrop);
}
