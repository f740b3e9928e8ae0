//! Producers and readers on threads.

use std::thread;

use aiter_adapters::{
    LossyCursor,
    LossyPolicy::{Disconnect, DropOldest},
    LossyPusher, bounded_lossy,
};
use futures_executor::block_on;

use crate::Live;

const ITEMS: usize = if cfg!(miri) { 30 } else { 20_000 };

/// Pushes `ITEMS` items. A reader that is preempted makes no push fail.
fn push_all<T>(pusher: &LossyPusher<T>, item: impl Fn(usize) -> T) {
    for n in 0..ITEMS {
        assert!(pusher.push(item(n)).is_ok(), "item {n} of {ITEMS} is refused");
    }
}

/// Reads to the end, and checks that items rise. Returns how many it got, and the last of each
/// producer.
fn read_all(mut cursor: LossyCursor<(usize, crate::Item)>, delay: usize) -> [usize; 2] {
    let (mut got, mut next) = (0, [0; 2]);
    block_on(async {
        while let Some((producer, item)) = cursor.next().await {
            assert!(item.value >= next[producer], "items must rise");
            next[producer] = item.value + 1;
            got += 1;
            if delay > 0 && got % delay == 0 {
                thread::yield_now();
            }
        }
    });
    assert_eq!(got + cursor.missed(), 2 * ITEMS);
    assert!(!cursor.is_lagged());
    next
}

#[test]
fn got_and_missed_add_up() {
    let caps: &[usize] = if cfg!(miri) { &[1, 57] } else { &[1, 2, 7, 57, 256] };
    for &cap in caps {
        let live = Live::default();
        let (pusher, cursor) = bounded_lossy(cap, DropOldest);
        let stuck = [cursor.fork(), cursor.fork()];
        let readers: Vec<_> = [0, 1, 16]
            .map(|delay| (cursor.fork(), delay))
            .into_iter()
            .map(|(cursor, delay)| thread::spawn(move || read_all(cursor, delay)))
            .collect();
        let producers = [0, 1].map(|producer| {
            let (pusher, live) = (pusher.clone(), live.clone());
            thread::spawn(move || push_all(&pusher, |n| (producer, live.item(n))))
        });
        assert!(producers.into_iter().all(|producer| producer.join().is_ok()));
        drop(pusher);
        for reader in readers {
            // The very last item belongs to one of the producers.
            assert!(reader.join().unwrap().contains(&ITEMS), "the last item must be seen");
        }
        for cursor in stuck {
            assert_eq!(cursor.len(), cap);
            read_all(cursor, 0);
        }
        drop(cursor);
        assert_eq!(live.count(), 0);
    }
}

#[test]
fn cut_off_readers_get_prefix() {
    let caps: &[usize] = if cfg!(miri) { &[1, 16] } else { &[1, 16, 256] };
    for &cap in caps {
        let live = Live::default();
        let (pusher, cursor) = bounded_lossy(cap, Disconnect);
        let readers = [0, 1, 16].map(|delay| {
            let mut cursor = cursor.fork();
            thread::spawn(move || {
                let mut got = 0;
                block_on(async {
                    while let Some(item) = cursor.next().await {
                        assert_eq!(item, got);
                        got += 1;
                        if delay > 0 && got % delay == 0 {
                            thread::yield_now();
                        }
                    }
                });
                assert_eq!(cursor.is_lagged(), got < ITEMS);
            })
        });
        let mut last = cursor;
        for n in 0..ITEMS {
            let mut item = live.item(n);
            while let Err(error) = pusher.push(item) {
                assert!(error.is_full());
                item = error.into_inner();
                thread::yield_now();
            }
            assert_eq!(last.try_next().unwrap(), n);
        }
        drop(pusher);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        drop(last);
        assert_eq!(live.count(), 0);
    }
}

#[test]
fn cursors_come_and_go_while_others_are_cut() {
    let live = Live::default();
    let (pusher, cursor) = bounded_lossy(8, DropOldest);
    let churn = [0, 1].map(|seed| {
        let pusher = pusher.downgrade();
        thread::spawn(move || {
            let mut cursors: Vec<LossyCursor<crate::Item>> = Vec::new();
            let mut n = seed;
            while let Some(pusher) = pusher.upgrade() {
                n += 1;
                match n % 5 {
                    0 => cursors.push(pusher.subscribe()),
                    1 if !cursors.is_empty() => cursors.push(cursors[n % cursors.len()].fork()),
                    2 if cursors.len() > 3 => drop(cursors.swap_remove(n % cursors.len())),
                    _ => {
                        for cursor in &mut cursors {
                            let before = cursor.missed();
                            let _ = cursor.try_next();
                            assert!(cursor.missed() >= before && pusher.len() <= 8);
                        }
                    }
                }
                drop(pusher);
                if n % 3 == 0 {
                    thread::yield_now();
                }
            }
        })
    });
    push_all(&pusher, |n| live.item(n));
    drop(pusher);
    churn.into_iter().for_each(|churn| churn.join().unwrap());
    drop(cursor);
    assert_eq!(live.count(), 0);
}

/// A reader that sleeps is cut by several producers at once. The stop wakes it, too.
#[test]
fn sleeping_readers_are_woken_by_cuts() {
    let rounds = if cfg!(miri) { 3 } else { 2_000 };
    for policy in [DropOldest, Disconnect] {
        for _ in 0..rounds {
            let (pusher, mut cursor) = bounded_lossy(1, policy);
            let reader = thread::spawn(move || {
                block_on(async { while cursor.next().await.is_some() {} });
                cursor.is_lagged()
            });
            let producers = [0, 1].map(|_| {
                let pusher = pusher.clone();
                thread::spawn(move || pusher.push_all(0..3).is_ok())
            });
            assert!(producers.into_iter().all(|producer| producer.join().is_ok()));
            drop(pusher);
            let is_lagged = reader.join().unwrap();
            assert!(!is_lagged || policy == Disconnect);
        }
    }
}
