//! Adapters with a task, on several executors. All items arrive, and dropping the adapter drops the
//! source, whether the join handles of the runtime cancel or detach.

use crate::script::{SourceHandle, script};
use aiter::AiterExt;
use alloc::rc::Rc;
use core::convert::identity;
use futures_core::Stream;
use futures_util::{
    StreamExt,
    future::{join, join_all},
    stream,
    task::LocalSpawnExt,
};

async fn plus_100(n: u32) -> u32 {
    smol::future::yield_now().await;
    n + 100
}

/// Reads one item, drops the stream while the source is pending, and waits for the source's drop.
async fn read_one_and_drop(
    handle: SourceHandle<u32>,
    mut stream: impl Stream<Item = u32> + Unpin,
    first: u32,
) {
    handle.send(1);
    assert_eq!(stream.next().await, Some(first));
    while !handle.is_waiting() {
        smol::future::yield_now().await;
    }
    assert!(!handle.is_dropped());
    drop(stream);
    while !handle.is_dropped() {
        smol::future::yield_now().await;
    }
}

/// Reads the stream to its end.
async fn read_all(handle: SourceHandle<u32>, stream: impl Stream<Item = u32>, from: u32) {
    (0..300).for_each(|n| handle.send(n));
    handle.end();
    let mut items: Vec<u32> = stream.collect().await;
    items.sort_unstable();
    assert!(items.into_iter().eq(from..from + 300));
    assert!(handle.is_dropped(), "source must be dropped before the stream ends");
}

/// Runs each adapter with a spawner. This is a macro because each call spawns another future type.
macro_rules! each_adapter {
    ($spawn:expr) => {
        let (handle, source) = script();
        read_all(handle, source.active($spawn), 0).await;
        let (handle, source) = script();
        read_one_and_drop(handle, source.active($spawn), 1).await;

        let (handle, source) = script();
        read_all(handle, source.active_bounded(2, $spawn), 0).await;
        let (handle, source) = script();
        read_one_and_drop(handle, source.active_bounded(2, $spawn), 1).await;

        let (handle, source) = script();
        read_all(handle, source.preload_with(2, $spawn), 0).await;
        let (handle, source) = script();
        read_one_and_drop(handle, source.preload_with(2, $spawn), 1).await;

        let (handle, source) = script();
        read_all(handle, source.map_par_with(2, $spawn, plus_100), 100).await;
        let (handle, source) = script();
        read_one_and_drop(handle, source.map_par_with(2, $spawn, plus_100), 101).await;

        let (handle, source) = script();
        read_all(handle, source.map_par_with(2, $spawn, plus_100).ordered(), 100).await;
    };
}

/// Runs each adapter with a spawner and with items that are not `Send`.
macro_rules! each_adapter_of_rcs {
    ($spawn:expr) => {
        let source = || stream::iter((0..300).map(Rc::new));
        let all = (0..300).map(Rc::new).collect::<Vec<_>>();
        assert_eq!(source().active($spawn).collect::<Vec<_>>().await, all);
        assert_eq!(source().active_bounded(2, $spawn).collect::<Vec<_>>().await, all);
        assert_eq!(source().preload_with(2, $spawn).collect::<Vec<_>>().await, all);
        let map = |n: Rc<u32>| async move { n };
        let mapped = source().map_par_with(2, $spawn, map).ordered();
        assert_eq!(mapped.collect::<Vec<_>>().await, all);
    };
}

#[test]
fn smol_runs_tasks_with_cancelling_handles() {
    smol::block_on(async {
        each_adapter!(smol::spawn);
    });
}

#[test]
fn smol_runs_detached_tasks() {
    smol::block_on(async {
        each_adapter!(|task| smol::spawn(task).detach());
    });
}

#[test]
fn tokio_on_two_threads_runs_tasks() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("must start");
    runtime.block_on(async {
        each_adapter!(tokio::spawn);
        let handle = tokio::runtime::Handle::current();
        each_adapter!(|task| handle.spawn(task));
    });
}

#[test]
fn tokio_local_set_runs_local_tasks() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("must start");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        each_adapter!(tokio::task::spawn_local);
        each_adapter_of_rcs!(tokio::task::spawn_local);
    });
}

#[test]
fn async_executor_runs_borrowing_local_tasks() {
    let words = vec![String::from("not"), String::from("static")];
    let executor = smol::LocalExecutor::new();
    smol::block_on(executor.run(async {
        each_adapter!(|task| executor.spawn(task));
        each_adapter_of_rcs!(|task| executor.spawn(task));

        let all: Vec<&String> = words.iter().collect();
        let spawn = |task| executor.spawn(task);
        assert_eq!(stream::iter(&words).active(spawn).collect::<Vec<_>>().await, all);
        let spawn = |task| executor.spawn(task);
        let number = words.len();
        let count = move |word| async move { (word, number) };
        let counted = stream::iter(&words).map_par_with(2, spawn, count).ordered();
        assert_eq!(counted.collect::<Vec<_>>().await, [(all[0], 2), (all[1], 2)]);
    }));
}

#[test]
fn async_executor_runs_send_tasks() {
    let executor = smol::Executor::new();
    smol::block_on(executor.run(async {
        each_adapter!(|task| executor.spawn(task));
    }));
}

#[test]
fn futures_local_pool_runs_local_tasks() {
    let mut pool = futures_executor::LocalPool::new();
    let spawner = pool.spawner();
    pool.run_until(async move {
        each_adapter!(|task| spawner.spawn_local(task).expect("must run"));
        each_adapter!(|task| spawner.spawn_local_with_handle(task).expect("must run"));
        each_adapter_of_rcs!(|task| spawner.spawn_local(task).expect("must run"));
    });
}

#[test]
fn join_runs_tasks_without_spawner() {
    futures_executor::block_on(async {
        let (handle, source) = script();
        let (stream, drive) = source.active(identity).into_parts();
        join(read_all(handle, stream, 0), drive).await;
        let (handle, source) = script();
        let (stream, drive) = source.active_bounded(2, identity).into_parts();
        join(read_one_and_drop(handle, stream, 1), drive).await;
        let (handle, source) = script();
        let (stream, drive) = source.preload_with(2, identity).into_parts();
        join(read_all(handle, stream, 0), drive).await;

        let (handle, source) = script();
        let (stream, workers) = source.map_par_with(2, identity, plus_100).into_parts();
        join(read_all(handle, stream, 100), join_all(workers)).await;
        let (handle, source) = script();
        let (stream, workers) = source.map_par_with(2, identity, plus_100).into_parts();
        join(read_one_and_drop(handle, stream, 101), join_all(workers)).await;
    });
}
