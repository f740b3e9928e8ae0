#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

pub mod adapters;
pub mod guide;
pub mod prelude;

#[doc(inline)]
pub use aiter_adapters::{
    AiterExt, ErrorRule, Gate, GateError, JoinStreams, KeyedEvent, LagPolicy, OnError, Progress,
    Spawn, Stopper, TaskOutcome, UnequalLengths, azip, iter_to_aiter,
};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_adapters::{CaughtPanic, MapError};
#[doc(inline)]
pub use aiter_core::{
    Cursor, PushAllError, PushError, PushErrorKind, Pusher, Replay, SharedCursor, Subscriber,
    TryNextError, TryPushError, UniquePusher, WeakPusher, microcontroller, push_list,
};
#[doc(inline)]
pub use aiter_executor_compat::{
    AiterToIter, BlockOnIdle, BlockOnNext, IdleHint, NextItem, aiter_to_iter,
};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_executor_compat::{
    BlockOn, Elapsed, ForbidBlocking, PushBlocking, PushTimeoutError, allow_blocking,
    forbid_blocking, park_thread, unblock_iter,
};
#[cfg(feature = "stream-ext")]
#[doc(no_inline)]
pub use futures_util::{StreamExt, TryStreamExt};
