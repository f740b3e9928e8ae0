#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "inspect")]
extern crate alloc;
#[cfg(feature = "inspect")]
extern crate std;

pub mod adapters;
pub mod guide;
#[cfg(feature = "inspect")]
pub mod inspect;
pub mod prelude;

#[doc(inline)]
pub use aiter_adapters::{
    AiterExt, Gate, KeyedEvent, LagPolicy, OnError, Progress, Spawn, Stopper, azip, iter_to_aiter,
};
#[cfg(any(feature = "critical-section", feature = "std"))]
#[doc(inline)]
pub use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_adapters::{LossyCursor, LossyPolicy, LossyPusher, bounded_lossy};
#[doc(inline)]
pub use aiter_core::{
    Cursor, PushError, PushErrorKind, Pusher, Replay, SharedCursor, Subscriber, TryNextError,
    TryPushError, UniquePusher, WeakPusher, microcontroller, push_list,
};
#[doc(inline)]
pub use aiter_executor_compat::{AiterToIter, BlockOnIdle, aiter_to_iter};
#[cfg(feature = "std")]
#[doc(inline)]
pub use aiter_executor_compat::{
    BlockOn, Elapsed, PushBlocking, allow_blocking, forbid_blocking, park_thread, unblock_iter,
};
#[cfg(feature = "stream-ext")]
#[doc(no_inline)]
pub use futures_util::{StreamExt, TryStreamExt};
