//! Chapter 10: the right-hand side of each row, compiled and run.

use aiter::{LossyPolicy, OnError, bounded_lossy, prelude::*};
use sensor_hub::NewestExt;

fn main() {
    smol::block_on(async {
        subjects().await;
        operators().await;
        shared_flows().await;
        flows().await;
    });
}

async fn subjects() {
    let (pusher, mut cursor) = push_list();
    let mut later = pusher.subscribe();
    let item = 1;
    pusher.push(item).expect("cursors live");
    assert_eq!((later.next().await, cursor.next().await), (Some(1), Some(1)));
    drop(later);

    let mut state = pusher.replay(1);
    state.push(2).expect("cursors live");
    assert_eq!(state.subscribe().latest(), Ok(2));

    let n = 10;
    let mut replay = pusher.replay(n);
    replay.push(3).expect("cursors live");
    let late = replay.subscribe();
    pusher.stop();
    assert_eq!(late.collect::<Vec<_>>().await, [3]);
    assert_eq!(cursor.collect::<Vec<_>>().await, [2, 3]);
}

async fn operators() {
    let items = [1, 2, 3];
    let stream = || iter_to_aiter(items);
    let f = |n| iter_to_aiter(0..n);
    let (a, b, n) = (f(2), f(3), 2);
    let merged = iter_to_aiter([a, b]).join_streams();
    assert_eq!(merged.collect::<Vec<_>>().await, [0, 0, 1, 1, 2]);
    let merged = stream().map(f).join_streams();
    assert_eq!(merged.collect::<Vec<_>>().await, [0, 0, 0, 1, 1, 2]);
    let limited = stream().map(f).join_streams().max_inner(n);
    assert_eq!(limited.collect::<Vec<_>>().await, [0, 0, 1, 0, 1, 2]);
    assert_eq!(stream().map(f).flatten().collect::<Vec<_>>().await, [0, 0, 1, 0, 1, 2]);
    let f = |n| vec![n; 2];
    assert_eq!(stream().map_filter(f).collect::<Vec<_>>().await, [1, 1, 2, 2, 3, 3]);

    let (a, b) = (stream(), iter_to_aiter("abc".chars()));
    assert_eq!(azip((a, b)).collect::<Vec<_>>().await, [(1, 'a'), (2, 'b'), (3, 'c')]);

    let shared = stream().forker();
    let fork = shared.fork();
    assert_eq!((shared.count().await, fork.count().await), (3, 3));

    let (stopper, mut until) = stream().stoppable();
    stopper.stop();
    assert_eq!(until.next().await, None);

    let f = |n| if n == 2 { Err("two") } else { Ok(n) };
    let good = stream().map_try(f).on_error(OnError::Skip);
    assert_eq!(good.collect::<Vec<_>>().await, [Ok(1), Ok(3)]);
    let first = stream().map_try(f).on_error(OnError::Stop);
    assert_eq!(first.collect::<Vec<_>>().await, [Ok(1), Err("two")]);
    assert_eq!(stream().chunks(n).collect::<Vec<_>>().await, [vec![1, 2], vec![3]]);
}

async fn shared_flows() {
    let n = 8;
    let (pusher, cursor) = bounded(n);
    let item = 1;
    pusher.push(item).await.expect("the cursor lives");
    pusher.try_push(item).expect("there is room");
    assert_eq!(pusher.cursor_count(), 1);
    let mut taker = cursor.share();
    assert_eq!(taker.next().await, Some(1));
    drop(taker);
    pusher.closed().await;

    let (pusher, cursor) = bounded_lossy(n, LossyPolicy::DropOldest);
    (1..=100).try_for_each(|item| pusher.push(item)).expect("the cursor lives");
    drop(pusher);
    assert_eq!(cursor.newest().collect::<Vec<_>>().await, [100]);
}

async fn flows() {
    let stream = || iter_to_aiter(1..=3);
    let (f, n, spawn) = (|item| async move { 10 * item }, 2, smol::spawn);
    assert_eq!(stream().active_bounded(n, spawn).collect::<Vec<_>>().await, [1, 2, 3]);
    assert_eq!(stream().preload_with(n, smol::spawn).count().await, 3);
    assert_eq!(stream().then(f).collect::<Vec<_>>().await, [10, 20, 30]);
    assert_eq!(stream().map_par(n, f).ordered().collect::<Vec<_>>().await, [10, 20, 30]);
    let mut stream = stream();
    let mut sum = 0;
    while let Some(item) = stream.next().await {
        sum += item;
    }
    assert_eq!(sum, 6);
}
