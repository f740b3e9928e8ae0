/// Something that starts a future as a task of its own: in most programs a function or a closure.
///
/// Adapters with a task of their own ([`active`](crate::AiterExt::active),
/// [`preload_with`](crate::AiterExt::preload_with),
/// [`map_par_with`](crate::AiterExt::map_par_with)) know no runtime. They take a spawner, hand it a
/// future with a name ([`Drive`](crate::Drive), [`Worker`](crate::Worker)) and keep the handle that
/// they get for it, because some runtimes cancel a task when its handle is dropped. Dropping the
/// adapter ends its tasks whether the handle cancels or detaches: the future itself knows that
/// nobody wants its items any more.
///
/// Every `Fn(Fut) -> H` is a spawner. The bounds are the function's own: `Send` and `'static` where
/// the runtime moves tasks between threads, neither where it does not.
///
/// Each of these runs in the tests of this repository:
///
/// | runtime | spawner |
/// |---|---|
/// | tokio | `tokio::spawn`, or `\|task\| handle.spawn(task)` with a `Handle` |
/// | tokio, tasks that are not `Send`, inside a `LocalSet` | `tokio::task::spawn_local` |
/// | smol | `smol::spawn` |
/// | async-executor, also for tasks that borrow | `\|task\| executor.spawn(task)` |
/// | futures, one thread | `\|task\| spawner.spawn_local_with_handle(task)` of a `LocalPool` |
/// | no runtime but threads | `\|task\| thread::spawn(\|\| pollster::block_on(task))` |
/// | embassy, `join!`, a hand-written loop | none: the adapter's `_parts` form gives the future |
///
/// Not tried here, but of the same form: `async_std::task::spawn`, and `wasm_bindgen_futures::spawn_local`
/// on a web page.
///
/// # Panics
/// An adapter's method panics if the spawner does, as `tokio::spawn` outside a runtime. The source
/// is dropped then. [`MapParWith`](crate::MapParWith) also calls the spawner in its polls, which panic
/// likewise; its source goes on.
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
/// tokio, with what must stay on its thread:
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
/// async-executor (and so smol), with a source that borrows:
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
///     let numbers = stream::iter(0..3).active(|task| spawner.spawn_local_with_handle(task).unwrap());
///     assert_eq!(numbers.collect::<Vec<_>>().await, [0, 1, 2]);
/// });
/// ```
///
/// embassy declares its tasks, so there the future is named and awaited:
/// ```ignore
/// #[embassy_executor::task]
/// async fn drive(drive: aiter::Drive<Buttons>) {
///     drive.await
/// }
///
/// let (buttons, driver) = buttons.active_parts();
/// spawner.spawn(drive(driver)?);
/// ```
pub trait Spawn<Fut> {
    /// What starting a task gives: the adapter keeps it as long as it lives.
    type Handle;

    /// Starts `future` as a task.
    fn spawn(&self, future: Fut) -> Self::Handle;
}

impl<Fut, H, F: Fn(Fut) -> H> Spawn<Fut> for F {
    type Handle = H;

    fn spawn(&self, future: Fut) -> H {
        self(future)
    }
}
