//! Tests of the list on a board: what interrupt handlers push, the main loop reads.
//!
//! A handler that allocates or frees, a lost wake-up (a hang) and a leak fail them, as a panic does.

#![no_std]
#![no_main]

extern crate alloc;

mod block_on;
mod board;
mod cases;
mod heap;

use cortex_m_rt::entry;
use semihosting::{print, println, process};

#[entry]
fn main() -> ! {
    board::init();
    heap::init();
    for (name, case) in cases::ALL {
        print!("test {name} ... ");
        let used = heap::used();
        case();
        assert_eq!(heap::used(), used, "{name} leaks");
        println!("ok");
    }
    println!("{} passed, 0 failed", cases::ALL.len());
    process::exit(0)
}
