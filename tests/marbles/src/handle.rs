use alloc::rc::Rc;
use core::{
    cell::{RefCell, RefMut},
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

/// A value that rows of a scene share, such as a cursor that is read and forked.
pub struct Handle<S>(Rc<RefCell<S>>);

impl<S> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<S> Handle<S> {
    /// Makes a first handle of a value.
    pub fn new(value: S) -> Self {
        Self(Rc::new(RefCell::new(value)))
    }

    /// Returns the value.
    ///
    /// # Panics
    /// Panics if the value is in use, as in a poll of the same value.
    pub fn get(&self) -> RefMut<'_, S> {
        self.0.borrow_mut()
    }
}

impl<S: Stream + Unpin> Stream for Handle<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut *self.get()).poll_next(cx)
    }
}
