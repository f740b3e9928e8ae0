//! What the programs share: a timer whose interrupt calls `tick`, and main, which waits for a
//! future.

#![no_std]

mod board;
#[path = "../../src/critical.rs"]
mod critical;

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

pub use board::{entry, exit, start_timer};
use embedded_alloc::LlffHeap;

static WOKEN: AtomicBool = AtomicBool::new(false);

/// Ends the sleep of [`block_on`].
pub fn wake() {
    WOKEN.store(true, SeqCst);
}

/// Waits for a future, of which there is one.
pub fn block_on<F: Future>(future: F) -> F::Output {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| RawWaker::new(core::ptr::null(), &VTABLE), call, call, |_| ());
    fn call(_: *const ()) {
        wake();
    }
    // SAFETY: the functions use no data, so that there is none to keep or to drop.
    let waker = unsafe { Waker::new(core::ptr::null(), &VTABLE) };
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        WOKEN.store(false, SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        while !WOKEN.load(SeqCst) {
            board::sleep_unless(|| WOKEN.load(SeqCst));
        }
    }
}

/// A value for the timer's interrupt, from main.
pub struct Handed<T>(UnsafeCell<Option<T>>);

// SAFETY: written before the timer starts, and only looked at after that.
unsafe impl<T: Sync> Sync for Handed<T> {}

impl<T> Handed<T> {
    /// Nothing yet.
    #[expect(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Hands it over.
    ///
    /// # Safety
    /// The timer has not started.
    pub unsafe fn set(&self, value: T) {
        // SAFETY: nobody looks yet.
        unsafe { *self.0.get() = Some(value) }
    }

    /// What was handed over.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: see `Sync`.
        unsafe { (*self.0.get()).as_ref() }
    }
}

/// What a heap has: `ci/size.sh` counts it apart.
const ARENA: usize = 1024;

/// Hands the heap its memory.
pub fn init(heap: &LlffHeap) {
    static mut ARENA_OF_BYTES: [MaybeUninit<u8>; ARENA] = [MaybeUninit::uninit(); ARENA];
    // SAFETY: called once, before the first allocation; nothing else names the arena.
    unsafe { heap.init((&raw mut ARENA_OF_BYTES).addr(), ARENA) }
}

/// Says how much of the heap is in use.
pub fn report(_heap: &LlffHeap) {
    #[cfg(feature = "report")]
    semihosting::println!("{}", _heap.used());
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(1)
}
