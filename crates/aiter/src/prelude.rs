//! What a program that uses the crate names daily, for `use aiter::prelude::*`.
//!
//! With the feature `stream-ext` (enabled by default), it contains `StreamExt` and `TryStreamExt`
//! of futures-util.
//!
//! ```
//! use aiter::prelude::*;
//!
//! # futures_util::FutureExt::now_or_never(async {
//! let (pusher, cursor): (Pusher<u8>, Cursor<u8>) = push_list();
//! pusher.push_all(1..=3).expect("the cursor is alive");
//! drop(pusher);
//! assert_eq!(cursor.map(|n| n * n).collect::<Vec<_>>().await, [1, 4, 9]);
//! # }).expect("the list has ended");
//! ```
//!
//! # With another `StreamExt`
//! An explicit import takes the place of a name of the prelude. So after
//! `use futures_lite::StreamExt`, the methods are those of futures-lite, and no call is ambiguous.
//! Two glob imports, such as `use futures_lite::prelude::*`, bring both traits, and a call to a
//! method that both have is an error. In that case import the names of one crate explicitly, or
//! turn `stream-ext` off:
//!
//! ```toml
//! aiter = { version = "0.1", default-features = false, features = ["std", "sink"] }
//! ```
//!
//! No method of [`AiterExt`] has the name of a method of a `StreamExt`. The streams of the adapters
//! have an inherent `next`, which takes precedence over that of any trait.
//!
//! # With another `Cursor`
//! `std::io` has a `Cursor`, too. Beside `use std::io::*`, the name is ambiguous. Import one of the
//! two explicitly, as in `use aiter::Cursor`.

pub use aiter_adapters::{
    Active, AiterExt, Azip, ForkStream, Gate, Gated, IterToAiter, JoinStreams, KeyedEvent,
    LagPolicy, OnError, Preload, Progress, Sharable, Stoppable, Stopper, azip, iter_to_aiter,
};
#[cfg(any(feature = "critical-section", feature = "std"))]
pub use aiter_adapters::{BoundedCursor, BoundedPusher, bounded};
#[cfg(feature = "std")]
pub use aiter_adapters::{LossyCursor, LossyPolicy, LossyPusher, bounded_lossy};
pub use aiter_core::{
    Cursor, PushError, Pusher, Replay, SharedCursor, Subscriber, TryNextError, TryPushError,
    push_list,
};
pub use aiter_executor_compat::{AiterToIter, aiter_to_iter};
#[cfg(feature = "std")]
pub use aiter_executor_compat::{BlockOn, PushBlocking, park_thread, unblock_iter};
pub use futures_core::{FusedStream, Stream};
#[cfg(feature = "stream-ext")]
pub use futures_util::{StreamExt, TryStreamExt};
