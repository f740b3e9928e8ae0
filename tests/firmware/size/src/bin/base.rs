//! No channel: an interrupt counts to a hundred, and main waits for that.

#![no_std]
#![no_main]

use core::future::poll_fn;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use core::task::Poll;

use aiter_firmware_size::{block_on, entry, exit, start_timer, wake};

static NUMBER: AtomicU32 = AtomicU32::new(0);

#[unsafe(no_mangle)]
fn tick() {
    NUMBER.store(NUMBER.load(SeqCst) + 1, SeqCst);
    wake();
}

#[entry]
fn main() -> ! {
    start_timer();
    block_on(poll_fn(|_| if NUMBER.load(SeqCst) >= 100 { Poll::Ready(()) } else { Poll::Pending }));
    exit(0)
}
