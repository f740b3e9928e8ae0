//! Tasks that wait: their wakers, and how a notifier calls them. Knows no item.

pub(crate) mod claim;
pub(crate) mod queue;
pub(crate) mod sleeper;
mod slot;
pub(crate) mod slots;
