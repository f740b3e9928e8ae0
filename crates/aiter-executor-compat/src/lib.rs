#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod aiter_to_iter;
mod block;
#[cfg(feature = "std")]
mod block_on;
mod block_on_idle;
#[cfg(feature = "std")]
mod budget;
#[cfg(feature = "std")]
mod forbid;
mod next;
#[cfg(feature = "std")]
mod parked;
#[cfg(feature = "std")]
mod scope;
#[cfg(feature = "std")]
mod spin;
#[cfg(feature = "std")]
mod stuck;
#[cfg(feature = "std")]
mod unblock;
#[cfg(feature = "std")]
mod watch;

pub use aiter_to_iter::{AiterToIter, aiter_to_iter};
pub use block::Block;
#[cfg(feature = "std")]
pub use block_on::{BlockOn, TimedOut, park_thread};
pub use block_on_idle::{BlockOnIdle, Idle};
#[cfg(feature = "std")]
pub use forbid::{ForbidBlocking, allow_blocking, forbid_blocking};
pub use next::Next;
#[cfg(feature = "std")]
pub use unblock::{UnblockIter, unblock_iter};
