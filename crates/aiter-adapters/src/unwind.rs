//! What panics is dropped.

use core::{mem, pin::Pin};

/// Empties the place if dropped.
struct Clear<'a, T>(Pin<&'a mut Option<T>>);

impl<T> Drop for Clear<'_, T> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// Calls `f` with what is in the place, which it leaves empty if it panics.
pub(crate) fn with<T, R>(
    place: Pin<&mut Option<T>>,
    f: impl FnOnce(Pin<&mut T>) -> R,
) -> Option<R> {
    let mut clear = Clear(place);
    let result = clear.0.as_mut().as_pin_mut().map(f);
    mem::forget(clear);
    result
}

/// [`with`] for a value that is not pinned.
pub(crate) fn with_mut<T, R>(place: &mut Option<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
    /// Empties the place if dropped.
    struct Clear<'a, T>(&'a mut Option<T>);
    impl<T> Drop for Clear<'_, T> {
        fn drop(&mut self) {
            *self.0 = None;
        }
    }
    let clear = Clear(place);
    let result = clear.0.as_mut().map(f);
    mem::forget(clear);
    result
}
