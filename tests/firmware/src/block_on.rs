//! Waits for a future in the main loop: sleeps until the waker was called, then polls again.

use core::mem;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use crate::board;

/// Set by the waker. Any interrupt ends a sleep; only this flag ends the wait, so that a wake-up
/// that the list forgets is a hang.
static WOKEN: AtomicBool = AtomicBool::new(false);
/// Set while the main loop waits.
static WAITS: AtomicBool = AtomicBool::new(false);

/// Runs `future` to its end.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = waker(|| {
        WOKEN.store(true, Ordering::SeqCst);
        board::wake();
    });
    let mut cx = Context::from_waker(&waker);
    loop {
        WOKEN.store(false, Ordering::SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        WAITS.store(true, Ordering::SeqCst);
        while !WOKEN.load(Ordering::SeqCst) {
            board::sleep_unless(|| WOKEN.load(Ordering::SeqCst));
        }
        WAITS.store(false, Ordering::SeqCst);
    }
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
