/// The way in which a stream handles an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// Drops the error and continues.
    Skip,
    /// Returns the error as the last item, and drops the source.
    Stop,
    /// Returns the error and continues.
    Emit,
}

/// A rule for errors: one [`OnError`] for all, or a function that returns one for each.
pub trait ErrorRule<E: ?Sized> {
    /// Returns how to handle `error`.
    fn on_error(&mut self, error: &E) -> OnError;

    /// Returns how to handle all errors, if that is known in advance. `size_hint` is then more
    /// exact.
    fn on_all(&self) -> Option<OnError> {
        None
    }
}

impl<E: ?Sized> ErrorRule<E> for OnError {
    fn on_error(&mut self, _: &E) -> OnError {
        *self
    }

    fn on_all(&self) -> Option<OnError> {
        Some(*self)
    }
}

impl<E: ?Sized, F: FnMut(&E) -> OnError> ErrorRule<E> for F {
    fn on_error(&mut self, error: &E) -> OnError {
        self(error)
    }
}
