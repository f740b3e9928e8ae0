//! A bounded list between the interrupt and main.

#![no_std]
#![no_main]

use aiter_adapters::{BoundedPusher, bounded};
use aiter_firmware_size::{Handed, block_on, entry, exit, init, report, start_timer};
use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

static PUSHER: Handed<BoundedPusher<u32>> = Handed::new();

#[unsafe(no_mangle)]
fn tick() {
    if let Some(pusher) = PUSHER.get() {
        let _ = pusher.try_push(1);
    }
}

#[entry]
fn main() -> ! {
    init(&HEAP);
    let (pusher, mut cursor) = bounded(16);
    pusher.preallocate();
    // SAFETY: the timer starts below.
    unsafe { PUSHER.set(pusher) };
    start_timer();
    block_on(async {
        let mut number = 0;
        while number < 100 {
            number += cursor.next().await.unwrap_or(0);
        }
    });
    report(&HEAP);
    exit(0)
}
