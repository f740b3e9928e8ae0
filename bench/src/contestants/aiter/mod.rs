//! The push list: by `push`, by the unique pusher, in runs, shared and forked.

mod bounded;
mod forks;
mod queues;
mod read;

pub(crate) use bounded::AiterBounded;
pub(crate) use forks::{AiterForks, AiterForksMany};
pub(crate) use queues::{Aiter, AiterShared, AiterUnique};
