//! What the programs for emulated boards share: the board, the heap, an executor, and the way to
//! tell how it went.
//!
//! A handler that allocates or frees, a lost wake-up (a hang) and a leak fail a program, as a panic
//! does.

#![no_std]

extern crate alloc;

pub mod block_on;
pub mod board;
mod critical;
pub mod heap;
pub mod run;
