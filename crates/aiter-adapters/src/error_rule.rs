use crate::on_error::OnError;

/// Tells what to do about each error: an [`OnError`] for all of them, or a function.
pub trait ErrorRule<E: ?Sized> {
    /// What to do about this one.
    fn on_error(&mut self, error: &E) -> OnError;

    /// What to do about all of them, if that is known beforehand: `size_hint` is more exact then.
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
