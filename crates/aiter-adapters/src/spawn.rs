/// A spawner, which starts a future as a task. Usually a function or a closure.
///
/// Adapters with tasks of their own ([`active`](crate::AiterExt::active),
/// [`preload_with`](crate::AiterExt::preload_with),
/// [`map_par_with`](crate::AiterExt::map_par_with)) do not depend on a runtime. They pass a future
/// of a named type ([`DriveTask`](crate::DriveTask), [`MapWorker`](crate::MapWorker)) to the
/// spawner. They keep the handle, because some runtimes cancel a task when its handle is dropped.
/// Dropping the adapter ends its tasks even if the handle detaches, because it tells the futures to
/// end.
///
/// Every `Fn(Fut) -> H` is a spawner. The function sets the bounds, for example `Send` and
/// `'static` if the runtime moves tasks between threads.
///
/// The tests of this repository run all of these:
///
/// | runtime | spawner |
/// |---|---|
/// | tokio | `tokio::spawn`, or `\|task\| handle.spawn(task)` with a `Handle` |
/// | tokio, tasks that are not `Send`, inside a `LocalSet` | `tokio::task::spawn_local` |
/// | smol | `smol::spawn` |
/// | async-executor, also for tasks that borrow | `\|task\| executor.spawn(task)` |
/// | futures, one thread | `\|task\| spawner.spawn_local_with_handle(task)` of a `LocalPool` |
/// | no runtime but threads | `\|task\| thread::spawn(\|\| pollster::block_on(task))` |
/// | embassy, `join!`, a hand-written loop | `core::convert::identity`: the future is the handle |
///
/// Not tested, but of the same form: `|task| pool.spawn_ok(task)` with a `ThreadPool` of futures,
/// `async_std::task::spawn`, and `wasm_bindgen_futures::spawn_local` on a web page.
///
/// # Panics
/// An adapter's method panics if the spawner does, as `tokio::spawn` does outside a runtime. The
/// source is then dropped. [`MapParWith`](crate::MapParWith) also calls the spawner in its polls,
/// which panic as well. Its source is then kept.
///
/// # Examples
/// tokio:
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let numbers = stream::iter(0..3).active(tokio::spawn);
/// assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2]);
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// tokio, with items that must stay on their thread:
/// ```
/// use std::rc::Rc;
///
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// let local = tokio::task::LocalSet::new();
/// local.block_on(&runtime, async {
///     let numbers = stream::iter([Rc::new(1), Rc::new(2)]).active(tokio::task::spawn_local);
///     assert_eq!(numbers.map(|n| *n).collect::<Vec<_>>().await, [1, 2]);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// async-executor, which smol uses, with a source that borrows:
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream};
///
/// let words = vec!["not".to_string(), "static".to_string()];
/// let executor = smol::LocalExecutor::new();
/// smol::block_on(executor.run(async {
///     let borrowed = stream::iter(&words).active(|task| executor.spawn(task));
///     assert_eq!(borrowed.collect::<Vec<_>>().await, [&words[0], &words[1]]);
/// }));
/// ```
///
/// The `LocalPool` of futures:
/// ```
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, stream, task::LocalSpawnExt};
///
/// let mut pool = futures_executor::LocalPool::new();
/// let spawner = pool.spawner();
/// pool.run_until(async move {
///     let spawn = |task| spawner.spawn_local_with_handle(task).unwrap();
///     let numbers = stream::iter(0..3).active(spawn);
///     assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2]);
/// });
/// ```
///
/// Without a spawner, `identity` and `into_parts` return the future, which the caller polls:
/// ```
/// use core::convert::identity;
///
/// use aiter_adapters::AiterExt;
/// use futures_util::{StreamExt, future::{join, join_all}, stream};
///
/// # futures_executor::block_on(async {
/// let (numbers, drive) = stream::iter(1..=3).active(identity).into_parts();
/// let (items, ()) = join(numbers.collect::<Vec<_>>(), drive).await;
/// assert_eq!(items, [1, 2, 3]);
///
/// let square = |n| async move { n * n };
/// let (squares, workers) = stream::iter(1..=3).map_par_with(2, identity, square).into_parts();
/// let (squares, _) = join(squares.ordered().collect::<Vec<_>>(), join_all(workers)).await;
/// assert_eq!(squares, [1, 4, 9]);
/// # });
/// ```
///
/// embassy, which declares its tasks, so the task function names the future and awaits it:
/// ```ignore
/// #[embassy_executor::task]
/// async fn drive(drive: aiter::adapters::DriveTask<Buttons>) {
///     drive.await
/// }
///
/// let (buttons, driver) = buttons.active(identity).into_parts();
/// spawner.spawn(drive(driver)?);
/// ```
pub trait Spawn<Fut> {
    /// The handle of a task. The adapter keeps it until the adapter is dropped.
    type Handle;

    /// Starts `future` as a task.
    ///
    /// # Examples
    /// A spawner with state, as a type of its own:
    ///
    /// ```
    /// use core::{cell::Cell, future::Future};
    ///
    /// use aiter_adapters::{AiterExt, Spawn};
    /// use futures_util::{StreamExt, stream};
    ///
    /// #[derive(Default)]
    /// struct Pool<'a> {
    ///     executor: smol::LocalExecutor<'a>,
    ///     tasks: Cell<usize>,
    /// }
    ///
    /// impl<'a, F: Future<Output: 'a> + 'a> Spawn<F> for &Pool<'a> {
    ///     type Handle = smol::Task<F::Output>;
    ///
    ///     fn spawn(&self, future: F) -> Self::Handle {
    ///         self.tasks.set(self.tasks.get() + 1);
    ///         self.executor.spawn(future)
    ///     }
    /// }
    ///
    /// let pool = Pool::default();
    /// let numbers = stream::iter(0..3).active(&pool);
    /// let numbers = smol::block_on(pool.executor.run(numbers.collect::<Vec<_>>()));
    /// assert_eq!((numbers, pool.tasks.get()), (vec![0, 1, 2], 1));
    /// ```
    fn spawn(&self, future: Fut) -> Self::Handle;
}

impl<Fut, H, F: Fn(Fut) -> H> Spawn<Fut> for F {
    type Handle = H;

    fn spawn(&self, future: Fut) -> H {
        self(future)
    }
}
