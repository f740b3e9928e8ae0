//! Stories of a stream and its background tasks: `active`, `preload_with` and `map_par_with`.

use core::{
    convert::identity,
    future::{Future, pending, ready},
    pin::Pin,
    task::{Context, Poll},
};

use aiter_adapters::{AiterExt, TaskOutcome};
use futures_core::Stream;
use loom::{
    future::block_on,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    thread,
};

use super::{model, read_all, wide_model, widest_model};

/// Yields 0 up to `end`, exclusive. Then it ends, or stays pending without registering a waker.
struct Source {
    next: u32,
    end: u32,
    ends: Ends,
    dropped: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Ends {
    Yes,
    Never,
}

fn source(end: u32, ends: Ends) -> (Source, Arc<AtomicBool>) {
    let dropped = Arc::new(AtomicBool::new(false));
    (Source { next: 0, end, ends, dropped: dropped.clone() }, dropped)
}

impl Stream for Source {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.next < self.end {
            self.next += 1;
            return Poll::Ready(Some(self.next - 1));
        }
        if self.ends == Ends::Yes { Poll::Ready(None) } else { Poll::Pending }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.dropped.store(true, SeqCst);
    }
}

fn spawn<F: Future<Output = ()> + 'static>(future: F) -> thread::JoinHandle<()> {
    thread::spawn(move || block_on(future))
}

#[test]
fn close_while_task_suspends_drops_source() {
    model(|| {
        let (source, dropped) = source(1, Ends::Never);
        let (active, drive) = source.active(identity).into_parts();
        let task = spawn(drive);
        drop(active);
        task.join().unwrap();
        assert!(dropped.load(SeqCst));
    });
}

#[test]
fn close_while_task_waits_for_room_drops_source() {
    model(|| {
        let (source, dropped) = source(3, Ends::Never);
        let (active, drive) = source.active_bounded(1, identity).into_parts();
        let task = spawn(drive);
        drop(active);
        task.join().unwrap();
        assert!(dropped.load(SeqCst));
    });
}

#[test]
fn end_wakes_waiting_consumer() {
    model(|| {
        let (source, dropped) = source(1, Ends::Yes);
        let (mut active, drive) = source.active(identity).into_parts();
        let task = spawn(drive);
        assert_eq!(read_all(&mut active), [0]);
        assert_eq!(active.outcome(), Some(TaskOutcome::Completed));
        assert!(dropped.load(SeqCst), "the source must drop before the stream ends");
        task.join().unwrap();
    });
}

#[test]
fn task_drop_wakes_waiting_consumer() {
    model(|| {
        let (source, dropped) = source(1, Ends::Never);
        let (mut active, drive) = source.active(identity).into_parts();
        let task = thread::spawn(move || {
            let mut drive = Box::pin(drive);
            let mut cx = Context::from_waker(core::task::Waker::noop());
            assert!(drive.as_mut().poll(&mut cx).is_pending());
        });
        assert_eq!(read_all(&mut active), [0]);
        assert_eq!(active.outcome(), Some(TaskOutcome::Cancelled));
        assert!(dropped.load(SeqCst));
        task.join().unwrap();
    });
}

fn read_bounded(bound: usize, items: u32) {
    let (source, _) = source(items, Ends::Yes);
    let (mut active, drive) = source.active_bounded(bound, identity).into_parts();
    let task = spawn(drive);
    assert!(read_all(&mut active).into_iter().eq(0..items));
    assert_eq!(active.outcome(), Some(TaskOutcome::Completed));
    task.join().unwrap();
}

#[test]
fn take_at_bound_one_wakes_task() {
    model(|| read_bounded(1, 2));
}

/// The task waits for room, is woken, and waits again.
#[test]
fn repeated_take_at_bound_one_wakes_task() {
    wide_model(|| read_bounded(1, 3));
}

/// The consumer takes an item, and so makes room. The poll that uses this room sees the consumer's
/// writes before the take.
#[test]
fn room_synchronizes_with_consumer() {
    struct Checked(u32, Arc<AtomicUsize>);
    impl Stream for Checked {
        type Item = u32;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
            if self.0 == 1 {
                assert_eq!(self.1.load(Relaxed), 1, "polled before the take");
            }
            self.0 += 1;
            Poll::Ready(Some(self.0 - 1))
        }
    }
    model(|| {
        let done = Arc::new(AtomicUsize::new(0));
        let (active, drive) = Checked(0, done.clone()).active_bounded(1, identity).into_parts();
        let mut drive = Box::pin(drive);
        let mut cx = Context::from_waker(core::task::Waker::noop());
        assert!(drive.as_mut().poll(&mut cx).is_pending(), "full");
        let consumer = thread::spawn(move || {
            let mut active = active;
            done.store(1, Relaxed);
            assert_eq!(super::poll_once(&mut active), Poll::Ready(Some(0)));
            active
        });
        assert!(drive.as_mut().poll(&mut cx).is_pending());
        drop(consumer.join().unwrap());
    });
}

#[test]
fn take_at_bound_two_wakes_task() {
    model(|| read_bounded(2, 3));
}

#[test]
fn repeated_take_at_bound_two_wakes_task() {
    wide_model(|| read_bounded(2, 4));
}

fn read_preloaded(items: u32) {
    let (source, _) = source(items, Ends::Yes);
    let (mut stream, drive) = source.preload_with(1, identity).into_parts();
    let task = spawn(drive);
    assert!(read_all(&mut stream).into_iter().eq(0..items));
    assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
    task.join().unwrap();
}

#[test]
fn request_wakes_full_preload() {
    model(|| read_preloaded(2));
}

/// The task waits for room, is woken, and waits again.
#[test]
fn repeated_request_wakes_full_preload() {
    wide_model(|| read_preloaded(3));
}

#[test]
fn request_wakes_worker_without_permits() {
    model(|| {
        let (source, dropped) = source(3, Ends::Yes);
        let (mut stream, workers) = source.map_par_with(1, identity, ready).into_parts();
        let tasks: Vec<_> = workers.into_iter().map(spawn).collect();
        assert_eq!(read_all(&mut stream), [0, 1, 2]);
        assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
        assert!(dropped.load(SeqCst), "the source must drop before the stream ends");
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn end_completes_two_workers() {
    model(|| {
        let (source, dropped) = source(2, Ends::Yes);
        let (stream, mut workers) = source.map_par_with(2, identity, ready).into_parts();
        let task = spawn(workers.remove(0));
        block_on(workers.remove(0));
        task.join().unwrap();
        assert!(dropped.load(SeqCst));
        assert_eq!(read_all(&mut stream.ordered()), [0, 1]);
    });
}

#[test]
fn close_while_two_workers_suspend_ends_both() {
    wide_model(|| {
        let (source, dropped) = source(1, Ends::Never);
        let (stream, workers) = source.map_par_with(2, identity, ready).into_parts();
        let tasks: Vec<_> = workers.into_iter().map(spawn).collect();
        drop(stream);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert!(dropped.load(SeqCst));
    });
}

/// The thread that closes the stream also polls one of the workers.
#[test]
fn close_after_worker_poll_ends_other_worker() {
    model(|| {
        let (source, dropped) = source(1, Ends::Never);
        let (stream, mut workers) = source.map_par_with(2, identity, ready).into_parts();
        let task = spawn(workers.remove(0));
        let mut worker = Box::pin(workers.remove(0));
        let mut cx = Context::from_waker(core::task::Waker::noop());
        let _ = worker.as_mut().poll(&mut cx);
        drop(stream);
        assert!(worker.as_mut().poll(&mut cx).is_ready());
        task.join().unwrap();
        assert!(dropped.load(SeqCst));
    });
}

#[test]
fn close_while_future_suspends_ends_worker() {
    model(|| {
        let (source, dropped) = source(1, Ends::Never);
        let (stream, workers) = source.map_par_with(1, identity, |_| pending::<()>()).into_parts();
        let tasks: Vec<_> = workers.into_iter().map(spawn).collect();
        drop(stream);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert!(dropped.load(SeqCst));
    });
}

#[test]
fn abandoned_worker_does_not_block_end() {
    model(|| {
        let (source, dropped) = source(1, Ends::Yes);
        let (mut stream, mut workers) = source.map_par_with(2, identity, ready).into_parts();
        let mut abandoned = Box::pin(workers.remove(0));
        let task = spawn(workers.remove(0));
        // The worker takes the item, finds the source locked, or finds the end.
        let mut cx = Context::from_waker(core::task::Waker::noop());
        let _ = abandoned.as_mut().poll(&mut cx);
        let _ = abandoned.as_mut().poll(&mut cx);
        assert_eq!(read_all(&mut stream), [0]);
        assert_eq!(stream.outcome(), Some(TaskOutcome::Completed));
        assert!(dropped.load(SeqCst), "the source must drop before the stream ends");
        task.join().unwrap();
    });
}

#[test]
fn worker_starts_during_another_keeps_order() {
    widest_model(|| {
        let (source, dropped) = source(2, Ends::Yes);
        let mut stream = source.map_par_with(2, spawn, ready).ordered();
        assert_eq!(read_all(&mut stream), [0, 1]);
        assert!(dropped.load(SeqCst), "the source must drop before the stream ends");
        let (_, tasks) = stream.into_parts();
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

/// Stories that take minutes with two preemptions.
mod full {
    use super::*;

    /// As the story of the same name, with one preemption more.
    #[test]
    fn worker_starts_during_another_keeps_order() {
        wide_model(|| {
            let (source, dropped) = source(2, Ends::Yes);
            let mut stream = source.map_par_with(2, spawn, ready).ordered();
            assert_eq!(read_all(&mut stream), [0, 1]);
            assert!(dropped.load(SeqCst), "the source must drop before the stream ends");
            let (_, tasks) = stream.into_parts();
            tasks.into_iter().for_each(|task| task.join().unwrap());
        });
    }
}
