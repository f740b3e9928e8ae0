//! WebAssembly with WASI and without threads: `LocalPool` of futures.

use aiter_adapters::AiterExt;
use aiter_executor_compat::aiter_to_iter;
use futures_executor::LocalPool;
use futures_util::task::LocalSpawnExt as _;

use crate::{
    Executor,
    rows::{Cells, ITEMS, cells_with_tasks, waiting},
};

fn numbers() -> Vec<usize> {
    (0..ITEMS).collect()
}

pub(crate) fn columns() -> Vec<Executor> {
    let cells = Cells::default();
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    pool.run_until(async {
        cells_with_tasks!(
            cells,
            |task| spawner.spawn_local(task).expect("the pool is alive"),
            numbers(),
            waiting
        );
    });
    let iterates = async {
        let spawn = |task| spawner.spawn_local(task).expect("the pool is alive");
        let made = waiting(numbers()).active(spawn);
        assert!(aiter_to_iter(made, |next| pool.run_until(next)).eq(numbers()));
    };
    pollster::block_on(cells.run("aiter_to_iter", iterates));
    vec![Executor {
        name: "wasm32-wasip1 under Node, `LocalPool`",
        spawns: "`spawner.spawn_local`",
        blocks: "`pool.run_until(next)`",
        cells: cells.take(),
    }]
}
