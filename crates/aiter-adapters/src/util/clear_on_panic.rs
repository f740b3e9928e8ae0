//! Calls that drop a value if it panics.

use core::{mem, pin::Pin};

use crate::util::finally::Finally;

/// Calls `f` with the value in `place`. If `f` panics, the value is dropped.
pub(crate) fn clear_on_panic<T, R>(
    place: Pin<&mut Option<T>>,
    f: impl FnOnce(Pin<&mut T>) -> R,
) -> Option<R> {
    let mut clear = Finally(place, |place| place.set(None));
    let result = clear.0.as_mut().as_pin_mut().map(f);
    mem::forget(clear);
    result
}

/// [`clear_on_panic`] for a value that is not pinned.
pub(crate) fn clear_on_panic_mut<T, R>(
    place: &mut Option<T>,
    f: impl FnOnce(&mut T) -> R,
) -> Option<R> {
    let clear = Finally(place, |place| **place = None);
    let result = clear.0.as_mut().map(f);
    mem::forget(clear);
    result
}
