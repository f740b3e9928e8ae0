//! Tasks that wait: their wakers, and how a notifier calls them. Knows no item.

pub(crate) mod queue;
pub(crate) mod slots;
