//! A queue of heapless for 16 items, with a flag that wakes main.

#![no_std]
#![no_main]

use core::cell::UnsafeCell;
use core::future::poll_fn;
use core::task::Poll;

use aiter_firmware_size::{block_on, entry, exit, start_timer, wake};
use heapless::spsc::{Producer, Queue};

struct Shared(UnsafeCell<Option<Producer<'static, u32>>>);

// SAFETY: the value is written before the timer starts, and then used only by its interrupt.
unsafe impl Sync for Shared {}

static PRODUCER: Shared = Shared(UnsafeCell::new(None));
static mut QUEUE: Queue<u32, 17> = Queue::new();

#[unsafe(no_mangle)]
fn tick() {
    // SAFETY: after the start of the timer only its interrupt uses the value, and it does not
    // preempt itself.
    if let Some(producer) = unsafe { &mut *PRODUCER.0.get() } {
        let _ = producer.enqueue(1);
        wake();
    }
}

#[entry]
fn main() -> ! {
    let queue = &raw mut QUEUE;
    // SAFETY: this is the only use of the queue.
    let (producer, mut consumer) = unsafe { (*queue).split() };
    // SAFETY: the timer starts below.
    unsafe { *PRODUCER.0.get() = Some(producer) };
    start_timer();
    block_on(async {
        let mut number = 0;
        while number < 100 {
            number += poll_fn(|_| consumer.dequeue().map_or(Poll::Pending, Poll::Ready)).await;
        }
    });
    exit(0)
}
