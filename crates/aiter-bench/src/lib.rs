#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

mod bars;
mod cli;
mod contestants;
mod cores;
mod harness;
mod report;
mod scenarios;

pub use cli::{allocations, peers};
pub use scenarios::memory::HeapUse;
