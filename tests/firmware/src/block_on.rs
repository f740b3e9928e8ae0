//! Waits for a future in the main loop: sleeps until the waker was called, then polls again.

use core::future::poll_fn;
use core::mem;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{RawWaker, RawWakerVTable, Waker};

use aiter::BlockOnIdle;

use crate::board;

/// Set while the main loop waits.
static WAITS: AtomicBool = AtomicBool::new(false);

/// Runs `future` to its end. Any interrupt ends a sleep; only a wake-up ends the wait, so that one
/// that the list forgets is a hang.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let told = poll_fn(|cx| {
        WAITS.store(false, Ordering::SeqCst);
        let polled = future.as_mut().poll(cx);
        WAITS.store(polled.is_pending(), Ordering::SeqCst);
        polled
    });
    BlockOnIdle::new(|idle| board::sleep_unless(|| idle.is_woken())).block_on(told)
}

/// Whether [`block_on`] waits now, that is, has nothing to do until a wake-up.
pub fn waits() -> bool {
    WAITS.load(Ordering::SeqCst)
}

/// A waker that calls `wake`, from any context, and owns nothing.
pub fn waker(wake: fn()) -> Waker {
    fn raw(wake: *const ()) -> RawWaker {
        RawWaker::new(wake, &VTABLE)
    }
    fn call(wake: *const ()) {
        // SAFETY: the data of every waker that has this table is a `fn()`.
        unsafe { mem::transmute::<*const (), fn()>(wake)() }
    }
    static VTABLE: RawWakerVTable = RawWakerVTable::new(raw, call, call, |_| ());
    // SAFETY: the table's functions keep the contract: a copy is as good as the original, and
    // nothing is there to drop.
    unsafe { Waker::from_raw(raw(wake as *const ())) }
}
