//! Parts for adapters: wakers that any party may call, and a value that several tasks poll in turn.

pub(crate) mod poll_lock;
pub(crate) mod ready_node;
pub(crate) mod ready_stack;
pub(crate) mod wake_cell;
