use core::sync::atomic::{AtomicBool, AtomicUsize};

use crate::token::Ledger;

/// What the sources of one run have in common.
#[derive(Debug, Default)]
pub(crate) struct RunCounters {
    pub(crate) ledger: Ledger,
    /// The task that is being polled.
    pub(crate) task: AtomicUsize,
    /// The task that is being polled has seen its end before.
    pub(crate) after_end: AtomicBool,
    /// Polls of the sources since the poll of a task began.
    pub(crate) polls: AtomicUsize,
}
