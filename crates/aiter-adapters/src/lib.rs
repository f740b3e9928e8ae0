#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod iter_to_aiter;

pub use iter_to_aiter::{IterToAiter, iter_to_aiter};
