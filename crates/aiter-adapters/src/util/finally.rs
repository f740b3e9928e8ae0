//! A call that is made even if other code panics.

/// A value, and a function that is called with it on drop.
pub(crate) struct Finally<T, F: FnMut(&mut T)>(pub(crate) T, pub(crate) F);

impl<T, F: FnMut(&mut T)> Drop for Finally<T, F> {
    #[inline]
    fn drop(&mut self) {
        (self.1)(&mut self.0);
    }
}
