#![no_std]
#![no_main]

use core::cell::Cell;
use core::mem::MaybeUninit;

use aiter_core::{Pusher, TryPushError, push_list};
use cortex_m::Peripherals;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_executor::Spawner;
use embedded_alloc::LlffHeap;
use semihosting::{println, process};

// Its critical sections make it safe in handlers as well, but only main allocates here.
#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// The pusher, which main stores and the handler takes at its first tick.
static PUSHER: Mutex<Cell<Option<Pusher<u32>>>> = Mutex::new(Cell::new(None));

#[exception]
fn SysTick() {
    static mut TAKEN: Option<Pusher<u32>> = None;
    static mut SAMPLE: u32 = 0;

    if TAKEN.is_none() {
        *TAKEN = critical_section::with(|cs| PUSHER.borrow(cs).take());
    }
    let Some(pusher) = TAKEN else { return };
    match pusher.try_push(*SAMPLE) {
        Ok(()) => *SAMPLE += 1,
        // The list is full, because main is busy. The next tick pushes the sample again.
        Err(TryPushError::Full(_)) => {}
        // The list is stopped or has no cursor.
        Err(_) => {}
    }
}

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    const SIZE: usize = 2048;
    static mut MEMORY: [MaybeUninit<u8>; SIZE] = [MaybeUninit::uninit(); SIZE];
    // SAFETY: `init` is called once, before the first allocation. No other code uses the memory.
    unsafe { HEAP.init((&raw mut MEMORY).addr(), SIZE) }

    let (pusher, mut samples) = push_list();
    // Room for the samples that may arrive while main is busy. Items that are read make room again.
    pusher.reserve(32);
    critical_section::with(|cs| PUSHER.borrow(cs).set(Some(pusher)));

    let mut timer = Peripherals::take().expect("the peripherals are taken once").SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(1000);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();

    for expected in 0..1000 {
        assert_eq!(samples.next().await, Some(expected));
    }
    println!("1000 samples, {} bytes of heap in use", HEAP.used());
    process::exit(0)
}
