//! `UnwindSafe` and `RefUnwindSafe` for the public types.
//!
//! The handles of a list are unwind safe for any item type, like the channels of std, tokio and
//! crossbeam. User code runs only outside of claims, locks and critical sections, where the list is
//! consistent. So a list stays usable after a panic in `T::clone`, `T::drop`, a waker or an
//! iterator. Tests cover each of these panics. A type that polls a value of the user is unwind safe
//! if that value is.

use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::{
    AvailableIter, Closed, Cursor, Pusher, Replay, SharedCursor, Subscriber, UniquePusher,
    WeakPusher,
    task::{NoWakeCursor, NoWakePusher, PollLock, ReadyNode, ReadyQueue, WakeCell},
};

impl<T> UnwindSafe for Pusher<T> {}
impl<T> RefUnwindSafe for Pusher<T> {}
impl<T> UnwindSafe for WeakPusher<T> {}
impl<T> RefUnwindSafe for WeakPusher<T> {}
impl<T> UnwindSafe for Subscriber<T> {}
impl<T> RefUnwindSafe for Subscriber<T> {}
impl<T> UnwindSafe for Replay<T> {}
impl<T> RefUnwindSafe for Replay<T> {}
impl<T> UnwindSafe for Closed<'_, T> {}
impl<T> RefUnwindSafe for Closed<'_, T> {}
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

// The iterator lends items, like an iterator of a slice.
impl<T: RefUnwindSafe> UnwindSafe for AvailableIter<'_, T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for AvailableIter<'_, T> {}

impl UnwindSafe for WakeCell {}
impl RefUnwindSafe for WakeCell {}
impl UnwindSafe for ReadyQueue {}
impl RefUnwindSafe for ReadyQueue {}
impl<T: UnwindSafe> UnwindSafe for ReadyNode<T> {}
impl<T: RefUnwindSafe> RefUnwindSafe for ReadyNode<T> {}

// One task at a time accesses the value, by `&mut`, also through `&PollLock`.
impl<S: UnwindSafe> UnwindSafe for PollLock<S> {}
impl<S: UnwindSafe> RefUnwindSafe for PollLock<S> {}
