//! `active` and `active_bounded`: buffering, back-pressure, cancellation, panics and wake-ups.

use crate::{
    ledger::{Ledger, values},
    script::{PanicOnDrop, script, scripted},
    waker::{Counting, next},
};
use aiter::{
    AiterExt, TryNextError,
    adapters::{Active, DriveTask, TaskOutcome},
};
use core::{
    convert::identity,
    future::Future,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use futures_core::{FusedFuture, FusedStream, Stream};
use futures_util::stream;
use std::panic::catch_unwind;

type Task<S> = Pin<Box<DriveTask<S>>>;

fn run<S: Stream>(drive: &mut Task<S>) -> Poll<()> {
    poll(drive, Waker::noop())
}

fn poll<S: Stream>(drive: &mut Task<S>, waker: &Waker) -> Poll<()> {
    drive.as_mut().poll(&mut Context::from_waker(waker))
}

fn boxed<S: Stream>(parts: (Active<S::Item, ()>, DriveTask<S>)) -> (Active<S::Item, ()>, Task<S>) {
    (parts.0, Box::pin(parts.1))
}

#[test]
fn ready_source_is_buffered_before_first_read() {
    let (mut active, mut drive) = boxed(stream::iter(0..1000).active(identity).into_parts());
    let task = Counting::new();
    let mut polls = 1;
    while poll(&mut drive, task.waker()).is_pending() {
        assert_eq!(task.wakes(), polls, "task must wake itself while the source is ready");
        assert_eq!(active.len(), 128 * polls, "each poll must pull 128 items");
        polls += 1;
    }
    assert_eq!(polls, 8);
    assert_eq!(active.len(), 1000);
    assert_eq!(next(&mut active), Poll::Ready(Some(0)));
    assert_eq!(active.len(), 999);
    assert_eq!(active.size_hint(), (999, Some(999)));
    assert_eq!(active.outcome(), Some(TaskOutcome::Completed));
    for n in 1..1000 {
        assert_eq!(active.try_next(), Ok(n));
    }
    assert_eq!(active.try_next(), Err(TryNextError::Ended));
    assert_eq!(next(&mut active), Poll::Ready(None));
    assert_eq!(next(&mut active), Poll::Ready(None));
}

#[test]
fn dropped_stream_ends_task_in_one_poll() {
    let (handle, source) = script::<u8>();
    let (active, mut drive) = boxed(source.active(identity).into_parts());
    let task = Counting::new();
    handle.send(1);
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert!(handle.is_waiting() && !handle.is_dropped());
    drop(active);
    assert_eq!(task.wakes(), 1);
    assert_eq!(poll(&mut drive, task.waker()), Poll::Ready(()));
    assert!(handle.is_dropped());
    assert_eq!(handle.polls(), 2, "source must not be polled after the stream is dropped");
    assert!(drive.is_terminated());
    assert_eq!(poll(&mut drive, task.waker()), Poll::Ready(()));
    assert_eq!(task.held(), 0, "finished task must hold no waker");
}

#[test]
fn source_panic_after_item_ends_stream() {
    let (handle, source) = script();
    let (mut active, mut drive) = boxed(source.active(identity).into_parts());
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut active), Poll::Pending);
    handle.send(1);
    handle.panic();
    assert!(catch_unwind(AssertUnwindSafe(|| run(&mut drive))).is_err());
    assert!(handle.is_dropped(), "panic must drop the source before the task is dropped");
    assert!(reader.wakes() > 0);
    assert_eq!(active.outcome(), Some(TaskOutcome::Panicked));
    assert_eq!(next(&mut active), Poll::Ready(Some(1)));
    assert_eq!(next(&mut active), Poll::Ready(None));
    assert_eq!(run(&mut drive), Poll::Ready(()));
}

#[test]
fn source_drop_panic_ends_stream() {
    let (mut active, mut drive) =
        boxed(PanicOnDrop(stream::iter([1])).active(identity).into_parts());
    assert!(catch_unwind(AssertUnwindSafe(|| run(&mut drive))).is_err());
    assert_eq!(next(&mut active), Poll::Ready(Some(1)));
    assert_eq!(next(&mut active), Poll::Ready(None));
    assert_eq!(active.outcome(), Some(TaskOutcome::Panicked));

    let (mut active, drive) = boxed(PanicOnDrop(stream::iter([1])).active(identity).into_parts());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(drive))).is_err());
    assert_eq!(next(&mut active), Poll::Ready(None), "stream must end");
}

#[test]
fn full_buffer_pauses_task_until_item_is_taken() {
    let (handle, source) = scripted(0..10);
    let (mut active, mut drive) = boxed(source.active_bounded(2, identity).into_parts());
    let task = Counting::new();
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert_eq!(handle.polls(), 2);
    assert_eq!(active.len(), 2);
    assert_eq!(task.wakes(), 0);

    // Taking an item wakes the task, which pulls the next one.
    assert_eq!(next(&mut active), Poll::Ready(Some(0)));
    assert_eq!(task.wakes(), 1);
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert_eq!(handle.polls(), 3);

    // Taking two items wakes the task once.
    assert_eq!(active.try_next(), Ok(1));
    assert_eq!(active.try_next(), Ok(2));
    assert_eq!(task.wakes(), 2);
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert_eq!(active.len(), 2);
    assert_eq!(handle.polls(), 5);
}

#[test]
fn bounded_stream_yields_all_items_in_order() {
    for bound in [1, 2, 3, 7, 61, 62, 63, 1000] {
        let (handle, source) = scripted(0..300);
        let (mut active, mut drive) = boxed(source.active_bounded(bound, identity).into_parts());
        let (mut items, mut pulled) = (0, 0);
        loop {
            let _ = run(&mut drive);
            assert!(active.len() <= bound);
            match next(&mut active) {
                Poll::Ready(Some(item)) => {
                    assert_eq!(item, items);
                    items += 1;
                }
                Poll::Ready(None) => break,
                Poll::Pending => pulled += 1,
            }
        }
        assert_eq!((items, pulled), (300, 0));
        assert_eq!(active.outcome(), Some(TaskOutcome::Completed));
        assert!(handle.is_dropped());
    }
}

#[test]
fn dropped_task_ends_stream_as_cancelled() {
    let (handle, source) = script();
    let (mut active, mut drive) = boxed(source.active(identity).into_parts());
    let reader = Counting::new();
    assert_eq!(reader.poll(&mut active), Poll::Pending);
    assert_eq!(active.outcome(), None);
    handle.send(1);
    assert_eq!(run(&mut drive), Poll::Pending);
    drop(drive);
    assert!(handle.is_dropped());
    assert!(reader.wakes() > 0);
    assert_eq!(active.outcome(), Some(TaskOutcome::Cancelled));
    assert_eq!(active.size_hint(), (1, Some(1)));
    assert_eq!(next(&mut active), Poll::Ready(Some(1)));
    assert!(!active.is_terminated(), "stream must not be terminated before it returned None");
    assert_eq!(next(&mut active), Poll::Ready(None));
    assert!(active.is_terminated());
}

#[test]
fn source_is_dropped_before_stream_ends() {
    let (handle, source) = script::<u8>();
    let (active, mut drive) = boxed(source.active(identity).into_parts());
    let mut active = pin!(active);
    let dropped_at_wake = alloc::sync::Arc::new(std::sync::Mutex::new(None));
    let in_waker = alloc::sync::Arc::clone(&dropped_at_wake);
    let shared = alloc::sync::Arc::new(handle);
    let handle = alloc::sync::Arc::clone(&shared);
    let waker = crate::waker::on_wake(move || {
        *in_waker.lock().expect("not poisoned") = Some(shared.is_dropped());
    });
    assert_eq!(active.as_mut().poll_next(&mut Context::from_waker(&waker)), Poll::Pending);
    handle.end();
    assert_eq!(run(&mut drive), Poll::Ready(()));
    assert_eq!(*dropped_at_wake.lock().expect("not poisoned"), Some(true));
}

#[test]
fn latest_waker_of_each_side_is_woken() {
    let (handle, source) = script();
    let (mut active, mut drive) = boxed(source.active_bounded(1, identity).into_parts());
    let (old, new) = (Counting::new(), Counting::new());
    let (old_task, new_task) = (Counting::new(), Counting::new());
    assert_eq!(old.poll(&mut active), Poll::Pending);
    assert_eq!(new.poll(&mut active), Poll::Pending);
    handle.send(1);
    handle.send(2);
    // The buffer is full at both polls.
    assert_eq!(poll(&mut drive, old_task.waker()), Poll::Pending);
    assert_eq!(poll(&mut drive, new_task.waker()), Poll::Pending);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    assert_eq!(new.poll(&mut active), Poll::Ready(Some(1)));
    assert_eq!((old_task.wakes(), new_task.wakes()), (0, 1));
    // The task waits for the source, then the stream is dropped.
    assert_eq!(poll(&mut drive, old_task.waker()), Poll::Pending);
    assert_eq!(next(&mut active), Poll::Ready(Some(2)));
    assert_eq!(poll(&mut drive, new_task.waker()), Poll::Pending);
    let before = (old_task.wakes(), new_task.wakes());
    drop(active);
    assert_eq!(old_task.wakes(), before.0);
    assert_eq!(new_task.wakes(), before.1 + 1);
}

#[test]
fn source_wake_after_stream_drop_pulls_no_item() {
    let (handle, source) = script();
    let (active, mut drive) = boxed(source.active(identity).into_parts());
    assert_eq!(run(&mut drive), Poll::Pending);
    drop(active);
    handle.send(1);
    assert_eq!(run(&mut drive), Poll::Ready(()));
    assert_eq!(handle.polls(), 1);
    assert_eq!(handle.left(), 1);
}

#[test]
fn items_are_freed_once_if_either_side_drops() {
    for bound in [None, Some(2)] {
        for steps in 0..8 {
            for task_first in [true, false] {
                let ledger = Ledger::new();
                let source = stream::iter(ledger.items(5).collect::<Vec<_>>());
                let parts = match bound {
                    None => source.active(identity).into_parts(),
                    Some(cap) => source.active_bounded(cap, identity).into_parts(),
                };
                let (mut active, mut drive) = boxed(parts);
                let mut taken = Vec::new();
                for step in 0..steps {
                    if step % 2 == 0 {
                        let _ = run(&mut drive);
                    } else if let Ok(item) = active.try_next() {
                        taken.push(item);
                    }
                }
                if task_first {
                    drop(drive);
                    while let Ok(item) = active.try_next() {
                        taken.push(item);
                    }
                    assert_eq!(next(&mut active).map(|item| item.is_none()), Poll::Ready(true));
                } else {
                    drop(active);
                    assert_eq!(run(&mut drive), Poll::Ready(()));
                    assert_eq!(ledger.alive(), taken.len(), "source must be dropped");
                }
                assert!(values(&taken).into_iter().eq(0..taken.len() as u64));
                drop(taken);
                ledger.assert_all_dropped();
                assert_eq!(ledger.clones(), 0);
            }
        }
    }
}

#[test]
fn spawn_handle_is_kept_and_returned() {
    let (_handle, source) = script::<u8>();
    let active = source.active(|drive| (drive, "handle"));
    assert_eq!(active.handle().1, "handle");
    let (mut active, (drive, _)) = active.into_parts();
    assert_eq!(next(&mut active), Poll::Pending);
    drop(drive);
    assert_eq!(next(&mut active), Poll::Ready(None));
}

#[test]
fn spawner_panic_drops_source() {
    let (handle, source) = script::<u8>();
    let spawn = |_drive: DriveTask<_>| -> () { panic!("scripted panic in spawn") };
    assert!(catch_unwind(AssertUnwindSafe(|| source.active(spawn))).is_err());
    assert!(handle.is_dropped());
}

#[test]
fn task_waker_panic_still_ends_task() {
    let (handle, source) = script::<u8>();
    let (active, mut drive) = boxed(source.active(identity).into_parts());
    let waker = crate::waker::on_wake(|| panic!("scripted panic in wake"));
    assert_eq!(poll(&mut drive, &waker), Poll::Pending);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(active))).is_err());
    assert_eq!(run(&mut drive), Poll::Ready(()));
    assert!(handle.is_dropped());
}

#[test]
fn debug_shows_state_without_items() {
    let (_handle, source) = scripted(["secret"]);
    let (active, mut drive) = boxed(source.active_bounded(3, identity).into_parts());
    assert_eq!(format!("{drive:?}"), "DriveTask { ended: false, .. }");
    assert_eq!(format!("{active:?}"), "Active { len: 0, bound: Some(3), outcome: None, .. }");
    assert_eq!(run(&mut drive), Poll::Ready(()));
    assert_eq!(format!("{drive:?}"), "DriveTask { ended: true, .. }");
    let expected = "Active { len: 1, bound: Some(3), outcome: Some(Completed), .. }";
    assert_eq!(format!("{active:?}"), expected);
}
