//! Tests of the list on a board: what interrupt handlers push, the main loop reads.

#![no_std]
#![no_main]

extern crate alloc;

mod list;

use aiter_firmware::board;
use aiter_firmware::heap;
use aiter_firmware::run::{self, Case};

/// Cycles between two interrupts: 16 short times, in which the main loop hardly gets on, then 16
/// long ones, in which it sleeps. No two follow each other that are alike, so that the interrupts
/// fall on ever other places of the main loop.
fn mixed(tick: u32) -> u32 {
    let base = if tick & 16 == 0 { 300 } else { 4000 };
    base + tick * 37 % 613
}

#[board::entry]
fn main() -> ! {
    board::init();
    heap::init();
    for (name, story) in list::ALL {
        let case = Case::start(name);
        story();
        case.end();
    }
    run::finish()
}
