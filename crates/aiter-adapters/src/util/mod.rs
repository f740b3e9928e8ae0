//! What adapters of several families share.

mod budget;
mod caught;
mod flattener;
mod pool;
mod results;
mod slots;
mod source;
pub(crate) mod unwind;
mod window;

pub(crate) use budget::Budget;
pub(crate) use caught::{Caught, catch};
pub(crate) use flattener::Flattener;
pub(crate) use pool::Pool;
pub(crate) use results::Finished;
pub(crate) use source::Source;
pub(crate) use window::window;
