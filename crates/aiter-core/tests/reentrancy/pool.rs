//! Handles of one kind. An operation takes its handle out, so operations inside its call-backs
//! use the other handles.

use alloc::vec::Vec;
use core::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

use crate::random::Random;

pub(crate) struct Pool<H>(RefCell<Vec<H>>);

impl<H> Pool<H> {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    pub(crate) fn put(&self, handle: H) {
        self.0.borrow_mut().push(handle);
    }

    pub(crate) fn take(&self, random: &Random) -> Option<H> {
        let mut handles = self.0.borrow_mut();
        let len = handles.len();
        (len > 0).then(|| handles.swap_remove(random.below(len)))
    }

    /// Takes the oldest handle. The pool must not be empty.
    pub(crate) fn take_first(&self) -> H {
        self.0.borrow_mut().remove(0)
    }

    /// Lends a handle. It is put back when the guard is dropped, also if the operation panics.
    pub(crate) fn lend(&self, random: &Random) -> Option<Lent<'_, H>> {
        self.take(random).map(|handle| Lent { pool: self, handle: Some(handle) })
    }

    pub(crate) fn clear(&self) {
        drop(self.0.take());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Calls `f` with each handle. `f` must not run user code.
    pub(crate) fn for_each(&self, f: impl FnMut(&mut H)) {
        self.0.borrow_mut().iter_mut().for_each(f);
    }
}

pub(crate) struct Lent<'a, H> {
    pool: &'a Pool<H>,
    handle: Option<H>,
}

impl<H> Lent<'_, H> {
    /// Takes the handle out of the pool for good.
    pub(crate) fn keep(mut self) -> H {
        self.handle.take().expect("the handle is lent")
    }
}

impl<H> Deref for Lent<'_, H> {
    type Target = H;

    fn deref(&self) -> &H {
        self.handle.as_ref().expect("the handle is lent")
    }
}

impl<H> DerefMut for Lent<'_, H> {
    fn deref_mut(&mut self) -> &mut H {
        self.handle.as_mut().expect("the handle is lent")
    }
}

impl<H> Drop for Lent<'_, H> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.pool.put(handle);
        }
    }
}
