use core::sync::atomic::{AtomicBool, AtomicUsize};

use crate::token::ledger::Ledger;

/// State that all sources of a run share.
///
/// Every access is relaxed, because a run has one thread.
#[derive(Debug, Default)]
pub(crate) struct RunCounters {
    pub(crate) ledger: Ledger,
    /// Number of the task that is polled.
    pub(crate) task: AtomicUsize,
    /// Whether that task returned `None` before.
    pub(crate) after_end: AtomicBool,
    /// Number of polls of sources since the poll of the task began.
    pub(crate) polls: AtomicUsize,
}
