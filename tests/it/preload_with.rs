//! `preload_with` with a task polled by hand: window, wake-ups and drops.

use crate::{
    ledger::Ledger,
    script::{script, scripted},
    waker::{Counting, next},
};
use aiter::{
    AiterExt,
    adapters::{DriveTask, PreloadWith, TaskOutcome},
};
use core::{
    convert::identity,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use futures_core::Stream;
use futures_util::stream;

type Task<S> = Pin<Box<DriveTask<S>>>;

fn run<S: Stream>(drive: &mut Task<S>) -> Poll<()> {
    poll(drive, Waker::noop())
}

fn poll<S: Stream>(drive: &mut Task<S>, waker: &Waker) -> Poll<()> {
    drive.as_mut().poll(&mut Context::from_waker(waker))
}

fn preload<S: Stream>(source: S, n: usize) -> (PreloadWith<S::Item, ()>, Task<S>) {
    let (stream, drive) = source.preload_with(n, identity).into_parts();
    (stream, Box::pin(drive))
}

#[test]
fn window_of_50_refills_after_each_item() {
    let (handle, source) = scripted(0..1000);
    let (mut stream, mut drive) = preload(source, 50);
    let left = || handle.left() - 1; // without the end
    assert_eq!(run(&mut drive), Poll::Pending);
    assert_eq!(left(), 950);
    assert_eq!(next(&mut stream), Poll::Ready(Some(0)));
    assert_eq!(run(&mut drive), Poll::Pending);
    assert_eq!(left(), 949, "the returned item does not count");
    for n in 1..11 {
        assert_eq!(next(&mut stream), Poll::Ready(Some(n)));
        assert_eq!(run(&mut drive), Poll::Pending);
    }
    assert_eq!(left(), 939);
}

#[test]
fn large_window_drains_whole_source() {
    let (handle, source) = scripted(0..10);
    let (mut stream, mut drive) = preload(source, 100);
    assert_eq!(run(&mut drive), Poll::Ready(()));
    assert!(handle.is_dropped());
    for n in 0..10 {
        assert_eq!(stream.size_hint(), (10 - n, Some(10 - n)));
        assert_eq!(next(&mut stream), Poll::Ready(Some(n)));
    }
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
}

#[test]
fn taken_item_wakes_task() {
    let (handle, source) = scripted(0..10);
    let (mut stream, mut drive) = preload(source, 1);
    let (task, reader) = (Counting::new(), Counting::new());
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert_eq!((handle.polls(), task.wakes()), (1, 0));
    assert_eq!(reader.poll(&mut stream), Poll::Ready(Some(0)));
    assert_eq!(task.wakes(), 1);
    assert_eq!(reader.poll(&mut stream), Poll::Pending);
    assert_eq!(task.wakes(), 1, "one taken item wakes the task once");
    assert_eq!(poll(&mut drive, task.waker()), Poll::Pending);
    assert_eq!((handle.polls(), reader.wakes()), (2, 1));
    assert_eq!(reader.poll(&mut stream), Poll::Ready(Some(1)));
}

#[test]
fn either_side_dropped_at_any_step_frees_items() {
    for steps in 0..8 {
        for task_first in [true, false] {
            let ledger = Ledger::new();
            let source = stream::iter(ledger.items(5).collect::<Vec<_>>());
            let (mut stream, mut drive) = preload(source, 2);
            for step in 0..steps {
                if step % 2 == 0 {
                    let _ = run(&mut drive);
                } else {
                    let _ = next(&mut stream);
                }
            }
            if task_first {
                drop(drive);
                while let Poll::Ready(Some(_)) = next(&mut stream) {}
                assert!(next(&mut stream).is_ready(), "the stream ends");
                assert!(stream.outcome().is_some());
            } else {
                drop(stream);
                assert_eq!(run(&mut drive), Poll::Ready(()));
            }
            ledger.assert_all_dropped();
        }
    }
}

#[test]
fn handle_is_kept_and_returned() {
    let (_handle, source) = script::<u8>();
    let stream = source.preload_with(1, |drive| (drive, "handle"));
    assert_eq!(stream.handle().1, "handle");
    let (mut stream, (drive, _)) = stream.into_parts();
    assert_eq!(next(&mut stream), Poll::Pending);
    drop(drive);
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Cancelled));
}

#[test]
fn debug_shows_state_and_no_items() {
    let (_handle, source) = scripted(["secret"]);
    let (stream, mut drive) = preload(source, 3);
    assert_eq!(run(&mut drive), Poll::Ready(()));
    assert!(!stream.is_empty());
    let expected = "PreloadWith { len: 1, n: 3, outcome: Some(Completed), .. }";
    assert_eq!(format!("{stream:?}"), expected);
}
