//! `aiter_to_iter` with the `block_on` of each documented executor.

use std::{panic::catch_unwind, thread};

use aiter_executor_compat::{aiter_to_iter, park_thread};
use futures_channel::mpsc;
use futures_util::{Stream, StreamExt, stream};

/// Returns a stream that is not `Unpin`, borrows, waits for another thread and wakes itself.
fn source(factor: &u32) -> impl Stream<Item = u32> {
    let (sender, receiver) = mpsc::unbounded();
    thread::spawn(move || {
        for n in 0..300 {
            sender.unbounded_send(n).expect("the receiver is alive");
        }
    });
    receiver.then(move |n| async move {
        smol::future::yield_now().await;
        n * factor
    })
}

/// Returns 300 items of a tokio channel, which uses up the cooperative budget of a task.
fn queued() -> impl Stream<Item = u32> + Send {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..300 {
        sender.send(n).expect("the receiver is alive");
    }
    stream::poll_fn(move |cx| receiver.poll_recv(cx))
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime of two threads")
}

fn expected() -> impl Iterator<Item = u32> {
    (0..300).map(|n| n * 2)
}

#[test]
fn park_thread_yields_all_items() {
    assert!(aiter_to_iter(source(&2), park_thread).eq(expected()));
}

#[test]
fn smol_yields_all_items() {
    assert!(aiter_to_iter(source(&2), |next| smol::block_on(next)).eq(expected()));
}

#[test]
fn futures_yields_all_items() {
    assert!(aiter_to_iter(source(&2), |next| futures_executor::block_on(next)).eq(expected()));
}

#[test]
fn futures_lite_yields_all_items() {
    assert!(aiter_to_iter(source(&2), |next| futures_lite::future::block_on(next)).eq(expected()));
}

#[test]
fn pollster_yields_all_items() {
    assert!(aiter_to_iter(source(&2), |next| pollster::block_on(next)).eq(expected()));
}

#[test]
fn embassy_futures_yields_all_items() {
    assert!(aiter_to_iter(source(&2), |next| embassy_futures::block_on(next)).eq(expected()));
}

#[test]
fn local_executor_runs_tasks_during_wait() {
    let executor = smol::LocalExecutor::new();
    let (sender, receiver) = mpsc::unbounded();
    let task = executor.spawn(async move {
        for n in 0..3 {
            smol::future::yield_now().await;
            sender.unbounded_send(n).expect("the receiver is alive");
        }
    });
    let items = aiter_to_iter(receiver, |next| smol::block_on(executor.run(next)));
    assert!(items.eq(0..3));
    smol::block_on(executor.run(task));
}

#[test]
fn tokio_runtimes_yield_all_items() {
    let runtime = multi_thread();
    assert!(aiter_to_iter(source(&2), |next| runtime.block_on(next)).eq(expected()));
    let handle = runtime.handle();
    assert!(aiter_to_iter(source(&2), |next| handle.block_on(next)).eq(expected()));

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    assert!(aiter_to_iter(source(&2), |next| runtime.block_on(next)).eq(expected()));
    // The stream runs inside the runtime, so it may spawn.
    let spawned = stream::iter(0..300).then(|n| async move {
        tokio::spawn(async move { n * 2 }).await.expect("the task does not panic")
    });
    assert!(aiter_to_iter(spawned, |next| runtime.block_on(next)).eq(expected()));
    assert!(aiter_to_iter(queued(), |next| runtime.block_on(next)).eq(0..300));
}

#[test]
fn tokio_blocking_threads_yield_all_items() {
    let runtime = multi_thread();
    let counts = runtime.block_on(runtime.spawn(async {
        let in_place = tokio::task::block_in_place(|| {
            let handle = tokio::runtime::Handle::current();
            aiter_to_iter(queued(), |next| handle.block_on(next)).count()
                + aiter_to_iter(queued(), park_thread).count()
        });
        let moved = tokio::task::spawn_blocking(|| {
            let handle = tokio::runtime::Handle::current();
            aiter_to_iter(queued(), |next| handle.block_on(next)).count()
                + aiter_to_iter(queued(), park_thread).count()
        });
        in_place + moved.await.expect("the loop does not panic")
    }));
    assert_eq!(counts.expect("the task does not panic"), 1200);
}

#[test]
fn tokio_handle_on_worker_panics_at_once() {
    let runtime = multi_thread();
    let handle = runtime.handle().clone();
    let task =
        runtime.spawn(async move { aiter_to_iter(queued(), |next| handle.block_on(next)).count() });
    let panic = runtime.block_on(task).expect_err("the task panics").into_panic();
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    };
    assert!(text.contains("within a runtime"), "{text}");
}

#[test]
fn futures_block_on_inside_itself_panics() {
    let nested = || aiter_to_iter(source(&2), |next| futures_executor::block_on(next)).count();
    let panic = catch_unwind(|| futures_executor::block_on(async { nested() }));
    let panic = panic.expect_err("nested block_on must panic");
    let text = panic.downcast_ref::<String>().expect("a message");
    assert!(text.contains("from within another executor"), "{text}");
}

#[test]
fn iterator_moves_between_threads() {
    let mut items = aiter_to_iter(source(&2), park_thread);
    let mut taken: Vec<u32> = items.by_ref().take(100).collect();
    let there = thread::spawn(move || {
        let part: Vec<u32> = items.by_ref().take(100).collect();
        (items, part)
    });
    let (items, part) = there.join().expect("the thread does not panic");
    taken.extend(part);
    taken.extend(items);
    assert!(taken.into_iter().eq(expected()));
}
