//! Parts for adapters: wakers that any party may call, and a value that several tasks poll in turn.

mod hub;
pub(crate) mod poll_lock;
mod ready_cells;
mod ready_entry;
pub(crate) mod ready_node;
pub(crate) mod ready_stack;
mod turn;
pub(crate) mod wake_cell;
