#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(any(loom, shuttle))]
extern crate std;

mod cursor;
mod defer;
mod error;
mod list;
pub mod microcontroller;
#[cfg(test)]
mod panic_tests;
mod pusher;
mod sync;
pub mod task;
mod tuning;
mod unwind_safe;
mod wait;

pub use cursor::{
    Cursor,
    available::AvailableIter,
    next::{Next, PreflightNext},
    next_many::{NextMany, PreflightNextMany},
    preflight::Preflight,
    shared::SharedCursor,
    shared_next::{SharedNext, SharedNextMany},
};
pub use error::{PushAllError, PushError, PushErrorKind, TryNextError, TryPushError};
pub use pusher::{
    Pusher, closed::Closed, push_list, replay::Replay, subscriber::Subscriber,
    unique::UniquePusher, weak::WeakPusher,
};
