//! Shared parts of the programs: a timer whose interrupt calls `tick`, and an executor of one
//! future in main.

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

/// Runs a future to its end. A program may run only one at a time.
pub fn block_on<F: Future>(future: F) -> F::Output {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| RawWaker::new(core::ptr::null(), &VTABLE), call, call, |_| ());
    fn call(_: *const ()) {
        wake();
    }
    // SAFETY: the functions of the table use no data, so clones and drops are trivially correct.
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

/// A value that main gives to the timer's interrupt.
pub struct Handed<T>(UnsafeCell<Option<T>>);

// SAFETY: the value is written before the timer starts, and only read through `&T` afterwards.
unsafe impl<T: Sync> Sync for Handed<T> {}

impl<T> Handed<T> {
    /// Returns an empty cell.
    #[expect(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Stores the value.
    ///
    /// # Safety
    /// The timer has not started, and no reference from `get` is alive.
    pub unsafe fn set(&self, value: T) {
        // SAFETY: the timer has not started, so no other access runs.
        unsafe { *self.0.get() = Some(value) }
    }

    /// Returns the stored value.
    pub fn get(&self) -> Option<&T> {
        // SAFETY: `set` is called only before the timer starts, so no write overlaps.
        unsafe { (*self.0.get()).as_ref() }
    }
}

/// Size of the heap, which `ci/size.sh` subtracts from the static RAM.
const ARENA: usize = 1024;

/// Gives the heap its memory.
pub fn init(heap: &LlffHeap) {
    static mut ARENA_OF_BYTES: [MaybeUninit<u8>; ARENA] = [MaybeUninit::uninit(); ARENA];
    // SAFETY: programs call this once, before the first allocation, and the arena is used only
    // here.
    unsafe { heap.init((&raw mut ARENA_OF_BYTES).addr(), ARENA) }
}

/// Prints how many bytes of the heap are in use.
pub fn report(_heap: &LlffHeap) {
    #[cfg(feature = "report")]
    semihosting::println!("{}", _heap.used());
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(1)
}
