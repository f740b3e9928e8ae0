//! The executors that need an operating system, each on its own thread.

extern crate alloc;

use alloc::rc::Rc;
use core::{cell::Cell, convert::identity, future::Future, pin::Pin, time::Duration};
use std::{sync::mpsc, thread};

use aiter_adapters::AiterExt;
use aiter_executor_compat::{aiter_to_iter, park_thread};
use futures_executor::LocalPool;
use futures_util::{Stream, StreamExt, task::LocalSpawnExt as _};

use crate::{
    Executor,
    rows::{Cells, ITEMS, cells_with_tasks, waiting},
};

/// Maximum time of an executor for all of its cells.
const LONG: Duration = Duration::from_secs(120);

fn numbers() -> Vec<usize> {
    (0..ITEMS).collect()
}

/// A source that must stay on its thread.
fn local(items: Vec<usize>) -> impl Stream<Item = usize> {
    let here = Rc::new(());
    waiting(items).map(move |item| {
        let _here = &here;
        item
    })
}

pub(crate) fn columns() -> Vec<Executor> {
    let columns: [(_, _, _, fn(Cells)); 8] = [
        ("smol", "`smol::spawn`", "`smol::block_on(next)`", smol),
        (
            "tokio, several threads",
            "`tokio::spawn`",
            "`runtime.block_on(next)`",
            tokio_multi_thread,
        ),
        (
            "tokio, current thread",
            "`tokio::spawn`",
            "`runtime.block_on(next)`",
            tokio_current_thread,
        ),
        (
            "tokio's `LocalSet`, `!Send` source",
            "`spawn_local`",
            "`local.block_on(&runtime, next)`",
            tokio_local_set,
        ),
        (
            "async-executor, borrowed source",
            "`executor.spawn`",
            "`smol::block_on(executor.run(next))`",
            async_executor,
        ),
        ("futures' `LocalPool`", "`spawner.spawn_local`", "`pool.run_until(next)`", local_pool),
        (
            "pollster",
            "`thread::spawn`, `pollster::block_on`",
            "`pollster::block_on(next)`",
            pollster,
        ),
        (
            "embassy-executor, on std",
            "`spawner.spawn` of a boxed task",
            "`park_thread`, on another thread",
            embassy,
        ),
    ];
    let running = columns.map(|(name, spawns, blocks, run)| {
        let cells = Cells::default();
        let (done, end) = mpsc::channel();
        let filled = cells.clone();
        thread::spawn(move || {
            run(filled);
            let _ = done.send(());
        });
        (Executor { name, spawns, blocks, cells: Vec::new() }, cells, end)
    });
    let finished = running.into_iter().map(|(executor, cells, end)| {
        let _ = end.recv_timeout(LONG);
        Executor { cells: cells.take(), ..executor }
    });
    finished.collect()
}

fn smol(cells: Cells) {
    ::smol::block_on(async { cells_with_tasks!(cells, ::smol::spawn, numbers(), waiting) });
    let iterates = async {
        let made = waiting(numbers()).active(::smol::spawn);
        assert!(aiter_to_iter(made, |next| ::smol::block_on(next)).eq(numbers()));
    };
    ::smol::block_on(cells.run("aiter_to_iter", iterates));
}

fn tokio_multi_thread(cells: Cells) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    on_tokio(&runtime, cells);
}

fn tokio_current_thread(cells: Cells) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    on_tokio(&runtime, cells);
}

fn on_tokio(runtime: &tokio::runtime::Runtime, cells: Cells) {
    runtime.block_on(async { cells_with_tasks!(cells, tokio::spawn, numbers(), waiting) });
    let iterates = async {
        let made = waiting(numbers()).active(|task| runtime.spawn(task));
        assert!(aiter_to_iter(made, |next| runtime.block_on(next)).eq(numbers()));
    };
    ::pollster::block_on(cells.run("aiter_to_iter", iterates));
}

fn tokio_local_set(cells: Cells) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        cells_with_tasks!(cells, tokio::task::spawn_local, numbers(), local);
    });
    let iterates = async {
        let made = local(numbers()).active(|task| tasks.spawn_local(task));
        let items = aiter_to_iter(made, |next| tasks.block_on(&runtime, next));
        assert!(items.eq(numbers()));
    };
    ::pollster::block_on(cells.run("aiter_to_iter", iterates));
}

fn async_executor(cells: Cells) {
    let owned: Vec<String> = numbers().iter().map(|n| format!("{n:03}")).collect();
    let borrowed = || owned.iter().collect::<Vec<&String>>();
    let executor = ::smol::LocalExecutor::new();
    ::smol::block_on(executor.run(async {
        cells_with_tasks!(cells, |task| executor.spawn(task), borrowed(), waiting);
    }));
    let iterates = async {
        let made = waiting(borrowed()).active(|task| executor.spawn(task));
        let items = aiter_to_iter(made, |next| ::smol::block_on(executor.run(next)));
        assert!(items.eq(borrowed()));
    };
    ::pollster::block_on(cells.run("aiter_to_iter", iterates));
}

fn local_pool(cells: Cells) {
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    pool.run_until(async {
        cells_with_tasks!(
            cells,
            |task| spawner.spawn_local(task).expect("the pool is alive"),
            numbers(),
            local
        );
    });
    let iterates = async {
        let spawn = |task| spawner.spawn_local(task).expect("the pool is alive");
        let made = local(numbers()).active(spawn);
        assert!(aiter_to_iter(made, |next| pool.run_until(next)).eq(numbers()));
    };
    ::pollster::block_on(cells.run("aiter_to_iter", iterates));
}

fn pollster(cells: Cells) {
    ::pollster::block_on(async {
        cells_with_tasks!(
            cells,
            |task| thread::spawn(|| ::pollster::block_on(task)),
            numbers(),
            waiting
        );
    });
    let iterates = async {
        let spawn = |task| thread::spawn(|| ::pollster::block_on(task));
        let made = waiting(numbers()).active(spawn);
        assert!(aiter_to_iter(made, |next| ::pollster::block_on(next)).eq(numbers()));
    };
    ::pollster::block_on(cells.run("aiter_to_iter", iterates));
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

#[embassy_executor::task(pool_size = 8)]
async fn boxed(task: Task) {
    task.await;
}

fn embassy(cells: Cells) {
    fn spawn(spawner: embassy_executor::Spawner, task: impl Future<Output = ()> + 'static) {
        spawner.spawn(boxed(Box::pin(task)).expect("the pool has room"));
    }
    let executor = Box::leak(Box::new(embassy_executor::Executor::new()));
    let done = Rc::new(Cell::new(false));
    let set_done = Rc::clone(&done);
    let init = |spawner: embassy_executor::Spawner| {
        spawn(spawner, async move {
            cells_with_tasks!(cells, |task| spawn(spawner, task), numbers(), local);
            let iterates = async {
                // The executor must not block, so the loop runs on another thread.
                let made = waiting(numbers());
                let (made, drive) = made.active(identity).into_parts();
                spawn(spawner, drive);
                let (send, read) = futures_channel::oneshot::channel();
                let reader = thread::spawn(move || {
                    let items: Vec<usize> = aiter_to_iter(made, park_thread).collect();
                    send.send(items)
                });
                assert_eq!(read.await.expect("reader sends the items"), numbers());
                reader.join().expect("reader must not panic").expect("items are received");
            };
            cells.run("aiter_to_iter", iterates).await;
            set_done.set(true);
        });
    };
    executor.run_until(init, || done.get());
}
