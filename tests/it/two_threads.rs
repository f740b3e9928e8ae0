//! Adapters whose tasks run on threads of a runtime, concurrently with their consumer.

use aiter::AiterExt;
use alloc::sync::Arc;
use core::time::Duration;
use futures_util::{StreamExt, stream};
use std::{sync::mpsc, time::Instant};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("the runtime starts")
}

#[test]
fn futures_run_while_body_is_slow() {
    const WAIT: Duration = Duration::from_millis(10);
    const BODY: Duration = Duration::from_millis(50);
    let (worst, total) = runtime().block_on(async {
        let begin = Instant::now();
        let f = |_| async {
            let begin = Instant::now();
            tokio::time::sleep(WAIT).await;
            tokio::time::sleep(WAIT).await;
            begin.elapsed()
        };
        let mut stream = stream::iter(0..12).map_par_with(4, tokio::spawn, f);
        let mut worst = Duration::ZERO;
        while let Some(took) = stream.next().await {
            worst = worst.max(took);
            tokio::time::sleep(BODY).await;
        }
        (worst, begin.elapsed())
    });
    let ideal = 2 * WAIT + 12 * BODY;
    println!("worst future {worst:?}, total {total:?}, ideal {ideal:?}");
    // Without concurrency the total is 12 * 70 ms, and the worst future takes at least 70 ms.
    assert!(worst < 2 * BODY, "worst future {worst:?}");
    assert!(total < ideal + 4 * BODY, "total {total:?}, ideal {ideal:?}");
}

#[test]
fn semaphore_shared_with_body_does_not_hang() {
    let semaphore = Arc::new(tokio::sync::Semaphore::new(2));
    let count = runtime().block_on(async {
        let shared = Arc::clone(&semaphore);
        let f = move |n: u32| {
            let semaphore = Arc::clone(&shared);
            async move {
                let _permit = semaphore.acquire().await.expect("the semaphore is open");
                tokio::task::yield_now().await;
                n
            }
        };
        let mut stream = stream::iter(0..50).map_par_with(4, tokio::spawn, f);
        let mut count = 0;
        while stream.next().await.is_some() {
            let _permit = semaphore.acquire().await.expect("the semaphore is open");
            tokio::task::yield_now().await;
            count += 1;
        }
        count
    });
    assert_eq!(count, 50);
}

#[test]
fn map_par_with_ordered_keeps_order() {
    let items = runtime().block_on(async {
        let f = |n: u32| async move {
            for _ in 0..n % 4 {
                tokio::task::yield_now().await;
            }
            n
        };
        let stream = stream::iter(0..20_000).map_par_with(5, tokio::spawn, f);
        stream.ordered().collect::<Vec<_>>().await
    });
    assert!(items.into_iter().eq(0..20_000));
}

#[test]
fn map_par_with_loses_no_item() {
    let mut items = runtime().block_on(async {
        let f = |n: u32| async move {
            tokio::task::yield_now().await;
            n
        };
        let source = stream::iter(0..20_000).then(|n| async move {
            if n % 5 == 0 {
                tokio::task::yield_now().await;
            }
            n
        });
        source.map_par_with(5, tokio::spawn, f).collect::<Vec<_>>().await
    });
    items.sort_unstable();
    assert!(items.into_iter().eq(0..20_000));
}

#[test]
fn active_keeps_order() {
    runtime().block_on(async {
        for bound in [None, Some(3)] {
            let source = stream::iter(0..20_000);
            let active = match bound {
                None => source.active(tokio::spawn),
                Some(cap) => source.active_bounded(cap, tokio::spawn),
            };
            // The consumer is a spawned task, so it may run on another thread than the source.
            let items =
                tokio::spawn(active.collect::<Vec<_>>()).await.expect("the task does not panic");
            assert!(items.into_iter().eq(0..20_000));
        }
    });
}

#[test]
fn window_refills_while_consumer_blocks() {
    let (pulled, items) = mpsc::channel();
    let source = stream::iter(0..100).inspect(move |n| pulled.send(*n).expect("the test receives"));
    smol::block_on(async {
        let mut stream = source.preload_with(4, smol::spawn);
        assert_eq!(stream.next().await, Some(0));
        // The consumer blocks its thread and polls nothing, while the task pulls more items.
        assert!((0..5).all(|n| items.recv() == Ok(n)));
        assert_eq!(stream.next().await, Some(1));
        assert_eq!(items.recv(), Ok(5));
        assert_eq!(items.try_recv().ok(), None, "the window is full");
    });
}
