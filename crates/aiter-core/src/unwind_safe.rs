//! Which types may be used after a panic that was caught.
//!
//! The handles of a list are, whatever its items are, as the channels of std, tokio and crossbeam. User
//! code runs only where the list is consistent: outside of claims, locks and critical sections. So a
//! panic in `T::clone`, `T::drop`, a waker or an iterator leaves a list that goes on, and each such
//! panic is a test. A type that runs a value of the user's is what that value is.

use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::{
    AvailableIter, Cursor, Pusher, SharedCursor, UniquePusher, WeakPusher,
    task::{NoWakeCursor, NoWakePusher, PollLock, ReadyNode, ReadyQueue, WakeCell},
};

impl<T> UnwindSafe for Pusher<T> {}
impl<T> RefUnwindSafe for Pusher<T> {}
impl<T> UnwindSafe for WeakPusher<T> {}
impl<T> RefUnwindSafe for WeakPusher<T> {}
impl<T> UnwindSafe for UniquePusher<'_, T> {}
impl<T> RefUnwindSafe for UniquePusher<'_, T> {}
impl<T> UnwindSafe for Cursor<T> {}
impl<T> RefUnwindSafe for Cursor<T> {}
impl<T> UnwindSafe for NoWakePusher<T> {}
impl<T> RefUnwindSafe for NoWakePusher<T> {}
impl<T> UnwindSafe for NoWakeCursor<T> {}
impl<T> RefUnwindSafe for NoWakeCursor<T> {}
impl<T> UnwindSafe for SharedCursor<T> {}
impl<T> RefUnwindSafe for SharedCursor<T> {}

// It lends items, as a slice's iterator does.
impl<T: RefUnwindSafe> UnwindSafe for AvailableIter<'_, T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for AvailableIter<'_, T> {}

impl UnwindSafe for WakeCell {}
impl RefUnwindSafe for WakeCell {}
impl UnwindSafe for ReadyQueue {}
impl RefUnwindSafe for ReadyQueue {}
impl<T: UnwindSafe> UnwindSafe for ReadyNode<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for ReadyNode<T> {}

// The value is used by `&mut` and by one task at a time, also through shared handles.
impl<S: UnwindSafe> UnwindSafe for PollLock<S> {}
impl<S: UnwindSafe> RefUnwindSafe for PollLock<S> {}
