//! The only file that chooses between the real atomics and those of a model checker.
//!
//! As in `aiter-core`: `portable_atomic` is `core`'s own atomics wherever the target has them.
#![allow(unused_imports, reason = "which of these are used depends on the target")]

#[cfg(aiter_weaken)]
#[path = "../../aiter-core/src/sync/weaken.rs"]
mod weaken;
#[cfg(aiter_weaken)]
pub(crate) use weaken::{AtomicBool, AtomicUsize};

#[cfg(all(not(loom), not(shuttle), not(aiter_weaken)))]
pub(crate) use portable_atomic::{AtomicBool, AtomicUsize};

#[cfg(all(loom, not(aiter_weaken)))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize};

#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicUsize};

pub(crate) use core::sync::atomic::Ordering;

#[cfg(all(not(loom), not(shuttle), target_has_atomic = "ptr"))]
pub(crate) use alloc::sync::Arc;
#[cfg(loom)]
pub(crate) use loom::sync::Arc;
#[cfg(not(target_has_atomic = "ptr"))]
pub(crate) use portable_atomic_util::Arc;
#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::Arc;

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(all(shuttle, not(loom)))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
pub(crate) use std::sync::{Mutex, MutexGuard};
