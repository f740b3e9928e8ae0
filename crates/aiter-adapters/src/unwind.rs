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
