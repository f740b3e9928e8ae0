//! Guards that run a closure when they are dropped.

/// Runs its closure when it is dropped, also while a panic unwinds.
pub(crate) struct Defer<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Defer<F> {
    /// Runs the closure now. The drop runs it once more, also if this call panics.
    pub(crate) fn run(mut self) {
        (self.0)();
    }
}

impl<F: FnMut()> Drop for Defer<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Passes its value to its closure when it is dropped, also while a panic unwinds.
pub(crate) struct DeferWith<V, F: FnMut(&mut V)>(pub(crate) V, pub(crate) F);

impl<V, F: FnMut(&mut V)> Drop for DeferWith<V, F> {
    fn drop(&mut self) {
        (self.1)(&mut self.0);
    }
}
