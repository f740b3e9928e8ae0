//! What a program that uses the crate names daily, for `use aiter::prelude::*`.
//!
//! It is meant to stand beside the `StreamExt` of futures-util, futures-lite or tokio-stream.
//!
//! ```
//! use aiter::prelude::*;
//! use futures_util::StreamExt;
//!
//! # futures_util::FutureExt::now_or_never(async {
//! let (pusher, cursor): (Pusher<u8>, Cursor<u8>) = push_list();
//! pusher.push_all(1..=3).expect("the cursor is alive");
//! drop(pusher);
//! assert_eq!(cursor.map(|n| n * n).collect::<Vec<_>>().await, [1, 4, 9]);
//! # }).expect("the list has ended");
//! ```

pub use aiter_adapters::{
    Active, AiterExt, Azip, ForkStream, Gate, Gated, IterToAiter, JoinStreams, KeyedEvent,
    LagPolicy, OnError, Preload, Progress, Sharable, Stoppable, Stopper, TaskOutcome, azip,
    iter_to_aiter,
};
pub use aiter_core::{Cursor, Pusher, SharedCursor, push_list};
pub use aiter_executor_compat::{AiterToIter, aiter_to_iter};
#[cfg(feature = "std")]
pub use aiter_executor_compat::{BlockOn, PushBlocking, park_thread, unblock_iter};
pub use futures_core::{FusedStream, Stream};
