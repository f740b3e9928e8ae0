//! Shared parts of the programs for emulated boards: board, heap, executor and test runner.
//!
//! A program fails on a panic, on a leak, on a lost wake-up (a hang), and if a handler allocates or
//! frees.

#![no_std]

extern crate alloc;

pub mod block_on;
pub mod board;
mod critical;
pub mod heap;
pub mod run;
