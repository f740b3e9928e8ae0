#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(any(loom, shuttle))]
extern crate std;

mod block;
mod block_stack;
mod clone_fn;
#[cfg(test)]
mod crowd_panics;
mod cursor;
mod cursor_skip;
mod cursor_stream;
mod error;
mod handles;
mod list;
pub mod microcontroller;
mod pace;
mod preflight;
mod pusher;
mod quiet;
mod readers;
mod ready_node;
mod ready_stack;
mod relay;
mod shared;
mod sole;
mod stash;
mod sync;
mod tail;
mod unwind_safe;
mod wait_slots;
mod waiters;
mod wake_cell;

pub use cursor_stream::{AvailableIter, Cursor, NextMany};
pub use error::{PushAllError, PushError, Refusal, TryNextError, TryPushError};
pub use preflight::Preflight;
pub use pusher::{Pusher, WeakPusher, push_list};
pub use quiet::{QuietCursor, QuietPusher, quiet_list};
pub use ready_node::ReadyNode;
pub use ready_stack::ReadyStack;
pub use relay::Relay;
pub use shared::{SharedCursor, SharedNext, SharedNextMany};
pub use sole::SolePusher;
pub use wake_cell::WakeCell;
