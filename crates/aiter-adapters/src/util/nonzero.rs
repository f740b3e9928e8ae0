//! The check of a parameter that must not be 0.

use core::num::NonZeroUsize;

/// Returns `n` as a number that is not zero.
///
/// # Panics
/// Panics at the caller's location if `n` is 0. The message names the parameter.
#[track_caller]
pub(crate) fn nonzero(n: usize, parameter: &str) -> NonZeroUsize {
    match NonZeroUsize::new(n) {
        Some(n) => n,
        None => panic!("`{parameter}` must not be 0"),
    }
}
