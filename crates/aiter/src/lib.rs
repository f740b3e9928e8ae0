#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

pub mod prelude;

#[doc(inline)]
pub use aiter_adapters::*;
#[doc(inline)]
pub use aiter_core::*;
#[doc(inline)]
pub use aiter_executor_compat::*;
