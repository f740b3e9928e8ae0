//! Hidden functions for the bounded list of `aiter-adapters`.

use alloc::vec::Vec;

use crate::{
    cursor::{Cursor, shared_next::SharedNextMany},
    error::{PushAllError, PushErrorKind},
};

impl<T> Cursor<T> {
    /// Returns the index of the next item in the order of the list. Wait-free.
    #[doc(hidden)]
    pub fn index(&self) -> usize {
        self.raw.index()
    }
}

impl<T> SharedNextMany<'_, T> {
    /// Returns the number of items in the buffer.
    #[doc(hidden)]
    pub fn buf_len(&self) -> usize {
        self.buf.len()
    }
}

impl<I: Iterator> PushAllError<I> {
    /// Makes the error of a push that took the items in `taken` and pushed none of them.
    #[doc(hidden)]
    pub fn from_parts(kind: PushErrorKind, pushed: usize, taken: Vec<I::Item>, rest: I) -> Self {
        Self { kind, pushed, taken, rest }
    }
}
