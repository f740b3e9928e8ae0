//! Building blocks for authors of adapters. Programs that use streams do not need them.
//!
//! - [`WakeCell`] holds the waker of one task, and any thread or interrupt handler may wake it.
//! - [`ReadyQueue`] and [`ReadyNode`] let one task poll many streams or futures, each only after
//!   its own waker was called.
//! - [`PollLock`] lets several tasks poll one value in turn.

mod access;
mod lock_guard;
mod lock_state;
mod node;
mod poll_lock;
mod ready_cells;
mod ready_entry;
mod ready_node;
mod ready_queue;
mod wake_cell;

#[doc(hidden)]
pub use crate::pusher::no_wake::{NoWakeCursor, NoWakePusher, no_wake_list};
pub use poll_lock::PollLock;
pub use ready_node::ReadyNode;
pub use ready_queue::ReadyQueue;
pub use wake_cell::WakeCell;
