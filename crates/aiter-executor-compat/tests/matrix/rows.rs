//! The cells of the table, and their test sources.

extern crate alloc;

use alloc::sync::Arc;
use core::{
    fmt,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};
use std::sync::Mutex;

use futures_util::{FutureExt, Stream, StreamExt, stream};

/// The features under test, in the order of the table.
pub(crate) const ROWS: [&str; 6] =
    ["active", "preload_with", "map_par_with", "forker", "join_streams", "aiter_to_iter"];
/// Number of items of a source.
pub(crate) const ITEMS: usize = 300;

/// The result of a cell.
#[derive(Debug)]
pub(crate) enum Cell {
    Works,
    Fails(String),
}

impl Cell {
    /// Returns `true` if the test of the cell passed.
    pub(crate) fn works(&self) -> bool {
        !matches!(self, Self::Fails(_))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Works => f.write_str("yes"),
            Self::Fails(text) => write!(f, "NO: {}", text.lines().next().unwrap_or_default()),
        }
    }
}

/// The results of an executor so far.
#[derive(Clone, Default)]
pub(crate) struct Cells(Arc<Mutex<Vec<Cell>>>);

impl Cells {
    /// Runs the test of the next cell.
    pub(crate) async fn run(&self, row: &str, cell: impl Future<Output = ()>) {
        let cell = match AssertUnwindSafe(cell).catch_unwind().await {
            Ok(()) => Cell::Works,
            Err(panic) => Cell::Fails(match panic.downcast::<String>() {
                Ok(text) => *text,
                Err(panic) => panic.downcast_ref::<&str>().map_or("a panic", |text| text).into(),
            }),
        };
        let mut cells = self.0.lock().expect("lock is not poisoned");
        assert_eq!(ROWS[cells.len()], row, "cells must run in the order of the table");
        cells.push(cell);
    }

    pub(crate) fn take(&self) -> Vec<Cell> {
        core::mem::take(&mut self.0.lock().expect("lock is not poisoned"))
    }
}

/// A token that detects whether a stream that contains it exists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token(Arc<()>);

impl Token {
    pub(crate) fn attach_to<S>(&self, stream: S) -> Held<S> {
        Held { stream: Box::pin(stream), _token: self.clone() }
    }

    /// Waits until every stream with this token is dropped.
    pub(crate) async fn gone(&self) {
        while Arc::strong_count(&self.0) > 1 {
            yield_now().await;
        }
    }
}

/// A stream with a token.
pub(crate) struct Held<S> {
    stream: Pin<Box<S>>,
    _token: Token,
}

impl<S: Stream> Stream for Held<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.stream.as_mut().poll_next(cx)
    }
}

pub(crate) async fn yield_now() {
    let mut waited = false;
    poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Returns a stream that is pending before each item.
pub(crate) fn waiting<T>(items: Vec<T>) -> impl Stream<Item = T> {
    stream::iter(items).then(later)
}

/// Returns `item` after one yield.
pub(crate) async fn later<T>(item: T) -> T {
    yield_now().await;
    item
}

/// Runs the cells that need tasks. It is a macro because each spawner is generic over its future.
///
/// `$spawn` is evaluated for each task. `$items` is evaluated for each source, as an ascending
/// `Vec` that `$source` turns into a stream.
macro_rules! cells_with_tasks {
    ($cells:expr, $spawn:expr, $items:expr, $source:expr) => {{
        use aiter_adapters::AiterExt;
        use futures_util::{StreamExt, stream};
        use $crate::rows::{ITEMS, Token, later};

        let cells = &$cells;
        let token = Token::default();
        let source = || token.attach_to($source($items));

        cells
            .run("active", async {
                assert_eq!(source().active($spawn).collect::<Vec<_>>().await, $items);
                let mut dropped = source().active($spawn);
                assert_eq!(dropped.next().await.as_ref(), $items.first());
                drop(dropped);
                token.gone().await;
            })
            .await;
        cells
            .run("preload_with", async {
                let preload = || source().preload_with(2, $spawn);
                assert_eq!(preload().collect::<Vec<_>>().await, $items);
                let mut dropped = preload();
                assert_eq!(dropped.next().await.as_ref(), $items.first());
                drop(dropped);
                token.gone().await;
            })
            .await;
        cells
            .run("map_par_with", async {
                let map = || source().map_par_with(2, $spawn, later).ordered();
                assert_eq!(map().collect::<Vec<_>>().await, $items);
                let mut dropped = map();
                assert_eq!(dropped.next().await.as_ref(), $items.first());
                drop(dropped);
                token.gone().await;
            })
            .await;
        cells
            .run("forker", async {
                let here = source().forker();
                let there = here.fork();
                let (send, read) = futures_channel::oneshot::channel();
                let task = async move {
                    let _ = send.send(there.collect::<Vec<_>>().await);
                };
                let _task = ($spawn)(task);
                assert_eq!(here.collect::<Vec<_>>().await, $items);
                assert_eq!(read.await.expect("the task sends"), $items);
                token.gone().await;
            })
            .await;
        cells
            .run("join_streams", async {
                let members =
                    [source().active($spawn), source().active($spawn), source().active($spawn)];
                let mut all = stream::iter(members).join_streams().collect::<Vec<_>>().await;
                assert_eq!(all.len(), 3 * ITEMS);
                all.sort_unstable();
                all.dedup();
                assert_eq!(all, $items);
                token.gone().await;
            })
            .await;
    }};
}

pub(crate) use cells_with_tasks;
