//! Which types may be used after a panic that was caught.
//!
//! The handles of a list are, whatever its items are, as the channels of std, tokio and crossbeam. User
//! code runs only where the list is consistent: outside of claims, locks and critical sections. So a
//! panic in `T::clone`, `T::drop`, a waker or an iterator leaves a list that goes on, and each such
//! panic is a test. A type that runs a value of the user's is what that value is.

use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::{
    AvailableIter, Cursor, Pusher, QuietCursor, QuietPusher, ReadyNode, ReadyStack, Relay,
    SharedCursor, SolePusher, WakeCell, WeakPusher,
};

impl<T> UnwindSafe for Pusher<T> {}
impl<T> RefUnwindSafe for Pusher<T> {}
impl<T> UnwindSafe for WeakPusher<T> {}
impl<T> RefUnwindSafe for WeakPusher<T> {}
impl<T> UnwindSafe for SolePusher<'_, T> {}
impl<T> RefUnwindSafe for SolePusher<'_, T> {}
impl<T> UnwindSafe for Cursor<T> {}
impl<T> RefUnwindSafe for Cursor<T> {}
impl<T> UnwindSafe for QuietPusher<T> {}
impl<T> RefUnwindSafe for QuietPusher<T> {}
impl<T> UnwindSafe for QuietCursor<T> {}
impl<T> RefUnwindSafe for QuietCursor<T> {}
impl<T> UnwindSafe for SharedCursor<T> {}
impl<T> RefUnwindSafe for SharedCursor<T> {}

// It lends items, as a slice's iterator does.
impl<T: RefUnwindSafe> UnwindSafe for AvailableIter<'_, T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for AvailableIter<'_, T> {}

impl UnwindSafe for WakeCell {}
impl RefUnwindSafe for WakeCell {}
impl UnwindSafe for ReadyStack {}
impl RefUnwindSafe for ReadyStack {}
impl<T: UnwindSafe> UnwindSafe for ReadyNode<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for ReadyNode<T> {}

// The value is used by `&mut` and by one task at a time, also through shared handles.
impl<S: UnwindSafe> UnwindSafe for Relay<S> {}
impl<S: UnwindSafe> RefUnwindSafe for Relay<S> {}
