#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod ext;
mod iter_to_aiter;
mod sync;

pub use ext::AiterExt;
pub use iter_to_aiter::{IterToAiter, iter_to_aiter};
