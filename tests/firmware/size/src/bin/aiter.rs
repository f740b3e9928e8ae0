//! A push list between the interrupt and main.

#![no_std]
#![no_main]

use core::future::poll_fn;
use core::pin::Pin;

use aiter_core::{Pusher, push_list};
use aiter_firmware_size::{Handed, block_on, entry, exit, init, report, start_timer};
use embedded_alloc::LlffHeap;
use futures_core::Stream;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

static PUSHER: Handed<Pusher<u32>> = Handed::new();

#[unsafe(no_mangle)]
fn tick() {
    if let Some(pusher) = PUSHER.get() {
        let _ = pusher.try_push(1);
    }
}

#[entry]
fn main() -> ! {
    init(&HEAP);
    let (pusher, mut cursor) = push_list();
    pusher.reserve(16);
    // SAFETY: the timer starts below.
    unsafe { PUSHER.set(pusher) };
    start_timer();
    block_on(async {
        let mut number = 0;
        while number < 100 {
            number += poll_fn(|cx| Pin::new(&mut cursor).poll_next(cx)).await.unwrap_or(0);
        }
    });
    report(&HEAP);
    exit(0)
}
