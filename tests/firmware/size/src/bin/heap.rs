//! No channel, but a heap with one value.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use core::task::Poll;

use aiter_firmware_size::{block_on, entry, exit, init, report, start_timer, wake};
use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

static NUMBER: AtomicU32 = AtomicU32::new(0);

#[unsafe(no_mangle)]
fn tick() {
    NUMBER.store(NUMBER.load(SeqCst) + 1, SeqCst);
    wake();
}

#[entry]
fn main() -> ! {
    init(&HEAP);
    let last = core::hint::black_box(Box::new(100));
    start_timer();
    block_on(poll_fn(
        |_| {
            if NUMBER.load(SeqCst) >= *last { Poll::Ready(()) } else { Poll::Pending }
        },
    ));
    report(&HEAP);
    exit(0)
}
