#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

extern crate alloc;

mod bars;
mod chart;
mod cli;
mod contestants;
mod cores;
mod harness;
mod json;
mod machine;
mod markdown;
mod plots;
mod report;
mod scenarios;
mod start_line;

pub use cli::{allocations, run};
pub use scenarios::memory::HeapUse;
