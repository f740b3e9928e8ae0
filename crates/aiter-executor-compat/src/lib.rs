#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod aiter_to_iter;
#[cfg(feature = "std")]
mod block_on;
mod next;
#[cfg(feature = "std")]
mod unblock;

pub use aiter_to_iter::{AiterToIter, aiter_to_iter};
#[cfg(feature = "std")]
pub use block_on::park_thread;
pub use next::Next;
#[cfg(feature = "std")]
pub use unblock::{UnblockIter, unblock_iter};
