//! Executor of one future in the main loop: sleeps until the waker is called, then polls again.

use core::future::poll_fn;
use core::mem;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{RawWaker, RawWakerVTable, Waker};

use aiter::BlockOnIdle;

use crate::board;

/// `true` while the main loop waits for a wake-up.
static WAITS: AtomicBool = AtomicBool::new(false);

/// Runs `future` to its end.
///
/// Any interrupt ends a sleep, but only a wake-up leads to a poll. A lost wake-up is therefore a
/// hang.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let tracked = poll_fn(|cx| {
        WAITS.store(false, Ordering::SeqCst);
        let polled = future.as_mut().poll(cx);
        WAITS.store(polled.is_pending(), Ordering::SeqCst);
        polled
    });
    BlockOnIdle::new(|idle| board::sleep_unless(|| idle.is_woken())).block_on(tracked)
}

/// Returns `true` if [`block_on`] waits for a wake-up.
pub fn waits() -> bool {
    WAITS.load(Ordering::SeqCst)
}

/// Returns a waker that calls `wake` and owns nothing. It may be used in any context.
pub fn waker(wake: fn()) -> Waker {
    fn raw(wake: *const ()) -> RawWaker {
        RawWaker::new(wake, &VTABLE)
    }
    fn call(wake: *const ()) {
        // SAFETY: the data of every waker with this table was made from a `fn()`.
        unsafe { mem::transmute::<*const (), fn()>(wake)() }
    }
    static VTABLE: RawWakerVTable = RawWakerVTable::new(raw, call, call, |_| ());
    // SAFETY: the functions of the table keep the contract of `RawWakerVTable`. The data is a plain
    // function pointer, so clones are copies and nothing has to be dropped.
    unsafe { Waker::from_raw(raw(wake as *const ())) }
}
