//! The push list: by `push`, by the unique pusher, in runs, shared and forked; and the bounded
//! list.

mod bounded;
mod forks;
mod lossy;
mod queues;
mod read;

pub(crate) use bounded::AiterBounded;
pub(crate) use forks::{AiterForks, AiterForksMany};
pub(crate) use lossy::AiterDropOldest;
pub(crate) use queues::{Aiter, AiterShared, AiterUnique};
