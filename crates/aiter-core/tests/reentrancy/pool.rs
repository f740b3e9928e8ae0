//! Handles of one kind. An operation takes its handle out, so that operations inside its
//! call-backs act on the others.

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

    /// The handle that was put there first, of which there is one.
    pub(crate) fn take_first(&self) -> H {
        self.0.borrow_mut().remove(0)
    }

    /// A handle that comes back, also if the operation panics.
    pub(crate) fn lend(&self, random: &Random) -> Option<Lent<'_, H>> {
        self.take(random).map(|handle| Lent { pool: self, handle: Some(handle) })
    }

    pub(crate) fn clear(&self) {
        drop(self.0.take());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Looks at each handle. Runs no user code.
    pub(crate) fn for_each(&self, f: impl FnMut(&mut H)) {
        self.0.borrow_mut().iter_mut().for_each(f);
    }
}

pub(crate) struct Lent<'a, H> {
    pool: &'a Pool<H>,
    handle: Option<H>,
}

impl<H> Lent<'_, H> {
    /// It does not come back.
    pub(crate) fn keep(mut self) -> H {
        self.handle.take().expect("it was not kept before")
    }
}

impl<H> Deref for Lent<'_, H> {
    type Target = H;

    fn deref(&self) -> &H {
        self.handle.as_ref().expect("it was not kept")
    }
}

impl<H> DerefMut for Lent<'_, H> {
    fn deref_mut(&mut self) -> &mut H {
        self.handle.as_mut().expect("it was not kept")
    }
}

impl<H> Drop for Lent<'_, H> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.pool.put(handle);
        }
    }
}
