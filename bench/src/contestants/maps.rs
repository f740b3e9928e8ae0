//! An async function over a stream, several calls at a time.

use core::future::Future;

use aiter_adapters::AiterExt;
use alloc::sync::Arc;
use futures_buffered::BufferedStreamExt;
use futures_core::Stream;
use futures_util::StreamExt;
use smol::Executor;
use tokio::task::JoinSet;

use super::traits::Contestant;
use crate::harness::Role;

/// Calls that run in the task that reads.
pub(crate) trait MapInTask: Contestant {
    /// Runs at most `window` calls at a time.
    fn map<S, F, Fut>(source: S, window: usize, f: F) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64>,
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = u64>;
}

/// Calls that run in tasks of their own, on an executor of one thread.
pub(crate) trait MapSpawned: Contestant {
    /// Runs at most `window` calls at a time.
    fn map<S, F, Fut>(
        executor: &Arc<Executor<'static>>,
        source: S,
        window: usize,
        f: F,
    ) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64> + Send + Unpin + 'static,
        F: FnMut(u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = u64> + Send + 'static;
}

/// `map_par`.
#[derive(Debug)]
pub(crate) struct AiterMap;

impl Contestant for AiterMap {
    const NAME: &'static str = "aiter map_par";
    const ROLE: Role = Role::Aiter;
}

impl MapInTask for AiterMap {
    fn map<S, F, Fut>(source: S, window: usize, f: F) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64>,
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = u64>,
    {
        source.map_par(window, f)
    }
}

/// `map_par_with`.
#[derive(Debug)]
pub(crate) struct AiterMapWith;

impl Contestant for AiterMapWith {
    const NAME: &'static str = "aiter map_par_with";
    const ROLE: Role = Role::Aiter;
}

impl MapSpawned for AiterMapWith {
    fn map<S, F, Fut>(
        executor: &Arc<Executor<'static>>,
        source: S,
        window: usize,
        f: F,
    ) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64> + Send + Unpin + 'static,
        F: FnMut(u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = u64> + Send + 'static,
    {
        source.map_par_with(window, |worker| executor.spawn(worker), f)
    }
}

/// futures-buffered's `buffered_unordered`.
#[derive(Debug)]
pub(crate) struct FuturesBuffered;

impl Contestant for FuturesBuffered {
    const NAME: &'static str = "futures-buffered";
}

impl MapInTask for FuturesBuffered {
    fn map<S, F, Fut>(source: S, window: usize, f: F) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64>,
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = u64>,
    {
        source.map(f).buffered_unordered(window)
    }
}

/// futures-util's `buffer_unordered`.
#[derive(Debug)]
pub(crate) struct BufferUnordered;

impl Contestant for BufferUnordered {
    const NAME: &'static str = "futures buffer_unordered";
}

impl MapInTask for BufferUnordered {
    fn map<S, F, Fut>(source: S, window: usize, f: F) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64>,
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = u64>,
    {
        source.map(f).buffer_unordered(window)
    }
}

/// futures-util's `buffered`, which returns results in order.
#[derive(Debug)]
pub(crate) struct Buffered;

impl Contestant for Buffered {
    const NAME: &'static str = "futures buffered";
}

impl MapInTask for Buffered {
    fn map<S, F, Fut>(source: S, window: usize, f: F) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64>,
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = u64>,
    {
        source.map(f).buffered(window)
    }
}

/// The floor: futures-util's `then`, one call at a time.
#[derive(Debug)]
pub(crate) struct Then;

impl Contestant for Then {
    const NAME: &'static str = "then, one at a time";
    const ROLE: Role = Role::Floor;
}

impl MapInTask for Then {
    fn map<S, F, Fut>(source: S, _window: usize, f: F) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64>,
        F: FnMut(u64) -> Fut,
        Fut: Future<Output = u64>,
    {
        source.then(f)
    }
}

/// A task that sends the source into a channel, `window` tasks that call, and a channel of results.
#[derive(Debug)]
pub(crate) struct Workers;

impl Contestant for Workers {
    const NAME: &'static str = "smol tasks and channels";
}

impl MapSpawned for Workers {
    fn map<S, F, Fut>(
        executor: &Arc<Executor<'static>>,
        mut source: S,
        window: usize,
        f: F,
    ) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64> + Send + Unpin + 'static,
        F: FnMut(u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = u64> + Send + 'static,
    {
        let (feed, items) = async_channel::bounded(window);
        let (results, out) = async_channel::bounded(window);
        for _ in 0..window {
            let (items, results, mut f) = (items.clone(), results.clone(), f.clone());
            let worker = async move {
                while let Ok(item) = items.recv().await {
                    if results.send(f(item).await).await.is_err() {
                        break;
                    }
                }
            };
            executor.spawn(worker).detach();
        }
        let feeder = async move {
            while let Some(item) = source.next().await {
                if feed.send(item).await.is_err() {
                    break;
                }
            }
        };
        executor.spawn(feeder).detach();
        out
    }
}

/// tokio's `JoinSet`, with a task for each call on the current runtime.
#[derive(Debug)]
pub(crate) struct TokioJoinSet;

impl Contestant for TokioJoinSet {
    const NAME: &'static str = "tokio JoinSet";
}

impl MapSpawned for TokioJoinSet {
    fn map<S, F, Fut>(
        _executor: &Arc<Executor<'static>>,
        source: S,
        window: usize,
        f: F,
    ) -> impl Stream<Item = u64>
    where
        S: Stream<Item = u64> + Send + Unpin + 'static,
        F: FnMut(u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = u64> + Send + 'static,
    {
        let tasks = JoinSet::new();
        futures_util::stream::unfold(
            (source.fuse(), tasks, f),
            move |(mut source, mut tasks, mut f)| async move {
                while tasks.len() < window {
                    let Some(item) = source.next().await else { break };
                    tasks.spawn(f(item));
                }
                let result = tasks.join_next().await?.expect("no call panics");
                Some((result, (source, tasks, f)))
            },
        )
    }
}
