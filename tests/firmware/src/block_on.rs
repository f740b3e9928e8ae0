//! Waits for a future in the main loop: sleeps until the waker was called, then polls again.

use core::mem;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{RawWaker, RawWakerVTable, Waker};

use aiter::BlockOnIdle;

use crate::board;

/// Set while the main loop sleeps.
static WAITS: AtomicBool = AtomicBool::new(false);

/// Runs `future` to its end. Any interrupt ends a sleep; only a wake-up ends the wait, so that one
/// that the list forgets is a hang.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut sleeper = BlockOnIdle::new(|idle| {
        WAITS.store(true, Ordering::SeqCst);
        board::sleep_unless(|| idle.is_over());
        WAITS.store(false, Ordering::SeqCst);
    });
    sleeper.block_on(future)
}

/// Whether [`block_on`] sleeps now, that is, has nothing to do until a wake-up.
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
