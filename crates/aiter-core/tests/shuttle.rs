//! Tests with three threads or more in random interleavings. Blocks have two slots here.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --release -p aiter-core --test shuttle`
#![cfg(shuttle)]

use core::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_core::{Cursor, Pusher, push_list, task::PollLock};
use futures_core::Stream;
use shuttle::{
    future::block_on,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

/// Runs `story` with `AITER_SHUTTLE_SCHEDULES` random schedules, 3000 by default.
fn model(story: impl Fn() + Send + Sync + 'static) {
    let iterations = std::env::var("AITER_SHUTTLE_SCHEDULES")
        .map_or(3000, |n| n.parse().expect("AITER_SHUTTLE_SCHEDULES is a number"));
    shuttle::check_random(story, iterations);
}

#[derive(Debug)]
struct Counted(u32, Arc<AtomicUsize>);

impl Counted {
    fn new(value: u32, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, SeqCst);
        Self(value, alive.clone())
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(self.0, &self.1)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, SeqCst);
    }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

fn poll_once<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

fn read_all<S: Stream + Unpin>(mut stream: S) -> Vec<S::Item> {
    block_on(async {
        let mut items = Vec::new();
        while let Some(item) = next(&mut stream).await {
            items.push(item);
        }
        items
    })
}

/// Pushes `count` items of `producer`. The hundreds of an item are the producer's number.
fn spawn_push(pusher: Pusher<u32>, producer: u32, count: u32) -> thread::JoinHandle<()> {
    thread::spawn(move || (0..count).for_each(|n| pusher.push(producer * 100 + n).unwrap()))
}

fn assert_in_order(items: &[u32], producers: core::ops::Range<u32>, count: u32) {
    let mut by_producer = std::collections::BTreeMap::<u32, Vec<u32>>::new();
    for &item in items {
        by_producer.entry(item / 100).or_default().push(item % 100);
    }
    assert!(by_producer.keys().copied().eq(producers), "{items:?}");
    assert!(by_producer.values().all(|items| items.iter().copied().eq(0..count)), "{items:?}");
}

#[test]
fn three_producers_two_forks_read_same_order() {
    model(|| {
        let (pusher, cursor) = push_list();
        let fork = cursor.fork();
        let producers: Vec<_> = (0..3).map(|p| spawn_push(pusher.clone(), p, 3)).collect();
        drop(pusher);
        let other = thread::spawn(move || read_all(fork));
        let items = read_all(cursor);
        assert_in_order(&items, 0..3, 3);
        assert_eq!(items, other.join().unwrap());
        producers.into_iter().for_each(|p| p.join().unwrap());
    });
}

#[test]
fn three_takers_two_producers_read_all_items() {
    model(|| {
        let (pusher, cursor) = push_list();
        let taker = cursor.share();
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let taker = taker.clone();
                thread::spawn(move || read_all(taker))
            })
            .collect();
        drop(taker);
        let producers: Vec<_> = (0..2).map(|p| spawn_push(pusher.clone(), p, 4)).collect();
        drop(pusher);
        producers.into_iter().for_each(|p| p.join().unwrap());
        let mut items = Vec::new();
        for taker in takers {
            let taken = taker.join().unwrap();
            for producer in 0..2 {
                assert!(taken.iter().filter(|&&item| item / 100 == producer).is_sorted());
            }
            items.extend(taken);
        }
        items.sort_unstable();
        assert_in_order(&items, 0..2, 4);
    });
}

#[test]
fn takers_dropped_pass_wake_up_on() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut dropped = cursor.share();
        let mut dropped_too = dropped.clone();
        let mut kept = dropped.clone();
        assert!(poll_once(&mut dropped).is_pending());
        assert!(poll_once(&mut dropped_too).is_pending());
        let reader = thread::spawn(move || block_on(next(&mut kept)));
        let producer = spawn_push(pusher.clone(), 0, 1);
        let dropper = thread::spawn(move || drop(dropped));
        drop(dropped_too);
        assert_eq!(reader.join().unwrap(), Some(0));
        producer.join().unwrap();
        dropper.join().unwrap();
    });
}

#[test]
fn takers_of_two_items_both_read() {
    // One taker reads without a wake-up while another waits. Both must receive an item.
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        let first = spawn_push(pusher.clone(), 0, 1);
        let second = spawn_push(pusher.clone(), 1, 1);
        let waiter = thread::spawn(move || block_on(next(&mut two)).unwrap());
        let mut items = vec![block_on(next(&mut one)).unwrap(), waiter.join().unwrap()];
        items.sort_unstable();
        assert_eq!(items, [0, 100]);
        first.join().unwrap();
        second.join().unwrap();
    });
}

#[test]
fn takers_at_gate_lose_no_wake_up() {
    // Three takers meet two items. The item for the third taker is pushed later.
    model(|| {
        let (pusher, cursor) = push_list();
        pusher.push_all([0, 1]).unwrap();
        let taker = cursor.share();
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let mut taker = taker.clone();
                thread::spawn(move || block_on(next(&mut taker)).unwrap())
            })
            .collect();
        drop(taker);
        pusher.push(2).unwrap();
        let mut items: Vec<_> = takers.into_iter().map(|taker| taker.join().unwrap()).collect();
        items.sort_unstable();
        assert_eq!(items, [0, 1, 2]);
    });
}

#[test]
fn takers_end_after_last_item() {
    model(|| {
        let (pusher, cursor) = push_list();
        let taker = cursor.share();
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let taker = taker.clone();
                thread::spawn(move || read_all(taker))
            })
            .collect();
        drop(taker);
        let other = pusher.clone();
        let producer = thread::spawn(move || other.push(1).is_ok());
        pusher.stop();
        let items: Vec<u32> = takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect();
        assert_eq!(items.len(), usize::from(producer.join().unwrap()));
    });
}

#[test]
fn stop_beside_pushes_ends_all_cursors() {
    model(|| {
        let (pusher, cursor) = push_list();
        let fork = cursor.fork();
        let producers: Vec<_> = (0..2)
            .map(|p| {
                let pusher = pusher.clone();
                thread::spawn(move || (0..3).map_while(|n| pusher.push(p * 100 + n).ok()).count())
            })
            .collect();
        let other = thread::spawn(move || read_all(fork));
        let stopper = thread::spawn(move || pusher.stop());
        let items = read_all(cursor);
        let pushed: usize = producers.into_iter().map(|p| p.join().unwrap()).sum();
        assert_eq!(items.len(), pushed);
        assert_eq!(items, other.join().unwrap());
        stopper.join().unwrap();
    });
}

#[test]
fn cursors_beside_pushes_drop_items_once() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        let producers: Vec<_> = (0..2)
            .map(|p| {
                let (pusher, alive) = (pusher.clone(), alive.clone());
                thread::spawn(move || {
                    for n in 0..4 {
                        let _ = pusher.push(Counted::new(p * 100 + n, &alive));
                    }
                })
            })
            .collect();
        let subscriber = {
            let pusher = pusher.clone();
            thread::spawn(move || {
                let mut late = pusher.subscribe();
                drop(pusher);
                let one = late.try_next().ok();
                let fork = late.fork();
                drop(late);
                drop(one);
                drop(read_all(fork));
            })
        };
        drop(pusher);
        let mut fork = cursor.fork();
        let forker = thread::spawn(move || {
            let _ = fork.try_next();
            let _ = poll_once(&mut fork);
            let again = fork.fork();
            drop(fork);
            drop(read_all(again));
        });
        drop(cursor);
        producers.into_iter().for_each(|p| p.join().unwrap());
        subscriber.join().unwrap();
        forker.join().unwrap();
        assert_eq!(alive.load(SeqCst), 0);
    });
}

#[test]
fn readers_at_three_speeds_reuse_blocks() {
    fn read_slowly(mut cursor: Cursor<Counted>) -> Vec<u32> {
        let mut items = Vec::new();
        while let Some(item) = block_on(next(&mut cursor)) {
            thread::yield_now();
            items.push(item.0);
        }
        items
    }
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (mut pusher, cursor) = push_list();
        let slow = cursor.fork();
        let slow = thread::spawn(move || read_slowly(slow));
        let mut dropped = cursor.fork();
        let dropped = thread::spawn(move || {
            let _ = dropped.try_next();
            let _ = poll_once(&mut dropped);
            let _ = dropped.try_next();
        });
        let counter = alive.clone();
        let producer = thread::spawn(move || {
            let mut unique = pusher.unique().unwrap();
            unique.push_all((0..5).map(|n| Counted::new(n, &counter))).unwrap();
            unique.push(Counted::new(5, &counter)).unwrap();
        });
        let fast: Vec<_> = read_all(cursor).iter().map(|item| item.0).collect();
        assert_eq!(fast, [0, 1, 2, 3, 4, 5]);
        assert_eq!(slow.join().unwrap(), fast);
        dropped.join().unwrap();
        producer.join().unwrap();
        assert_eq!(alive.load(SeqCst), 0);
    });
}

/// Three tasks or more that share a `PollLock`.
mod poll_lock {
    use super::*;

    /// Number of items that the source yields, and whether it ends then.
    #[derive(Default)]
    struct SourceState {
        sent: u32,
        over: bool,
        waker: Option<Waker>,
    }

    #[derive(Clone, Default)]
    struct SourceHandle(Arc<Mutex<SourceState>>);

    impl SourceHandle {
        /// Adds items, and ends the source if `over`, with one wake-up.
        fn send(&self, items: u32, over: bool) {
            let mut state = self.0.lock().unwrap();
            state.sent += items;
            state.over |= over;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// The value of the lock. It yields 0, 1, 2, ... and keeps the yielded items.
    struct Source {
        handle: SourceHandle,
        yielded: Vec<u32>,
    }

    impl Source {
        fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            let mut state = self.handle.0.lock().unwrap();
            let item = self.yielded.len() as u32;
            if item < state.sent {
                self.yielded.push(item);
                return Poll::Ready(Some(item));
            }
            if state.over {
                return Poll::Ready(None);
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        }
    }

    fn new_lock() -> (SourceHandle, PollLock<Source>) {
        let handle = SourceHandle::default();
        (handle.clone(), PollLock::new(Source { handle, yielded: Vec::new() }))
    }

    /// A task that takes items for itself, like `sharable`.
    struct Taker(PollLock<Source>);

    impl Stream for Taker {
        type Item = u32;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            self.0.poll_locked(cx, |mut source, cx| source.poll(cx))
        }
    }

    /// A task that sees every item, like `forker`. It reads items of other turns without a turn.
    struct Reader(PollLock<Source>, usize);

    impl Stream for Reader {
        type Item = u32;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            let Self(lock, position) = &mut *self;
            let ready = lock.try_read(|source| source.yielded.get(*position).copied());
            let polled = match ready.flatten() {
                Some(item) => Poll::Ready(Some(item)),
                None => {
                    lock.poll_locked(cx, |mut source, cx| match source.yielded.get(*position) {
                        Some(&item) => Poll::Ready(Some(item)),
                        None => source.poll(cx),
                    })
                }
            };
            let polled = match polled {
                Poll::Pending => {
                    let read = lock.poll_read(cx, |source| source.yielded.get(*position).copied());
                    match read {
                        Poll::Ready(Some(item)) => Poll::Ready(Some(item)),
                        _ => Poll::Pending,
                    }
                }
                ready => ready,
            };
            *position += usize::from(matches!(polled, Poll::Ready(Some(_))));
            polled
        }
    }

    /// Reads `stream` to the end on a new thread.
    fn spawn_reader(
        stream: impl Stream<Item = u32> + Unpin + Send + 'static,
    ) -> thread::JoinHandle<Vec<u32>> {
        thread::spawn(move || read_all(stream))
    }

    #[test]
    fn three_takers_take_each_item_once() {
        model(|| {
            let (handle, lock) = new_lock();
            let takers = [0; 3].map(|_| spawn_reader(Taker(lock.clone())));
            drop(lock);
            handle.send(1, false);
            handle.send(2, false);
            handle.send(2, true);
            let mut items = Vec::new();
            for taker in takers {
                let taken = taker.join().unwrap();
                assert!(taken.is_sorted(), "{taken:?}");
                items.extend(taken);
            }
            items.sort_unstable();
            assert_eq!(items, [0, 1, 2, 3, 4]);
        });
    }

    #[test]
    fn three_readers_read_every_item() {
        model(|| {
            let (handle, lock) = new_lock();
            let readers = [0; 3].map(|_| spawn_reader(Reader(lock.clone(), 0)));
            drop(lock);
            handle.send(1, false);
            handle.send(2, false);
            handle.send(1, true);
            for reader in readers {
                assert_eq!(reader.join().unwrap(), [0, 1, 2, 3]);
            }
        });
    }

    /// The first waiter is dropped while it is woken for two items. The other tasks receive them,
    /// without an end that would wake all tasks.
    #[test]
    fn woken_taker_dropped_wakes_others() {
        model(|| {
            let (handle, lock) = new_lock();
            let mut dropped = Taker(lock.clone());
            assert!(poll_once(&mut dropped).is_pending());
            let takers = [0; 2].map(|_| {
                let mut taker = Taker(lock.clone());
                thread::spawn(move || {
                    let item = block_on(next(&mut taker));
                    (taker, item)
                })
            });
            drop(lock);
            let dropper = thread::spawn(move || drop(dropped));
            handle.send(2, false);
            let taken = takers.map(|taker| taker.join().unwrap());
            let mut items = taken.each_ref().map(|(_, item)| item.unwrap());
            items.sort_unstable();
            assert_eq!(items, [0, 1]);
            dropper.join().unwrap();
        });
    }

    /// The first waiter is dropped while it is woken for two items. Two readers receive both items.
    #[test]
    fn woken_reader_dropped_wakes_others() {
        model(|| {
            let (handle, lock) = new_lock();
            let mut dropped = Reader(lock.clone(), 0);
            assert!(poll_once(&mut dropped).is_pending());
            let readers = [0; 2].map(|_| {
                let mut reader = Reader(lock.clone(), 0);
                thread::spawn(move || {
                    let items =
                        block_on(async { [next(&mut reader).await, next(&mut reader).await] });
                    (reader, items)
                })
            });
            drop(lock);
            let dropper = thread::spawn(move || drop(dropped));
            handle.send(2, false);
            for reader in readers {
                assert_eq!(reader.join().unwrap().1, [Some(0), Some(1)]);
            }
            dropper.join().unwrap();
        });
    }
}
