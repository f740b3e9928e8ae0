#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod aiter_to_iter;
#[cfg(feature = "std")]
mod block_on;
mod block_on_idle;
#[cfg(feature = "std")]
mod forbid;
mod next;
#[cfg(feature = "std")]
mod parker;
#[cfg(feature = "std")]
mod push_blocking;
#[cfg(feature = "std")]
mod unblock;

pub use aiter_to_iter::{AiterToIter, aiter_to_iter};
#[cfg(feature = "std")]
pub use block_on::{BlockOn, Elapsed, park_thread};
pub use block_on_idle::{BlockOnIdle, IdleHint};
#[cfg(feature = "std")]
pub use forbid::{ForbidBlocking, allow_blocking, forbid_blocking};
pub use next::{BlockOnNext, NextItem};
#[cfg(feature = "std")]
pub use push_blocking::{PushBlocking, PushTimeoutError};
#[cfg(feature = "std")]
pub use unblock::{UnblockIter, unblock_iter};
