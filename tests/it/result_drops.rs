//! Drops that panic while a function returns: its result is dropped, not leaked, and no item or
//! wake-up is lost.

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

/// A value whose drop panics.
struct DropPanics;

impl Drop for DropPanics {
    fn drop(&mut self) {
        panic!("drop panics");
    }
}

impl Wake for DropPanics {
    fn wake(self: Arc<Self>) {}
}

impl<F: Future> Spawn<F> for DropPanics {
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

/// Polls a pending stream with a waker whose drop panics.
fn register<S: Stream + Unpin>(stream: &mut S) {
    let waker = Waker::from(Arc::new(DropPanics));
    assert!(stream.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
}

/// Asserts that the result of `run` is dropped although a drop panics.
fn assert_dropped<T, R>(run: impl FnOnce(Held<T>) -> R) {
    let count = Arc::new(());
    let held = Held(count.clone(), core::marker::PhantomData);
    assert!(panics(|| drop(run(held))));
    assert_eq!(Arc::strong_count(&count), 1, "the result is leaked");
}

#[test]
fn gated_waker_drop_panics_source_is_dropped() {
    assert_dropped(|held: Held<u32>| {
        let (_gate, mut gated) = held.gated();
        register(&mut gated);
        gated.into_inner()
    });
}

#[test]
fn stoppable_waker_drop_panics_source_is_dropped() {
    assert_dropped(|held: Held<u32>| {
        let (_stopper, mut stoppable) = held.stoppable();
        register(&mut stoppable);
        stoppable.into_inner()
    });
}

#[test]
fn map_filter_drop_panics_parts_are_dropped() {
    let guard = DropPanics;
    assert_dropped(|held: Held<u32>| {
        let map = move |n| {
            let _ = &guard;
            Some(n)
        };
        held.map_filter(map).into_parts()
    });
}

#[test]
fn map_filter_async_drop_panics_parts_drop() {
    let guard = DropPanics;
    assert_dropped(|held: Held<u32>| {
        let map = move |n| {
            let _ = &guard;
            async move { Some(n) }
        };
        held.map_filter_async(map).into_parts()
    });
}

#[test]
fn map_try_drop_panics_source_is_dropped() {
    let guard = DropPanics;
    assert_dropped(|held: Held<u32>| {
        let map = move |n| {
            let _ = &guard;
            Ok::<u32, ()>(n)
        };
        held.map_try(map).into_inner()
    });
}

#[test]
fn map_try_rule_drop_panics_stream_is_dropped() {
    let guard = DropPanics;
    assert_dropped(|held: Held<u32>| {
        let rule = move |_: &()| {
            let _ = &guard;
            OnError::Skip
        };
        held.map_try(Ok::<u32, ()>).on_error_with(rule).on_error(OnError::Skip)
    });
}

#[test]
fn join_waker_drop_panics_parts_are_dropped() {
    assert_dropped(|held: Held<stream::Pending<u32>>| {
        let mut joined = held.join_streams();
        register(&mut joined);
        joined.into_parts()
    });
}

#[test]
fn activate_waker_drop_panics_fork_is_dropped() {
    assert_dropped(|held: Held<u32>| {
        let work = held.forker();
        let mut log = work.fork_passive();
        register(&mut log);
        // A leaked fork would keep the source alive.
        (log.activate(), work)
    });
}

#[test]
fn active_spawner_drop_panics_task_is_dropped() {
    assert_dropped(|held: Held<u32>| held.active(DropPanics));
}

#[test]
fn map_par_with_spawner_drop_panics_tasks_go() {
    assert_dropped(|held: Held<u32>| {
        held.map_par_with(2, DropPanics, |n| async move { n }).into_parts()
    });
}

#[test]
fn blocking_iter_drop_panics_stream_is_dropped() {
    let guard = DropPanics;
    assert_dropped(|held: Held<u32>| {
        let block_on = move |_: aiter::adapters::NextItem<'_, Held<u32>>| {
            let _ = &guard;
            None
        };
        aiter_to_iter(held, block_on).into_inner()
    });
}

/// A future that is ready at its first poll and whose drop panics.
struct Ready<T>(Option<T>, DropPanics);

impl<T: Unpin> Future for Ready<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        Poll::Ready(self.0.take().expect("polled once"))
    }
}

#[test]
fn block_on_future_drop_panics_output_is_dropped() {
    assert_dropped(|held: Held<u32>| BlockOn::new().block_on(Ready(Some(held), DropPanics)));
    assert_dropped(|held: Held<u32>| {
        BlockOnIdle::new(|_| ()).block_on(Ready(Some(held), DropPanics))
    });
}

#[test]
fn last_driver_waker_drop_panics_log_wakes() {
    let mut work = Held(Arc::new(()), core::marker::PhantomData::<fn() -> u32>).forker();
    let mut log = work.fork_passive();
    register(&mut work);
    let counting = Counting::new();
    assert!(log.poll_next_unpin(&mut Context::from_waker(counting.waker())).is_pending());
    assert!(panics(|| drop(work)));
    assert_eq!(counting.wakes(), 1, "the waiting fork is woken by the end");
}

type Hook = Cell<Option<Box<dyn FnOnce()>>>;

thread_local! {
    /// Called by the next clone of a waker that `hooked_waker` returned.
    static HOOK: Hook = const { Cell::new(None) };
}

/// A waker whose clone calls `HOOK` and whose cloned waker panics in its drop.
fn hooked_waker() -> Waker {
    use core::task::{RawWaker, RawWakerVTable};
    static CLONED: RawWakerVTable =
        RawWakerVTable::new(|_| unreachable!(), |_| (), |_| (), |_| panic!("drop panics"));
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
    // SAFETY: the functions of both tables never use the pointer, so the null pointer is valid.
    unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), &VTABLE)) }
}

#[test]
fn passive_fork_waker_drop_panics_item_is_kept() {
    let mut work = stream::iter(1..=2).forker();
    let mut log = work.fork_passive();
    // The other fork polls the source while this fork registers.
    HOOK.set(Some(Box::new(move || {
        assert_eq!(work.next().now_or_never(), Some(Some(1)));
        // The drop of the fork would call wakers.
        core::mem::forget(work);
    })));
    let waker = hooked_waker();
    assert!(panics(|| log.poll_next_unpin(&mut Context::from_waker(&waker))));
    assert_eq!(log.next().now_or_never(), Some(Some(1)));
}
