//! Bounds and windows of zero, which panic at the caller.

use aiter::{AiterExt, LagPolicy, iter_to_aiter};
use aiter_adapters::{LossyPolicy, bounded, bounded_by, bounded_lossy};
use core::{cell::RefCell, convert::identity, future::ready, panic::AssertUnwindSafe};
use futures_util::{StreamExt, stream};
use std::{
    panic::{catch_unwind, set_hook, take_hook},
    sync::Once,
};

thread_local! {
    /// The file of this thread's last panic.
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Asserts that `call` panics with the caller's location and names the parameter.
fn assert_refused(parameter: &str, call: impl FnOnce()) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |panic| {
            let file = panic.location().map_or("", |location| location.file());
            FILE.set(file.to_owned());
            previous(panic);
        }));
    });
    let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("zero must panic");
    let message = payload.downcast::<String>().expect("the message is formatted");
    assert_eq!(*message, format!("`{parameter}` must not be 0"));
    assert_eq!(FILE.take(), file!());
}

fn numbers() -> stream::Iter<core::ops::Range<u32>> {
    stream::iter(0..3)
}

#[test]
fn zero_cap_panics_at_caller() {
    assert_refused("cap", || drop(numbers().active_bounded(0, drop)));
    assert_refused("cap", || drop(numbers().active_bounded(0, identity).into_parts()));
    assert_refused("cap", || drop(numbers().forker_bounded(0, LagPolicy::Wait)));
}

/// Tokio's `mpsc_bounded_channel_panic_caller` and `broadcast_channel_panic_caller`.
#[test]
fn zero_cap_of_list_panics_at_caller() {
    assert_refused("cap", || drop(bounded::<u8>(0)));
    assert_refused("cap", || drop(bounded_by(0, |_: &u8| 1)));
    assert_refused("cap", || drop(bounded_lossy::<u8>(0, LossyPolicy::DropOldest)));
}

#[test]
fn zero_n_panics_at_caller() {
    let streams = || numbers().map(|_| numbers());
    assert_refused("n", || drop(streams().join_streams().max_inner(0)));
    let fallible = || numbers().map(|_| Ok(numbers().map(Ok::<u32, ()>)));
    let emit = aiter::OnError::Emit;
    assert_refused("n", || drop(fallible().try_join_streams(emit).max_inner(0)));
    assert_refused("n", || drop(numbers().map_par(0, ready)));
    assert_refused("n", || drop(numbers().map_par_with(0, drop, ready)));
    assert_refused("n", || drop(numbers().map_par_with(0, identity, ready).into_parts()));
    assert_refused("n", || drop(numbers().preload(0)));
    assert_refused("n", || drop(numbers().preload_with(0, drop)));
    assert_refused("n", || drop(numbers().preload_with(0, identity).into_parts()));
    assert_refused("n", || drop(iter_to_aiter(0..3).yield_every(0)));
}

#[cfg(not(target_family = "wasm"))]
#[test]
fn unblock_iter_zero_cap_panics_at_caller() {
    assert_refused("cap", || drop(aiter::unblock_iter(0..3, 0, std::thread::spawn)));
}
