//! Producers and readers on threads.

use std::thread;

use futures_executor::block_on;

use aiter_adapters::bounded_by;

const ITEMS: usize = if cfg!(miri) { 12 } else { 3000 };

#[test]
fn streams_on_threads_are_lossless() {
    let caps: &[usize] = if cfg!(miri) { &[3, 57] } else { &[1, 3, 16, 57, 1024] };
    for &cap in caps {
        for readers in [1, 3] {
            let weigh = |item: &(usize, usize)| item.1 * 7919 % 40;
            let (pusher, cursor) = bounded_by(cap, weigh);
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
                            let item = (producer, n);
                            if n % 3 == 0 {
                                pusher.reserve(40).await.unwrap().push(item).unwrap();
                            } else {
                                pusher.push(item).await.unwrap();
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
fn late_forks_on_threads_lose_nothing() {
    let (pusher, cursor) = bounded_by(20, |item: &usize| *item % 30);
    let mut fork = cursor.fork();
    let takers = vec![cursor.share(); 2];
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
    let seeker = thread::spawn(move || {
        while !fork.is_drained() {
            let mut late = fork.fork();
            late.seek_to_end();
            let mut last = late.try_next().ok();
            while let Ok(item) = late.try_next() {
                assert!(last.replace(item).is_none_or(|last| last < item));
            }
            fork = late;
            thread::yield_now();
        }
    });
    block_on(async {
        for n in 0..ITEMS {
            pusher.push(n).await.unwrap();
        }
    });
    let other = pusher.clone();
    pusher.stop();
    let taken: usize = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
    seeker.join().unwrap();
    assert_eq!((taken, other.used()), (ITEMS, 0));
}
