//! Producers and readers on threads.

use std::thread;

use aiter_adapters::bounded;
use futures_executor::block_on;

const ITEMS: usize = if cfg!(miri) { 10 } else { 3000 };

#[test]
fn streams_on_threads_are_lossless() {
    let caps: &[usize] = if cfg!(miri) { &[1, 3] } else { &[1, 2, 3, 16, 57, 1024] };
    let counts: &[usize] = if cfg!(miri) { &[1, 3] } else { &[1, 3, 8] };
    for &cap in caps {
        for &readers in counts {
            let (pusher, cursor) = bounded(cap);
            let mut cursors: Vec<_> = (1..readers).map(|_| cursor.fork()).collect();
            cursors.push(cursor);
            let readers: Vec<_> = cursors
                .into_iter()
                .map(|mut cursor| {
                    thread::spawn(move || {
                        block_on(async {
                            let mut last = [0; 2];
                            while let Some((producer, n)) = cursor.next().await {
                                assert_eq!(n, last[producer] + 1, "item of {producer}");
                                last[producer] = n;
                                assert!(cursor.len() <= cap);
                            }
                            assert_eq!(last, [ITEMS; 2]);
                        });
                    })
                })
                .collect();
            let producers = [(0, pusher.clone()), (1, pusher)].map(|(producer, pusher)| {
                thread::spawn(move || {
                    block_on(async {
                        for n in 1..=ITEMS {
                            match n % 3 {
                                0 => pusher.push((producer, n)).await.unwrap(),
                                1 => pusher.reserve().await.unwrap().push((producer, n)).unwrap(),
                                _ => {
                                    let mut permits = pusher.reserve_many(cap).await.unwrap();
                                    permits.next().unwrap().push((producer, n)).unwrap();
                                }
                            }
                        }
                    });
                })
            });
            producers.into_iter().for_each(|producer| producer.join().unwrap());
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        }
    }
}

#[test]
fn takers_and_late_cursors_on_threads_lose_nothing() {
    let (pusher, cursor) = bounded(4);
    let takers = vec![cursor.share(); 3];
    let takers: Vec<_> = takers
        .into_iter()
        .map(|mut taker| {
            thread::spawn(move || {
                block_on(async {
                    let mut count = 0;
                    while taker.next().await.is_some() {
                        count += 1;
                    }
                    count
                })
            })
        })
        .collect();
    let churn = {
        let pusher = pusher.downgrade();
        thread::spawn(move || {
            while let Some(pusher) = pusher.upgrade() {
                let mut late = pusher.subscribe();
                drop(pusher);
                let fork = late.fork();
                let _ = late.try_next();
                drop((fork, late));
                thread::yield_now();
            }
        })
    };
    let pushed = block_on(pusher.push_all(0..ITEMS)).unwrap();
    drop(pusher);
    let taken: usize = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
    churn.join().unwrap();
    assert_eq!((pushed, taken), (ITEMS, ITEMS));
}
