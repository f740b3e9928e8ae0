//! Helpers of several families.

mod budget;
mod clear_on_panic;
mod finally;
mod flattener;
mod fused_source;
mod hint;
mod next;
mod nonzero;
mod pool;
mod results;
mod slots;
mod task_panic;

pub(crate) use budget::Budget;
pub(crate) use clear_on_panic::clear_on_panic;
pub(crate) use finally::Finally;
pub(crate) use flattener::Flattener;
pub(crate) use fused_source::FusedSource;
pub(crate) use hint::{add_to_hint, source_hint};
pub use next::StreamNext;
#[cfg(any(feature = "critical-section", feature = "std"))]
pub(crate) use next::Wait;
pub(crate) use next::inherent_next;
pub(crate) use nonzero::nonzero;
pub(crate) use pool::Pool;
pub(crate) use results::Results;
pub(crate) use task_panic::{TaskPanic, catch};
