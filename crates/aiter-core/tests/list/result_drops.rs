//! Values whose drop panics behind a result: the result is dropped, not leaked.

use aiter_core::{push_list, task::PollLock};
use alloc::{sync::Arc, task::Wake};
use core::{
    mem,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

/// Panics when it is dropped.
struct Loud;

impl Drop for Loud {
    fn drop(&mut self) {
        panic!("loud");
    }
}

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn preflight_drop_panics_cursor_is_dropped() {
    let (item, loud) = (Arc::new(()), Loud);
    let (pusher, cursor) = push_list();
    pusher.push(item.clone()).unwrap();
    let preflight = cursor.preflight(move |_| {
        let _ = &loud;
    });
    assert!(panics(|| drop(preflight.into_inner())));
    assert_eq!((pusher.cursor_count(), Arc::strong_count(&item)), (0, 1));
}

type Handle = PollLock<Arc<()>>;

/// A waker that drops a handle of the relay when it is called, and whose own drop panics.
struct DropsHandle(Mutex<Option<Handle>>, Loud);

impl Wake for DropsHandle {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        drop(mem::take(&mut *self.0.lock().unwrap()));
    }
}

/// `unwrap` takes the value from the last handle, with a called waker left in the relay.
fn assert_value_is_dropped<R>(unwrap: impl FnOnce(Handle) -> R) {
    let value = Arc::new(());
    let one = PollLock::new(value.clone());
    let mut two = one.clone();
    let loud = Arc::new(DropsHandle(Mutex::new(None), Loud));
    let waker = Waker::from(loud.clone());
    let mut hub = None;
    let polled = two.poll_locked(&mut Context::from_waker(&waker), |_, cx| {
        hub = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    *loud.0.lock().unwrap() = Some(two);
    drop((waker, loud));
    hub.expect("it was polled").wake();
    assert!(panics(|| drop(unwrap(one))), "the waker is still there");
    assert_eq!(Arc::strong_count(&value), 1, "leaked");
}

#[test]
fn relay_waker_drop_panics_value_is_dropped() {
    assert_value_is_dropped(PollLock::into_inner);
    assert_value_is_dropped(PollLock::try_into_inner);
}

#[test]
fn unused_look_drop_panics_result_is_dropped() {
    let (result, loud) = (Arc::new(()), Loud);
    let (mut relay, given) = (PollLock::new(()), result.clone());
    let turn = move |(): &mut (), _: Pin<&mut ()>, _: &mut Context<'_>| Poll::Ready(given.clone());
    let look = move |(): &mut ()| {
        let _ = &loud;
        None
    };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(panics(|| drop(relay.poll_locked_or_else(&mut cx, &mut (), turn, look))));
    assert_eq!(Arc::strong_count(&result), 1);
}
