#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

mod bars;
mod cli;
mod contestants;
mod cores;
mod harness;
mod machine;
mod plots;
mod report;
mod scenarios;
mod start_line;

pub use cli::{allocations, run};
pub use scenarios::memory::HeapUse;
