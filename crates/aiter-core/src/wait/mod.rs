//! Wait queues: registration of wakers, and notification. Knows no item and no block.

pub(crate) mod claim;
pub(crate) mod lazy_queue;
pub(crate) mod queue;
mod slot;
pub(crate) mod slots;
pub(crate) mod waiter;
