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
use futures_util::StreamExt;
use semihosting::{println, process};

// Its critical sections make it safe in handlers, too; ours need it only in main.
#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// On its way from main to the handler, which takes it at its first tick.
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
        // Main has not read for a while. The sample came back; it is pushed at the next tick.
        Err(TryPushError::Full(_)) => {}
        // Nobody listens any more.
        Err(_) => {}
    }
}

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    const SIZE: usize = 2048;
    static mut MEMORY: [MaybeUninit<u8>; SIZE] = [MaybeUninit::uninit(); SIZE];
    // SAFETY: before the first allocation, once, and nothing else names the memory.
    unsafe { HEAP.init((&raw mut MEMORY).addr(), SIZE) }

    let (pusher, mut samples) = push_list();
    // As many as may come while main is busy; what was read makes room again.
    pusher.reserve(32);
    critical_section::with(|cs| PUSHER.borrow(cs).set(Some(pusher)));

    let mut timer = Peripherals::take().expect("nobody took them before").SYST;
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
