//! Tests of the lists on a board, where interrupt handlers push and the main loop reads.

#![no_std]
#![no_main]

extern crate alloc;

mod bounded;
mod chain;
mod levels;
mod list;
mod producers;

use alloc::boxed::Box;

use aiter_firmware::block_on::block_on;
use aiter_firmware::run::{self, Case};
use aiter_firmware::{board, heap};
use embassy_executor::Executor;

/// Cycles between two interrupts: 16 short periods, in which the main loop makes little progress,
/// then 16 long ones, in which it sleeps. Successive periods differ, so that interrupts fall on
/// different instructions of the main loop.
fn mixed(tick: u32) -> u32 {
    let base = if tick & 16 == 0 { 300 } else { 4000 };
    base + tick * 37 % 613
}

#[board::entry]
fn main() -> ! {
    board::init();
    heap::init();
    for (name, run_case) in list::ALL.iter().chain(levels::ALL).chain(bounded::ALL) {
        let case = Case::start(name);
        run_case();
        case.end();
    }
    let case = Case::start("adapter_chain_under_block_on");
    block_on(chain::run());
    case.end();
    // The executor never returns.
    Box::leak(Box::new(Executor::new())).run(|spawner| spawner.spawn(under_embassy().unwrap()))
}

#[embassy_executor::task]
async fn under_embassy() {
    let case = Case::start("adapter_chain_under_embassy");
    chain::run().await;
    case.end();
    run::finish()
}
