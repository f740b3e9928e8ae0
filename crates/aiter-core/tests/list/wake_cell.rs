//! `WakeCell`: a registered waker that any thread may call.

use aiter_core::task::WakeCell;
use alloc::{sync::Arc, task::Wake};
use core::{panic::AssertUnwindSafe, task::Waker};
use std::panic::catch_unwind;

use crate::waker::Counting;

#[test]
fn each_registration_is_woken_once() {
    let (cell, waker) = (WakeCell::new(), Counting::new());
    cell.wake();
    for n in 0..3 {
        cell.register(waker.waker());
        assert_eq!(waker.wakes(), n, "an early wake-up must not be kept");
        cell.wake();
        cell.wake();
        assert_eq!(waker.wakes(), n + 1);
    }
}

#[test]
fn latest_waker_is_called_others_are_dropped() {
    let (cell, wakers) = (WakeCell::new(), [Counting::new(), Counting::new(), Counting::new()]);
    for waker in &wakers {
        cell.register(waker.waker());
    }
    cell.wake();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 0, 1]);
    cell.clear();
    assert_eq!(wakers.each_ref().map(Counting::held), [0, 0, 0]);
}

#[test]
fn cleared_waker_is_not_woken() {
    let (cell, waker) = (WakeCell::new(), Counting::new());
    cell.register(waker.waker());
    cell.clear();
    assert_eq!(waker.held(), 0);
    cell.wake();
    assert_eq!(waker.wakes(), 0);
}

#[test]
fn wake_cell_dropped_drops_waker() {
    let (cell, waker) = (WakeCell::new(), Counting::new());
    cell.register(waker.waker());
    cell.wake();
    cell.register(waker.waker());
    drop(cell);
    assert_eq!(waker.held(), 0);
}

/// The task preempts the thread that calls its waker, and registers another waker.
#[test]
fn task_registers_inside_its_wake() {
    struct RegisterInWake {
        cell: Arc<WakeCell>,
        then: Waker,
    }
    impl Wake for RegisterInWake {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            self.cell.register(&self.then);
        }
    }
    let (cell, counting) = (Arc::new(WakeCell::new()), Counting::new());
    let waker = RegisterInWake { cell: cell.clone(), then: counting.waker().clone() };
    cell.register(&Waker::from(Arc::new(waker)));
    cell.wake();
    assert_eq!(counting.wakes(), 0, "the new registration must not be woken");
    cell.wake();
    assert_eq!(counting.wakes(), 1);
    cell.clear();
}

#[test]
fn waker_panic_leaves_wake_cell_usable() {
    struct PanicOnWake;
    impl Wake for PanicOnWake {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }
    let (cell, waker) = (WakeCell::new(), Counting::new());
    for _ in 0..2 {
        cell.register(&Waker::from(Arc::new(PanicOnWake)));
        assert!(catch_unwind(AssertUnwindSafe(|| cell.wake())).is_err());
    }
    cell.register(waker.waker());
    cell.wake();
    assert_eq!(waker.wakes(), 1);
}
