//! The check of a window's size.

use core::num::NonZeroUsize;

/// Returns `n` as a number that is not zero.
///
/// # Panics
/// Panics at the caller's location if `n` is 0. The message names the parameter.
#[track_caller]
pub(crate) fn window(n: usize, parameter: &str) -> NonZeroUsize {
    match NonZeroUsize::new(n) {
        Some(n) => n,
        None => panic!("`{parameter}` must not be 0"),
    }
}
