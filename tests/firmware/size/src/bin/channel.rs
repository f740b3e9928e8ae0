//! A channel of embassy-sync for 16 items.

#![no_std]
#![no_main]

use aiter_firmware_size::{block_on, entry, exit, start_timer};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;

static CHANNEL: Channel<CriticalSectionRawMutex, u32, 16> = Channel::new();

#[unsafe(no_mangle)]
fn tick() {
    let _ = CHANNEL.try_send(1);
}

#[entry]
fn main() -> ! {
    start_timer();
    block_on(async {
        let mut number = 0;
        while number < 100 {
            number += CHANNEL.receive().await;
        }
    });
    exit(0)
}
