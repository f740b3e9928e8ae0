//! A drop that panics while a result is returned: the result is dropped, not leaked.

use aiter_core::{push_list, task::PollLock};
use alloc::{sync::Arc, task::Wake};
use core::{
    mem,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{panic::catch_unwind, sync::Mutex};

/// A value whose drop panics.
struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

fn panics<R>(f: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

#[test]
fn preflight_drop_panics_drops_cursor() {
    let (item, bad) = (Arc::new(()), PanicOnDrop);
    let (pusher, cursor) = push_list();
    pusher.push(item.clone()).unwrap();
    let preflight = cursor.preflight(move |_| {
        let _ = &bad;
    });
    assert!(panics(|| drop(preflight.into_inner())));
    assert_eq!((pusher.cursor_count(), Arc::strong_count(&item)), (0, 1));
}

type Handle = PollLock<Arc<()>>;

/// A waker whose call drops a handle of the lock, and whose own drop panics.
struct DropHandleOnWake(Mutex<Option<Handle>>, PanicOnDrop);

impl Wake for DropHandleOnWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        drop(mem::take(&mut *self.0.lock().unwrap()));
    }
}

/// Asserts that `unwrap` of the last handle drops the value. A called waker is left in the lock.
fn assert_value_is_dropped<R>(unwrap: impl FnOnce(Handle) -> R) {
    let value = Arc::new(());
    let one = PollLock::new(value.clone());
    let mut two = one.clone();
    let bad = Arc::new(DropHandleOnWake(Mutex::new(None), PanicOnDrop));
    let waker = Waker::from(bad.clone());
    let mut lock_waker = None;
    let polled = two.poll_locked(&mut Context::from_waker(&waker), |_, cx| {
        lock_waker = Some(cx.waker().clone());
        Poll::<()>::Pending
    });
    assert!(polled.is_pending());
    *bad.0.lock().unwrap() = Some(two);
    drop((waker, bad));
    lock_waker.expect("the value was polled").wake();
    assert!(panics(|| drop(unwrap(one))), "the drop of the waker must panic");
    assert_eq!(Arc::strong_count(&value), 1, "the value leaked");
}

#[test]
fn poll_lock_waker_drop_panics_drops_value() {
    assert_value_is_dropped(PollLock::into_inner);
    assert_value_is_dropped(PollLock::try_into_inner);
}

#[test]
fn unused_or_else_drop_panics_drops_result() {
    let (result, bad) = (Arc::new(()), PanicOnDrop);
    let (mut lock, given) = (PollLock::new(()), result.clone());
    let turn = move |(): &mut (), _: Pin<&mut ()>, _: &mut Context<'_>| Poll::Ready(given.clone());
    let or_else = move |(): &mut ()| {
        let _ = &bad;
        None
    };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(panics(|| drop(lock.poll_locked_or_else(&mut cx, &mut (), turn, or_else))));
    assert_eq!(Arc::strong_count(&result), 1);
}
