//! Tasks that wait: their wakers, and how a notifier calls them. Knows no item.

pub(crate) mod claim;
pub(crate) mod queue;
mod slot;
pub(crate) mod slots;
pub(crate) mod waiter;
