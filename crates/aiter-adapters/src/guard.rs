//! What panicked is dropped: nobody knows what another call of it would do.

use core::{mem, pin::Pin};

/// Lets `f` use the value, if there is one. Drops the value if `f` panics.
pub(crate) fn guarded<T, R>(slot: &mut Option<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
    struct Guard<'a, T>(&'a mut Option<T>);
    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            *self.0 = None;
        }
    }

    let guard = Guard(slot);
    let result = guard.0.as_mut().map(f);
    mem::forget(guard);
    result
}

/// [`guarded`] for a value that must not move.
pub(crate) fn guarded_pin<T, R>(
    slot: Pin<&mut Option<T>>,
    f: impl FnOnce(Pin<&mut T>) -> R,
) -> Option<R> {
    struct Guard<'a, T>(Pin<&'a mut Option<T>>);
    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.0.set(None);
        }
    }

    let mut guard = Guard(slot);
    let result = guard.0.as_mut().as_pin_mut().map(f);
    mem::forget(guard);
    result
}
