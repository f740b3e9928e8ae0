//! Calls that drop a value if it panics.

use core::{mem, pin::Pin};

struct ClearOnDrop<'a, T>(Pin<&'a mut Option<T>>);

impl<T> Drop for ClearOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// Calls `f` with the value in `place`. If `f` panics, the value is dropped.
pub(crate) fn clear_on_panic<T, R>(
    place: Pin<&mut Option<T>>,
    f: impl FnOnce(Pin<&mut T>) -> R,
) -> Option<R> {
    let mut clear = ClearOnDrop(place);
    let result = clear.0.as_mut().as_pin_mut().map(f);
    mem::forget(clear);
    result
}

/// [`clear_on_panic`] for a value that is not pinned.
pub(crate) fn clear_on_panic_mut<T, R>(
    place: &mut Option<T>,
    f: impl FnOnce(&mut T) -> R,
) -> Option<R> {
    struct ClearOnDrop<'a, T>(&'a mut Option<T>);
    impl<T> Drop for ClearOnDrop<'_, T> {
        fn drop(&mut self) {
            *self.0 = None;
        }
    }
    let clear = ClearOnDrop(place);
    let result = clear.0.as_mut().map(f);
    mem::forget(clear);
    result
}
