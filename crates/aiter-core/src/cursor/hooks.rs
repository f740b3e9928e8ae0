//! Hidden functions for the bounded list of `aiter-adapters`.

use alloc::vec::Vec;

use crate::{
    cursor::Cursor,
    error::{PushAllError, PushErrorKind},
};

impl<T> Cursor<T> {
    /// Returns the index of the next item in the order of the list. Wait-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.raw.index()
    }
}

impl<I: Iterator> PushAllError<I> {
    /// Makes the error of a push that took the items in `taken` and pushed none of them.
    #[doc(hidden)]
    pub fn from_parts(kind: PushErrorKind, pushed: usize, taken: Vec<I::Item>, rest: I) -> Self {
        Self { kind, pushed, taken, rest }
    }
}
