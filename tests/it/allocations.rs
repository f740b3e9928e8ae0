//! Adapters with a task allocate blocks of items, and what wakes them, and then no more.

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

/// Lets the tasks run and reads what there is, for so many items.
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

fn allocations<S, F>(mut stream: S, tasks: &mut [Pin<&mut F>]) -> u64
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

    // Runs of 128 items, of which the list keeps one block for the next.
    let (active, drive) = source().active(identity).into_parts();
    let allocations_of_blocks = allocations(active, &mut [pin!(drive)]);
    assert!(allocations_of_blocks <= 10_000 / 50, "{allocations_of_blocks}");
    let (active, drive) = source().active_bounded(10, identity).into_parts();
    assert_eq!(allocations(active, &mut [pin!(drive)]), 0);
    let (preload, drive) = source().preload_with(10, identity).into_parts();
    assert_eq!(allocations(preload, &mut [pin!(drive)]), 0);

    let (stream, workers) = source().map_par_with(2, identity, ready).into_parts();
    let mut workers: Vec<_> = workers.into_iter().map(Box::pin).collect();
    let mut tasks: Vec<_> = workers.iter_mut().map(Pin::as_mut).collect();
    assert_eq!(allocations(stream, &mut tasks), 0);
    let (stream, workers) = source().map_par_with(2, identity, ready).into_parts();
    let mut workers: Vec<_> = workers.into_iter().map(Box::pin).collect();
    let mut tasks: Vec<_> = workers.iter_mut().map(Pin::as_mut).collect();
    assert_eq!(allocations(stream.ordered(), &mut tasks), 0);
}
