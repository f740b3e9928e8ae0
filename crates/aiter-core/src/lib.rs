#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(any(loom, shuttle))]
extern crate std;

mod cursor;
mod error;
mod list;
pub mod microcontroller;
mod pusher;
mod sync;
mod task;
#[cfg(test)]
mod tests;
mod unwind_safe;
mod wait;

pub use cursor::{
    AvailableIter, Cursor, NextMany,
    preflight::Preflight,
    shared::{SharedCursor, SharedNext, SharedNextMany},
};
pub use error::{PushAllError, PushError, Refusal, TryNextError, TryPushError};
pub use pusher::{
    Pusher, WeakPusher, push_list,
    quiet::{QuietCursor, QuietPusher, quiet_list},
    unique::SolePusher,
};
pub use task::{
    poll_lock::Relay, ready_node::ReadyNode, ready_stack::ReadyStack, wake_cell::WakeCell,
};
