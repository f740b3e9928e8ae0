//! Adapters with a task, once they are running, allocate only blocks of items.

use aiter::AiterExt;
use allocation_counter::measure;
use core::{
    convert::identity,
    future::{Future, ready},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use futures_core::Stream;
use futures_util::{stream, stream::StreamExt};

/// Polls the tasks and the stream in turn until `count` items are read.
fn read<S, F>(stream: &mut S, tasks: &mut [Pin<&mut F>], count: usize)
where
    S: Stream<Item = u64> + Unpin,
    F: Future<Output = ()>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut left = count;
    while left > 0 {
        for task in &mut *tasks {
            assert!(task.as_mut().poll(&mut cx).is_pending());
        }
        while left > 0 {
            match stream.poll_next_unpin(&mut cx) {
                Poll::Ready(item) => assert!(item.is_some()),
                Poll::Pending => break,
            }
            left -= 1;
        }
    }
}

fn count_allocations<S, F>(mut stream: S, tasks: &mut [Pin<&mut F>]) -> u64
where
    S: Stream<Item = u64> + Unpin,
    F: Future<Output = ()>,
{
    read(&mut stream, tasks, 1000);
    read(&mut stream, tasks, 10_000);
    read(&mut stream, tasks, 1000);
    read(&mut stream, tasks, 10_000);
    measure(|| read(&mut stream, tasks, 10_000)).count_total
}

#[test]
fn adapters_with_tasks_allocate_only_blocks() {
    let source = || stream::iter(0..);

    // A poll buffers 128 items; the list keeps one block for the next poll.
    let (active, drive) = source().active(identity).into_parts();
    let blocks = count_allocations(active, &mut [pin!(drive)]);
    assert!(blocks <= 10_000 / 50, "{blocks}");
    let (active, drive) = source().active_bounded(10, identity).into_parts();
    assert_eq!(count_allocations(active, &mut [pin!(drive)]), 0);
    let (preload, drive) = source().preload_with(10, identity).into_parts();
    assert_eq!(count_allocations(preload, &mut [pin!(drive)]), 0);

    let (stream, workers) = source().map_par_with(2, identity, ready).into_parts();
    let mut workers: Vec<_> = workers.into_iter().map(Box::pin).collect();
    let mut tasks: Vec<_> = workers.iter_mut().map(Pin::as_mut).collect();
    assert_eq!(count_allocations(stream, &mut tasks), 0);
    let (stream, workers) = source().map_par_with(2, identity, ready).into_parts();
    let mut workers: Vec<_> = workers.into_iter().map(Box::pin).collect();
    let mut tasks: Vec<_> = workers.iter_mut().map(Pin::as_mut).collect();
    assert_eq!(count_allocations(stream.ordered(), &mut tasks), 0);
}
