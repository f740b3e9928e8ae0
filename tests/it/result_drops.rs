//! Values whose drop panics behind a result, which is dropped, not leaked; and beside items and
//! wake-ups, which are not lost.

use alloc::{sync::Arc, task::Wake};
use core::{
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter::{AiterExt, BlockOn, BlockOnIdle, OnError, Spawn, aiter_to_iter};
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, stream};

use crate::{script::panics, waker::Counting};

/// Panics when it is dropped.
struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic!("scripted panic in drop");
    }
}

impl Wake for PanicOnDrop {
    fn wake(self: Arc<Self>) {}
}

impl<F: Future> Spawn<F> for PanicOnDrop {
    type Handle = F;

    fn spawn(&self, future: F) -> F {
        future
    }
}

/// A stream or future that is never ready and counts its handles.
#[allow(dead_code, reason = "held, not read")]
struct Held<T>(Arc<()>, core::marker::PhantomData<fn() -> T>);

impl<T> Stream for Held<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Pending
    }
}

/// Polls a stream that waits, with a waker whose drop panics.
fn poll_pending<S: Stream + Unpin>(stream: &mut S) {
    let waker = Waker::from(Arc::new(PanicOnDrop));
    assert!(stream.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
}

/// What `run` returns is dropped, although a drop behind it panics.
fn dropped<T, R>(run: impl FnOnce(Held<T>) -> R) {
    let count = Arc::new(());
    let held = Held(count.clone(), core::marker::PhantomData);
    assert!(panics(|| drop(run(held))));
    assert_eq!(Arc::strong_count(&count), 1, "leaked");
}

#[test]
fn gated_waker_drop_panics_source_is_dropped() {
    dropped(|held: Held<u32>| {
        let (_gate, mut gated) = held.gated();
        poll_pending(&mut gated);
        gated.into_inner()
    });
}

#[test]
fn stoppable_waker_drop_panics_source_is_dropped() {
    dropped(|held: Held<u32>| {
        let (_stopper, mut stoppable) = held.stoppable();
        poll_pending(&mut stoppable);
        stoppable.into_inner()
    });
}

#[test]
fn map_filter_drop_panics_parts_are_dropped() {
    let captured = PanicOnDrop;
    dropped(|held: Held<u32>| {
        let map = move |n| {
            let _ = &captured;
            Some(n)
        };
        held.map_filter(map).into_parts()
    });
}

#[test]
fn map_filter_async_drop_panics_parts_are_dropped() {
    let captured = PanicOnDrop;
    dropped(|held: Held<u32>| {
        let map = move |n| {
            let _ = &captured;
            async move { Some(n) }
        };
        held.map_filter_async(map).into_parts()
    });
}

#[test]
fn map_try_drop_panics_source_is_dropped() {
    let captured = PanicOnDrop;
    dropped(|held: Held<u32>| {
        let map = move |n| {
            let _ = &captured;
            Ok::<u32, ()>(n)
        };
        held.map_try(map).into_inner()
    });
}

#[test]
fn map_try_old_rule_drop_panics_stream_is_dropped() {
    let captured = PanicOnDrop;
    dropped(|held: Held<u32>| {
        let rule = move |_: &()| {
            let _ = &captured;
            OnError::Skip
        };
        held.map_try(Ok::<u32, ()>).on_error_with(rule).on_error(OnError::Skip)
    });
}

#[test]
fn join_waker_drop_panics_parts_are_dropped() {
    dropped(|held: Held<stream::Pending<u32>>| {
        let mut joined = held.join_streams();
        poll_pending(&mut joined);
        joined.into_parts()
    });
}

#[test]
fn activate_waker_drop_panics_fork_is_dropped() {
    dropped(|held: Held<u32>| {
        let work = held.forker();
        let mut log = work.fork_passive();
        poll_pending(&mut log);
        // The new fork is the last one that drives the source, unless it leaks.
        (log.activate(), work)
    });
}

#[test]
fn active_spawner_drop_panics_task_is_dropped() {
    dropped(|held: Held<u32>| held.active(PanicOnDrop));
}

#[test]
fn map_par_with_spawner_drop_panics_tasks_go() {
    dropped(|held: Held<u32>| held.map_par_with(2, PanicOnDrop, |n| async move { n }).into_parts());
}

#[test]
fn blocking_iter_drop_panics_stream_is_dropped() {
    let captured = PanicOnDrop;
    dropped(|held: Held<u32>| {
        let block_on = move |_: aiter::NextItem<'_, Held<u32>>| {
            let _ = &captured;
            None
        };
        aiter_to_iter(held, block_on).into_inner()
    });
}

/// A future that is ready at once with a result, and panics when it is dropped.
struct Ready<T>(Option<T>, PanicOnDrop);

impl<T: Unpin> Future for Ready<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        Poll::Ready(self.0.take().expect("polled once"))
    }
}

#[test]
fn block_on_future_drop_panics_output_is_dropped() {
    dropped(|held: Held<u32>| BlockOn::new().block_on(Ready(Some(held), PanicOnDrop)));
    dropped(|held: Held<u32>| BlockOnIdle::new(|_| ()).block_on(Ready(Some(held), PanicOnDrop)));
}

#[test]
fn last_driver_waker_drop_panics_log_wakes() {
    let mut work = Held(Arc::new(()), core::marker::PhantomData::<fn() -> u32>).forker();
    let mut log = work.fork_passive();
    poll_pending(&mut work);
    let counting = Counting::new();
    assert!(log.poll_next_unpin(&mut Context::from_waker(counting.waker())).is_pending());
    assert!(panics(|| drop(work)));
    assert_eq!(counting.wakes(), 1, "the list has ended");
}

type Hook = Cell<Option<Box<dyn FnOnce()>>>;

thread_local! {
    /// Called by the next clone of a waker that `panic_on_drop_waker` made.
    static HOOK: Hook = const { Cell::new(None) };
}

/// A waker whose clone calls `HOOK`, and panics when it is dropped.
fn panic_on_drop_waker() -> Waker {
    use core::task::{RawWaker, RawWakerVTable};
    static CLONED: RawWakerVTable = RawWakerVTable::new(
        |_| unreachable!(),
        |_| (),
        |_| (),
        |_| panic!("scripted panic in drop"),
    );
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| {
            if let Some(hook) = HOOK.take() {
                hook();
            }
            RawWaker::new(core::ptr::null(), &CLONED)
        },
        |_| (),
        |_| (),
        |_| (),
    );
    // SAFETY: no function of the tables uses the pointer.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), &VTABLE)) }
}

#[test]
fn passive_fork_waker_drop_panics_item_is_kept() {
    let mut work = stream::iter(1..=2).forker();
    let mut log = work.fork_passive();
    // The other fork asks while this one registers.
    HOOK.set(Some(Box::new(move || {
        assert_eq!(work.next().now_or_never(), Some(Some(1)));
        // Its drop would call wakers.
        core::mem::forget(work);
    })));
    let waker = panic_on_drop_waker();
    assert!(panics(|| log.poll_next_unpin(&mut Context::from_waker(&waker))));
    assert_eq!(log.next().now_or_never(), Some(Some(1)));
}
