//! Stories of the list: pushers, cursors, shared cursors and their wake-ups.

use aiter_core::{
    Cursor, PushError, Pusher, SharedCursor, TryNextError, push_list, task::no_wake_list,
};
use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::*;
use core::future::Future;

/// An item that counts the live items, clones included. Relaxed, so that the count orders nothing.
#[derive(Debug)]
struct Counted(u32, Arc<AtomicUsize>);

impl Counted {
    fn new(value: u32, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Relaxed);
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
        // A clone made after the drop has a wrong value.
        self.0 = u32::MAX;
        self.1.fetch_sub(1, Relaxed);
    }
}

/// Takes all ready items.
fn drain<T>(cursor: &mut Cursor<T>) -> Vec<T> {
    core::iter::from_fn(|| cursor.try_next().ok()).collect()
}

/// Whether `items` contains each number of `range` once, in ascending order.
fn ascending(items: &[u32], range: core::ops::RangeInclusive<u32>) -> bool {
    let inside: Vec<_> = items.iter().copied().filter(|n| range.contains(n)).collect();
    inside.is_sorted() && inside.len() == range.count()
}

/// Pushes on another thread, and returns the pusher. If the thread dropped the pusher, the list
/// would stop, and the stop would hide a lost wake-up.
fn spawn_push(
    pusher: Pusher<u32>,
    items: core::ops::RangeInclusive<u32>,
) -> thread::JoinHandle<Pusher<u32>> {
    thread::spawn(move || {
        items.for_each(|n| pusher.push(n).unwrap());
        pusher
    })
}

/// Reads `count` items. Waits if no item is ready.
fn read<S: Stream + Unpin>(stream: &mut S, count: usize) -> Vec<S::Item> {
    block_on(async {
        let mut items = Vec::new();
        while items.len() < count {
            items.push(next(stream).await.unwrap());
        }
        items
    })
}

#[test]
fn two_pushes_in_one_block_publish_both() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let other = spawn_push(pusher.clone(), 11..=11);
        pusher.push(21).unwrap();
        other.join().unwrap();
        assert!(cursor.is_item_available());
        let items = drain(&mut cursor);
        assert!(ascending(&items, 11..=11) && ascending(&items, 21..=21), "{items:?}");
    });
}

#[test]
fn two_pushers_across_block_edge_keep_order() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.push(1).unwrap();
        let other = spawn_push(pusher.clone(), 11..=12);
        pusher.push(21).unwrap();
        other.join().unwrap();
        assert_eq!(cursor.len(), 4);
        let items = drain(&mut cursor);
        assert!(items[0] == 1 && ascending(&items, 11..=12) && ascending(&items, 21..=21));
    });
}

#[test]
fn two_push_all_across_blocks_keep_order() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let other = pusher.clone();
        let other = thread::spawn(move || other.push_all(11..=13).unwrap());
        pusher.push_all(21..=22).unwrap();
        other.join().unwrap();
        let items = drain(&mut cursor);
        assert!(ascending(&items, 11..=13) && ascending(&items, 21..=22), "{items:?}");
    });
}

#[test]
fn stop_during_push_keeps_accepted_items() {
    model(|| {
        let (pusher, cursor) = push_list();
        let other = pusher.clone();
        let pushed = thread::spawn(move || {
            (1..=2).take_while(|&n| other.push(n).is_ok()).collect::<Vec<u32>>()
        });
        pusher.stop();
        assert_eq!(pusher.push(9), Err(PushError::Stopped(9)));
        let read = read_all(cursor);
        assert_eq!(read, pushed.join().unwrap());
    });
}

#[test]
fn push_wakes_waiting_cursor() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let producer = spawn_push(pusher, 1..=1);
        assert_eq!(read(&mut cursor, 1), [1]);
        drop(producer.join().unwrap());
        assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    });
}

#[test]
fn push_across_block_edge_wakes_cursor() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let producer = spawn_push(pusher, 1..=3);
        assert_eq!(read(&mut cursor, 3), [1, 2, 3]);
        producer.join().unwrap();
    });
}

#[test]
fn two_pushes_wake_waiting_cursor() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let other = spawn_push(pusher.clone(), 11..=11);
        let third = spawn_push(pusher, 21..=21);
        read(&mut cursor, 2);
        other.join().unwrap();
        third.join().unwrap();
    });
}

#[test]
fn unique_push_wakes_waiting_cursor() {
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        let producer = thread::spawn(move || {
            let mut unique = pusher.unique().unwrap();
            unique.push(1).unwrap();
            unique.push_all([2, 3]).unwrap();
            pusher
        });
        assert_eq!(read(&mut cursor, 3), [1, 2, 3]);
        producer.join().unwrap();
    });
}

#[test]
fn unique_after_pusher_drop_keeps_order() {
    // A std atomic, because it counts over all interleavings.
    static UNIQUE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        let second = pusher.clone();
        let other = thread::spawn(move || (11..=12).for_each(|n| second.push(n).unwrap()));
        match pusher.unique() {
            Some(mut unique) => {
                UNIQUE.fetch_add(1, Relaxed);
                unique.push(21).unwrap();
            }
            None => pusher.push(21).unwrap(),
        }
        other.join().unwrap();
        let items = drain(&mut cursor);
        assert!(ascending(&items, 11..=12) && ascending(&items, 21..=21), "{items:?}");
    });
    assert!(UNIQUE.load(Relaxed) > 0, "some interleaving must drop the other pusher first");
}

/// The reader finds the tail's block only through the tail word.
#[test]
fn unique_push_ahead_of_reader_keeps_order() {
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        let producer = thread::spawn(move || {
            let mut unique = pusher.unique().unwrap();
            (1..=4).for_each(|n| unique.push(n).unwrap());
            pusher
        });
        let mut items = drain(&mut cursor);
        producer.join().unwrap();
        items.extend(drain(&mut cursor));
        assert_eq!(items, [1, 2, 3, 4]);
    });
}

#[test]
fn unique_during_upgrade_loses_no_item() {
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        let weak = pusher.downgrade();
        let other = thread::spawn(move || {
            let pusher = weak.upgrade();
            drop(weak);
            pusher.map(|pusher| pusher.push(11).unwrap()).is_some()
        });
        match pusher.unique() {
            Some(mut unique) => unique.push(21).unwrap(),
            None => pusher.push(21).unwrap(),
        }
        assert!(other.join().unwrap());
        let mut items = drain(&mut cursor);
        items.sort_unstable();
        assert_eq!(items, [11, 21]);
    });
}

#[test]
fn unique_during_downgrade_loses_no_item() {
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        let second = pusher.clone();
        let other = thread::spawn(move || {
            let weak = second.downgrade();
            drop(second);
            weak.upgrade().map(|pusher| pusher.push(11).unwrap()).is_some()
        });
        match pusher.unique() {
            Some(mut unique) => unique.push(21).unwrap(),
            None => pusher.push(21).unwrap(),
        }
        assert!(other.join().unwrap());
        let mut items = drain(&mut cursor);
        items.sort_unstable();
        assert_eq!(items, [11, 21]);
    });
}

/// A cursor that polls sees the items of a push without wake-up, also in the next block.
#[test]
fn no_wake_push_is_seen_by_fork() {
    model(|| {
        let (mut pusher, mut cursor) = no_wake_list();
        let mut other = cursor.fork();
        let producer = thread::spawn(move || {
            for n in 1..=3 {
                pusher.push_with_hint(&cursor, n).unwrap();
                assert_eq!(cursor.next_ready(), Some(n));
            }
        });
        let mut items = Vec::new();
        while items.len() < 3 {
            items.extend(other.next_ready());
            thread::yield_now();
        }
        assert_eq!(items, [1, 2, 3]);
        producer.join().unwrap();
    });
}

/// Cursors are made and dropped during pushes without wake-up. No count of a block is lost, so no
/// block is kept.
#[test]
fn no_wake_push_during_forks_frees_blocks() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (mut pusher, mut cursor) = no_wake_list();
        let other = cursor.fork();
        let forks = thread::spawn(move || {
            let third = other.fork();
            drop(other);
            third
        });
        for n in 1..=3 {
            pusher.push_with_hint(&cursor, Counted::new(n, &alive)).unwrap();
            assert!(cursor.next_ready().is_some());
        }
        drop(forks.join().unwrap());
        // The cursor releases the block that it has read.
        assert!(cursor.next_ready().is_none());
        // Only the items of the last block may be left.
        let slots = if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 };
        assert!(alive.load(Relaxed) <= 3 % slots);
    });
}

#[test]
fn last_pusher_drop_wakes_cursor() {
    model(|| {
        let (pusher, mut cursor) = push_list::<u32>();
        let producer = thread::spawn(move || drop(pusher));
        assert_eq!(block_on(next(&mut cursor)), None);
        producer.join().unwrap();
    });
}

/// The writes of each thread before its pusher's drop happen before a cursor sees the end.
#[test]
fn end_synchronizes_with_all_pusher_drops() {
    model(|| {
        let (pusher, mut cursor) = push_list::<u32>();
        let done = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        for (at, pusher) in [pusher.clone(), pusher].into_iter().enumerate() {
            let done = done.clone();
            thread::spawn(move || {
                done[at].store(1, Relaxed);
                drop(pusher);
            });
        }
        assert_eq!(block_on(next(&mut cursor)), None);
        assert_eq!([0, 1].map(|at| done[at].load(Relaxed)), [1, 1]);
    });
}

/// The producer synchronizes only with the drop of a cursor that has seen the stop.
#[test]
fn push_after_end_and_cursor_drop_is_stopped() {
    model(|| {
        let (pusher, cursor) = push_list();
        let stops = pusher.clone();
        let stops = thread::spawn(move || stops.stop());
        let reads = thread::spawn(move || read_all(cursor));
        let refused = pusher.push(1);
        assert!(!matches!(refused, Err(PushError::NoCursor(_))), "{refused:?}");
        stops.join().unwrap();
        assert_eq!(reads.join().unwrap().len(), usize::from(refused.is_ok()));
    });
}

#[test]
fn push_during_cursor_drop_frees_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let reader = thread::spawn(move || drop(cursor));
        for n in 1..=2 {
            let _ = pusher.push(Counted::new(n, &alive));
        }
        reader.join().unwrap();
        let refused = pusher.push(Counted::new(3, &alive)).unwrap_err();
        assert!(matches!(refused, PushError::NoCursor(Counted(3, _))));
        drop(refused);
        drop(pusher);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// The pusher stays alive, so either the push or the cursor's drop has to drop the item.
#[test]
fn push_during_last_cursor_drop_drops_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let reader = thread::spawn(move || drop(cursor));
        for n in 1..=2 {
            let _ = pusher.push(Counted::new(n, &alive));
        }
        reader.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn two_pushes_during_cursor_drop_drop_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        let (other, counter) = (pusher.clone(), alive.clone());
        let producer = thread::spawn(move || {
            let _ = other.push(Counted::new(1, &counter));
            other
        });
        let (third, counter) = (pusher.clone(), alive.clone());
        let second = thread::spawn(move || {
            let _ = third.push(Counted::new(2, &counter));
            third
        });
        drop(cursor);
        let _kept = (producer.join().unwrap(), second.join().unwrap());
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn push_all_during_cursor_drop_drops_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        let reader = thread::spawn(move || drop(cursor));
        let items: Vec<_> = (0..3).map(|n| Counted::new(n, &alive)).collect();
        drop(pusher.push_all(items));
        reader.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn unique_push_during_cursor_drop_drops_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (mut pusher, cursor) = push_list();
        let reader = thread::spawn(move || drop(cursor));
        let mut unique = pusher.unique().unwrap();
        for n in 0..3 {
            let _ = unique.push(Counted::new(n, &alive));
        }
        reader.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// `try_push` drops no item. The next refused push drops the item that it left.
#[test]
fn try_push_during_cursor_drop_defers_drop() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        pusher.reserve(2);
        let (handler, counter) = (pusher.clone(), alive.clone());
        let handler = thread::spawn(move || {
            for n in 0..2 {
                let _ = handler.try_push(Counted::new(n, &counter));
            }
            handler
        });
        drop(cursor);
        let _kept = handler.join().unwrap();
        let refused = pusher.push(Counted::new(3, &alive)).unwrap_err();
        assert_eq!(alive.load(Relaxed), 1);
        drop(refused);
    });
}

/// The refused push finds the item of `try_push` only through the list's flag.
#[test]
fn refused_push_drops_item_of_try_push() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        pusher.reserve(2);
        let going = thread::spawn(move || drop(cursor));
        let (handler, counter) = (pusher.clone(), alive.clone());
        let handler = thread::spawn(move || {
            let _ = handler.try_push(Counted::new(1, &counter));
            handler
        });
        drop(pusher.push(Counted::new(2, &alive)));
        going.join().unwrap();
        let _kept = handler.join().unwrap();
        drop(pusher.push(Counted::new(3, &alive)).unwrap_err());
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// The push publishes to an orphaned block before, while or after a subscriber adopts it.
#[test]
fn push_between_cursors_is_read_or_dropped() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        let (other, counter) = (pusher.clone(), alive.clone());
        let producer = thread::spawn(move || {
            let _ = other.push(Counted::new(1, &counter));
            other
        });
        let late = pusher.clone();
        let late = thread::spawn(move || late.subscribe());
        drop(cursor);
        let (mut late, _kept) = (late.join().unwrap(), producer.join().unwrap());
        assert!(drain(&mut late).len() <= 1);
        assert_eq!(alive.load(Relaxed), 0, "the subscriber must have read or skipped the item");
        pusher.push(Counted::new(2, &alive)).unwrap();
        assert_eq!(drain(&mut late).len(), 1);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn push_while_two_cursors_drop_drops_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        let (other, counter) = (pusher.clone(), alive.clone());
        let producer = thread::spawn(move || {
            let _ = other.push(Counted::new(1, &counter));
            other
        });
        let going = thread::spawn(move || drop(cursor));
        drop(pusher.subscribe());
        going.join().unwrap();
        let _kept = producer.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn push_during_read_and_drop_frees_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let reader = thread::spawn(move || {
            let _ = cursor.try_next();
        });
        for n in 1..=3 {
            let _ = pusher.push(Counted::new(n, &alive));
        }
        reader.join().unwrap();
        drop(pusher);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn push_during_pusher_drop_frees_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let other = pusher.clone();
        let item = Counted::new(1, &alive);
        let producer = thread::spawn(move || drop(other.push(item)));
        drop(pusher);
        let _ = cursor.try_next();
        drop(cursor);
        producer.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn fork_during_push_reads_all_items() {
    model(|| {
        let (pusher, cursor) = push_list();
        pusher.push(0).unwrap();
        let producer = spawn_push(pusher, 1..=2);
        let mut fork = cursor.fork();
        assert_eq!(read(&mut { cursor }, 3), [0, 1, 2]);
        assert_eq!(read(&mut fork, 3), [0, 1, 2]);
        producer.join().unwrap();
    });
}

#[test]
fn two_cursors_across_blocks_read_all_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        for n in 0..4 {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let mut fork = cursor.fork();
        let other = thread::spawn(move || drain(&mut fork).iter().map(|c| c.0).collect::<Vec<_>>());
        assert!(drain(&mut cursor).iter().map(|c| c.0).eq(0..4));
        assert_eq!(other.join().unwrap(), [0, 1, 2, 3]);
        drop((cursor, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn fork_drop_during_read_keeps_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        for n in 0..3 {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let mut fork = cursor.fork();
        fork.try_next().unwrap();
        let other = thread::spawn(move || drop(fork));
        assert!(drain(&mut cursor).iter().map(|c| c.0).eq(0..3));
        other.join().unwrap();
        drop((cursor, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// The fork takes all ready items, although the checker lends items one at a time.
#[test]
fn next_many_of_fork_takes_all_ready_items() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        let producer = thread::spawn(move || pusher.push_all(1..=3).map_err(drop).unwrap());
        let mut items = Vec::new();
        while block_on(cursor.next_many(&mut items, 2)) > 0 {}
        producer.join().unwrap();
        assert_eq!(items, [1, 2, 3]);
        let _kept = fork.fork();
        let mut items = Vec::new();
        assert_eq!(fork.try_next_many(&mut items, 10), 3);
        assert_eq!(items, [1, 2, 3]);
    });
}

#[test]
fn retired_blocks_reused_keep_order() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let counter = alive.clone();
        let producer = thread::spawn(move || {
            for n in 0..5 {
                pusher.push(Counted::new(n, &counter)).unwrap();
            }
        });
        let mut read: Vec<_> = drain(&mut cursor).iter().map(|c| c.0).collect();
        producer.join().unwrap();
        read.extend(drain(&mut cursor).iter().map(|c| c.0));
        assert_eq!(read, [0, 1, 2, 3, 4]);
        drop(cursor);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// A list with five blocks, of which the cursor has read four. One block is linked after the tail,
/// and two are in the free list. The cursor has not yet left the fourth block.
fn with_read_blocks() -> (Pusher<u32>, Cursor<u32>) {
    let (pusher, mut cursor) = push_list();
    let slots = if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 };
    for n in 0..4 * slots {
        pusher.push(n).unwrap();
    }
    assert_eq!(read(&mut cursor, 4 * slots as usize), Vec::from_iter(0..4 * slots));
    // The fifth block has one free slot.
    pusher.push(100).unwrap();
    for n in 2..slots {
        pusher.push(99 + n).unwrap();
    }
    (pusher, cursor)
}

/// Like `with_read_blocks`, but the block that was linked after the tail has only one free slot.
/// The next push takes a block of the free list.
fn before_read_block_is_taken() -> (Pusher<u32>, Cursor<u32>) {
    let (pusher, cursor) = with_read_blocks();
    let slots = if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 };
    (0..slots).for_each(|n| pusher.push(110 + n).unwrap());
    (pusher, cursor)
}

/// A producer takes a block of the free list while a reader adds one.
#[test]
fn free_list_push_during_pop_loses_no_item() {
    model(|| {
        let (pusher, mut cursor) = before_read_block_is_taken();
        let count = cursor.len() + 2;
        let other = spawn_push(pusher.clone(), 201..=202);
        // The cursor leaves a block.
        let mut items = vec![cursor.try_next().unwrap()];
        other.join().unwrap();
        items.extend(drain(&mut cursor));
        assert_eq!(items.len(), count);
        assert!(ascending(&items, 201..=202), "{items:?}");
    });
}

/// A producer takes a block of the free list while a reader empties the list.
#[test]
fn free_list_clear_during_pop_loses_no_item() {
    model(|| {
        let (pusher, mut cursor) = before_read_block_is_taken();
        let count = cursor.len();
        assert_eq!(read(&mut cursor, count).len(), count);
        let other = spawn_push(pusher.clone(), 201..=202);
        let mut items = drain(&mut cursor);
        other.join().unwrap();
        items.extend(drain(&mut cursor));
        assert_eq!(items, [201, 202]);
    });
}

/// Two producers take blocks of the free list. One producer may find only the rest that the other
/// puts back.
#[test]
fn two_free_list_pops_lose_no_item() {
    model(|| {
        let (pusher, mut cursor) = with_read_blocks();
        let count = cursor.len() + 6;
        let other = spawn_push(pusher.clone(), 201..=203);
        for n in 301..=303 {
            pusher.push(n).unwrap();
        }
        other.join().unwrap();
        let items = drain(&mut cursor);
        assert_eq!(items.len(), count);
        assert!(ascending(&items, 201..=203) && ascending(&items, 301..=303), "{items:?}");
    });
}

/// `try_push` completes the block that the last cursor orphaned. A later subscriber that finds no
/// item releases the block.
#[test]
fn try_push_hand_over_is_released_by_reader() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        pusher.reserve(10);
        let slots = if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 };
        for n in 1..slots {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let handler = {
            let (pusher, counter) = (pusher.clone(), alive.clone());
            thread::spawn(move || drop(pusher.try_push(Counted::new(0, &counter))))
        };
        drop(cursor);
        // The subscriber may enter the next block between the push's claim and its publication.
        let mut late = pusher.subscribe();
        handler.join().unwrap();
        while late.try_next().is_ok() {}
        assert_eq!(alive.load(Relaxed), 0, "no cursor reads these items");
    });
}

#[test]
fn two_pushers_with_reused_blocks_keep_order() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.push_all([1, 2, 3]).unwrap();
        let other = spawn_push(pusher.clone(), 11..=12);
        let mut items = drain(&mut cursor);
        pusher.push(21).unwrap();
        other.join().unwrap();
        items.extend(drain(&mut cursor));
        assert!(items.starts_with(&[1, 2, 3]) && ascending(&items, 11..=12), "{items:?}");
        assert!(ascending(&items, 21..=21));
    });
}

#[test]
fn claim_at_retiring_block_loses_no_item() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.push(1).unwrap();
        let other = spawn_push(pusher.clone(), 11..=11);
        pusher.push(21).unwrap();
        let mut items = drain(&mut cursor);
        other.join().unwrap();
        items.extend(drain(&mut cursor));
        items.sort_unstable();
        assert_eq!(items, [1, 11, 21]);
    });
}

#[test]
fn subscriber_at_retiring_block_reads_on() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.push(1).unwrap();
        let other = pusher.clone();
        let other = thread::spawn(move || other.subscribe());
        pusher.push(2).unwrap();
        assert_eq!(drain(&mut cursor), [1, 2]);
        let mut late = other.join().unwrap();
        pusher.push(3).unwrap();
        assert!([2, 3].ends_with(&drain(&mut late)));
        assert_eq!(drain(&mut cursor), [3]);
    });
}

#[test]
fn subscribe_during_push_reads_later_items() {
    model(|| {
        let (pusher, cursor) = push_list();
        pusher.push(0).unwrap();
        let producer = spawn_push(pusher.clone(), 1..=2);
        let late = pusher.subscribe();
        pusher.push(9).unwrap();
        drop((producer.join().unwrap(), pusher));
        let (all, late) = (read_all(cursor), read_all(late));
        assert!(all.ends_with(&late) && late.contains(&9) && all.len() == 4, "{all:?} {late:?}");
    });
}

#[test]
fn subscribe_during_read_reads_later_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        for n in 0..3 {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let reader = thread::spawn(move || {
            let items = drain(&mut cursor);
            (items.iter().map(|c| c.0).collect::<Vec<_>>(), cursor)
        });
        let mut late = pusher.subscribe();
        pusher.push(Counted::new(3, &alive)).unwrap();
        let (mut all, mut cursor) = reader.join().unwrap();
        all.extend(drain(&mut cursor).iter().map(|c| c.0));
        assert_eq!(all, [0, 1, 2, 3]);
        assert!(drain(&mut late).iter().map(|c| c.0).eq([3]));
        drop((cursor, late, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// An item that panics if it is cloned after its drop.
struct Tracked(u32, Arc<AtomicUsize>);

impl Clone for Tracked {
    fn clone(&self) -> Self {
        // A relaxed read-modify-write orders nothing, but loads the latest value.
        assert_eq!(self.1.fetch_add(0, Relaxed), 0, "cloned after it was dropped");
        Self(self.0, Arc::new(AtomicUsize::new(0)))
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.1.fetch_add(1, Relaxed);
    }
}

/// The claim of a block's last slot makes an earlier subscriber visible to the reader, so that the
/// reader clones the item.
#[test]
fn subscribe_before_push_at_edge_both_read() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let tracked = |n| Tracked(n, Arc::new(AtomicUsize::new(0)));
        pusher.push(tracked(1)).unwrap();
        assert!(cursor.try_next().is_ok());
        let other = pusher.clone();
        let subscriber = thread::spawn(move || other.subscribe());
        let second = tracked(2);
        let _outlives = second.1.clone();
        pusher.push(second).unwrap();
        assert!(cursor.try_next().is_ok_and(|item| item.0 == 2));
        let mut late = subscriber.join().unwrap();
        // If the subscriber entered before the push, this item is a clone.
        assert!(late.try_next().map_or(true, |item| item.0 == 2));
    });
}

#[test]
fn subscribe_during_last_cursor_drop_reads_on() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        for n in 0..3 {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let other = thread::spawn(move || drop(cursor));
        let mut late = pusher.subscribe();
        pusher.push(Counted::new(3, &alive)).unwrap();
        assert!(drain(&mut late).iter().map(|c| c.0).eq([3]));
        other.join().unwrap();
        drop((late, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn subscriber_reads_past_orphaned_block_end() {
    model(|| {
        let (pusher, cursor) = push_list();
        let other = thread::spawn(move || drop(cursor));
        let mut late = pusher.subscribe();
        other.join().unwrap();
        // With a fork behind it, the cursor clones.
        let behind = late.fork();
        for n in 0..4 {
            pusher.push(n).unwrap();
            assert_eq!(late.try_next(), Ok(n));
            assert_eq!(late.try_next(), Err(TryNextError::Empty));
        }
        drop(behind);
    });
}

#[test]
fn caught_up_taker_takes_later_item() {
    wide_model(|| {
        let (pusher, cursor) = push_list();
        pusher.push(1).unwrap();
        let mut taker = cursor.share();
        let mut other = taker.clone();
        assert_eq!(read(&mut taker, 1), [1]);
        let second = thread::spawn(move || (read(&mut other, 1), other));
        let producer = spawn_push(pusher, 2..=3);
        let mut items = read(&mut taker, 1);
        let (theirs, other) = second.join().unwrap();
        items.extend(theirs);
        items.sort_unstable();
        assert_eq!(items, [2, 3]);
        drop((producer.join().unwrap(), other));
    });
}

#[test]
fn push_and_subscribe_during_drop_free_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let (other, counter) = (pusher.clone(), alive.clone());
        let producer = thread::spawn(move || {
            for n in 1..=2 {
                let _ = other.push(Counted::new(n, &counter));
            }
        });
        drop(cursor);
        drop(pusher.subscribe());
        producer.join().unwrap();
        drop(pusher);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn try_push_within_reserve_never_fails() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(4);
        let other = pusher.clone();
        let other = thread::spawn(move || (11..=12).for_each(|n| other.try_push(n).unwrap()));
        (21..=22).for_each(|n| pusher.try_push(n).unwrap());
        other.join().unwrap();
        let items = drain(&mut cursor);
        assert!(ascending(&items, 11..=12) && ascending(&items, 21..=22), "{items:?}");
    });
}

#[test]
fn push_during_waker_change_wakes_new_waker() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let producer = spawn_push(pusher, 1..=1);
        // `block_on` replaces the first waker, and the push must call the new one.
        if poll_once(&mut cursor).is_pending() {
            assert_eq!(block_on(next(&mut cursor)), Some(1));
        }
        producer.join().unwrap();
    });
}

#[test]
fn waiter_drop_during_push_wakes_other_cursor() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        let _ = poll_once(&mut fork);
        let producer = spawn_push(pusher, 1..=1);
        drop(fork);
        assert_eq!(block_on(next(&mut cursor)), Some(1));
        producer.join().unwrap();
    });
}

/// A list with two cursors. The second one waits already, so its waiter has the first slot.
fn with_waiter() -> (Pusher<u32>, Cursor<u32>, Cursor<u32>) {
    let (pusher, cursor) = push_list();
    let mut first = cursor.fork();
    assert!(poll_once(&mut first).is_pending());
    (pusher, cursor, first)
}

#[test]
fn push_wakes_second_waiter() {
    model(|| {
        let (pusher, mut cursor, _first) = with_waiter();
        let producer = spawn_push(pusher, 1..=1);
        assert_eq!(block_on(next(&mut cursor)), Some(1));
        producer.join().unwrap();
    });
}

#[test]
fn last_pusher_drop_wakes_second_waiter() {
    model(|| {
        let (pusher, mut cursor, _first) = with_waiter();
        let producer = thread::spawn(move || drop(pusher));
        assert_eq!(block_on(next(&mut cursor)), None);
        producer.join().unwrap();
    });
}

#[test]
fn push_wakes_new_waker_of_second_waiter() {
    model(|| {
        let (pusher, mut cursor, _first) = with_waiter();
        let producer = spawn_push(pusher, 1..=1);
        if poll_once(&mut cursor).is_pending() {
            assert_eq!(block_on(next(&mut cursor)), Some(1));
        }
        producer.join().unwrap();
    });
}

#[test]
fn waiters_dropped_during_push_leak_nothing() {
    model(|| {
        let (pusher, mut cursor, first) = with_waiter();
        assert!(poll_once(&mut cursor).is_pending());
        let producer = thread::spawn(move || pusher.push(1).is_ok());
        drop(first);
        drop(cursor);
        producer.join().unwrap();
    });
}

#[test]
fn pusher_drop_during_waiter_drop_wakes_next() {
    model(|| {
        let (pusher, mut cursor, first) = with_waiter();
        let producer = thread::spawn(move || drop(pusher));
        let leaver = thread::spawn(move || drop(first));
        assert_eq!(block_on(next(&mut cursor)), None);
        producer.join().unwrap();
        leaver.join().unwrap();
    });
}

#[test]
fn push_during_waiter_drop_wakes_next() {
    model(|| {
        let (pusher, mut cursor, first) = with_waiter();
        let producer = spawn_push(pusher, 1..=1);
        let leaver = thread::spawn(move || drop(first));
        assert_eq!(block_on(next(&mut cursor)), Some(1));
        producer.join().unwrap();
        leaver.join().unwrap();
    });
}

#[test]
fn push_wakes_two_waiting_forks() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        let other = thread::spawn(move || assert_eq!(block_on(next(&mut fork)), Some(1)));
        let _ = poll_once(&mut cursor);
        pusher.push(1).unwrap();
        assert_eq!(block_on(next(&mut cursor)), Some(1));
        other.join().unwrap();
    });
}

#[test]
fn two_parked_forks_drop_read_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let mut fork = cursor.fork();
        let other = thread::spawn(move || {
            drop(fork.try_next().unwrap());
            assert!(poll_once(&mut fork).is_pending());
            fork
        });
        drop(cursor.try_next().unwrap());
        assert!(poll_once(&mut cursor).is_pending());
        let mut fork = other.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0, "two parked cursors must drop the item");
        pusher.push(Counted::new(1, &alive)).unwrap();
        assert_eq!(cursor.try_next().unwrap().0, 1);
        assert_eq!(fork.try_next().unwrap().0, 1);
        drop((cursor, fork, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// Two cursors read all items with `read`. Asserts that no read item is left.
fn assert_two_reads_leave_nothing(
    read: fn(&mut Cursor<Counted>) -> usize,
    pushed_before: u32,
    pushed_meanwhile: u32,
) {
    model(move || {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        for n in 0..pushed_before {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let mut fork = cursor.fork();
        let other = thread::spawn(move || {
            let read = read(&mut fork);
            (read, fork)
        });
        for n in 0..pushed_meanwhile {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        let by_cursor = read(&mut cursor);
        let (by_fork, mut fork) = other.join().unwrap();
        let all = (pushed_before + pushed_meanwhile) as usize;
        assert_eq!(by_cursor + read(&mut cursor), all);
        assert_eq!(by_fork + read(&mut fork), all);
        assert_eq!(alive.load(Relaxed), 0, "both cursors found no item");
        pusher.push(Counted::new(9, &alive)).unwrap();
        assert_eq!((read(&mut cursor), read(&mut fork)), (1, 1));
        assert_eq!(alive.load(Relaxed), 0, "both cursors found no item again");
    });
}

#[test]
fn try_next_of_two_cursors_drops_read_items() {
    assert_two_reads_leave_nothing(|cursor| drain(cursor).len(), 1, 0);
    assert_two_reads_leave_nothing(|cursor| drain(cursor).len(), 0, 1);
    assert_two_reads_leave_nothing(|cursor| drain(cursor).len(), 1, 1);
}

#[test]
fn try_next_many_of_two_cursors_drops_items() {
    fn read(cursor: &mut Cursor<Counted>) -> usize {
        let mut items = Vec::new();
        while cursor.try_next_many(&mut items, 2) > 0 {}
        items.len()
    }
    assert_two_reads_leave_nothing(read, 1, 0);
    assert_two_reads_leave_nothing(read, 1, 1);
}

/// A parked cursor reads on while the other cursor drops the items that both have read.
#[test]
fn parked_cursor_reads_on_while_items_drop() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        pusher.push(Counted::new(0, &alive)).unwrap();
        assert_eq!(drain(&mut fork).len(), 1);
        pusher.push(Counted::new(1, &alive)).unwrap();
        let other = thread::spawn(move || {
            assert!(drain(&mut fork).iter().map(|c| c.0).eq([1]));
            fork.fork()
        });
        assert!(drain(&mut cursor).iter().map(|c| c.0).eq([0, 1]));
        let mut late = other.join().unwrap();
        assert_eq!((drain(&mut cursor).len(), drain(&mut late).len()), (0, 0));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn cursor_parks_during_subscribe_drops_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let other = pusher.clone();
        let other = thread::spawn(move || {
            let mut late = other.subscribe();
            assert!(drain(&mut late).len() <= 1);
            late
        });
        assert_eq!(drain(&mut cursor).len(), 1);
        pusher.push(Counted::new(1, &alive)).unwrap();
        assert_eq!(drain(&mut fork).len(), 2);
        let mut late = other.join().unwrap();
        assert!(drain(&mut late).len() <= 1);
        assert_eq!(drain(&mut cursor).len(), 1);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn cursor_parks_while_taker_waits_drops_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let mut taker = cursor.fork().share();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let other = thread::spawn(move || {
            assert!(matches!(poll_once(&mut taker), Poll::Ready(Some(Counted(0, _)))));
            assert!(poll_once(&mut taker).is_pending());
            taker
        });
        assert_eq!(drain(&mut cursor).len(), 1);
        let _taker = other.join().unwrap();
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn cursor_parks_during_fork_drop_drops_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let fork = cursor.fork();
        let other = thread::spawn(move || drop(fork));
        drop(cursor.try_next().unwrap());
        assert!(poll_once(&mut cursor).is_pending());
        other.join().unwrap();
        drop((cursor, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn cursor_parks_during_waiter_fork_drops_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let mut fork = cursor.fork();
        drop(fork.try_next().unwrap());
        assert!(poll_once(&mut fork).is_pending());
        let other = thread::spawn(move || {
            drop(fork.fork());
            fork
        });
        drop(cursor.try_next().unwrap());
        assert!(poll_once(&mut cursor).is_pending());
        drop((other.join().unwrap(), cursor, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn reader_behind_waiters_keeps_its_items() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let mut behind = cursor.fork();
        let mut dropped = cursor.fork();
        drop(dropped.try_next().unwrap());
        assert!(poll_once(&mut dropped).is_pending());
        let other = thread::spawn(move || drop(dropped));
        drop(cursor.try_next().unwrap());
        assert!(poll_once(&mut cursor).is_pending());
        assert_eq!(behind.try_next().unwrap().0, 0);
        other.join().unwrap();
        drop((behind, cursor, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn takers_end_after_last_item() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let two = one.clone();
        let two = thread::spawn(move || read_all(two));
        let _ = poll_once(&mut one);
        pusher.push(1).unwrap();
        drop(pusher);
        let mut items = read_all(one);
        items.extend(two.join().unwrap());
        assert_eq!(items, [1]);
    });
}

fn spawn_taker(mut taker: SharedCursor<u32>) -> thread::JoinHandle<Option<u32>> {
    thread::spawn(move || block_on(next(&mut taker)))
}

#[test]
fn two_takers_take_one_item_each() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        pusher.push(1).unwrap();
        let two = spawn_taker(one.clone());
        pusher.push(2).unwrap();
        let mut taken = [block_on(next(&mut one)), two.join().unwrap()];
        taken.sort_unstable();
        assert_eq!(taken, [Some(1), Some(2)]);
    });
}

#[test]
fn takers_of_known_run_take_each_item_once() {
    model(|| {
        let (pusher, cursor) = push_list();
        pusher.push_all(1..=3).unwrap();
        let mut one = cursor.share();
        // The taker now knows that the second item is ready, and does not load its state again.
        let first = block_on(next(&mut one));
        let two = spawn_taker(one.clone());
        let mut taken = [first, block_on(next(&mut one)), two.join().unwrap()];
        taken.sort_unstable();
        assert_eq!(taken, [Some(1), Some(2), Some(3)]);
    });
}

#[test]
fn push_wakes_two_waiting_takers() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let two = spawn_taker(one.clone());
        let _ = poll_once(&mut one);
        pusher.push_all(1..=2).unwrap();
        let mut taken = [block_on(next(&mut one)), two.join().unwrap()];
        taken.sort_unstable();
        assert_eq!(taken, [Some(1), Some(2)]);
    });
}

#[test]
fn end_wakes_two_waiting_takers() {
    model(|| {
        let (pusher, cursor) = push_list::<u32>();
        let mut one = cursor.share();
        let two = spawn_taker(one.clone());
        let _ = poll_once(&mut one);
        drop(pusher);
        assert_eq!([block_on(next(&mut one)), two.join().unwrap()], [None, None]);
    });
}

#[test]
fn woken_taker_drop_wakes_next() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        // `one` registers first, so the push wakes it unless it was dropped.
        assert!(poll_once(&mut one).is_pending());
        let producer = spawn_push(pusher.clone(), 1..=1);
        let waits = thread::spawn(move || block_on(next(&mut two)));
        drop(one);
        assert_eq!(waits.join().unwrap(), Some(1));
        producer.join().unwrap();
    });
}

/// A taker waits, is woken, and is not polled again. Its handle stays alive.
#[test]
fn unpolled_taker_keeps_no_item() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        assert!(poll_once(&mut two).is_pending());
        let producer = spawn_push(pusher, 1..=2);
        assert_eq!(read(&mut one, 2), [1, 2]);
        producer.join().unwrap();
    });
}

/// A taker waits with a future of `next`, which is dropped while a push notifies.
#[test]
fn cancelled_taker_keeps_no_item() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        assert!(poll_once(&mut one).is_pending());
        let producer = spawn_push(pusher, 1..=1);
        let leaver = thread::spawn(move || {
            let mut cx = Context::from_waker(Waker::noop());
            let polled = Box::pin(two.next()).as_mut().poll(&mut cx);
            (two, polled.is_ready())
        });
        let (mut two, took) = leaver.join().unwrap();
        let _pusher = producer.join().unwrap();
        if took {
            assert!(poll_once(&mut one).is_pending());
        } else {
            // The handle can wait again.
            assert_eq!(block_on(next(&mut two)), Some(1));
        }
    });
}

/// The push may have notified the first taker before its drop.
#[test]
fn first_taker_drop_wakes_second_taker() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut one = cursor.share();
        let mut two = one.clone();
        assert!(poll_once(&mut one).is_pending());
        assert!(poll_once(&mut two).is_pending());
        let producer = spawn_push(pusher, 1..=1);
        let leaver = thread::spawn(move || drop(one));
        assert_eq!(block_on(next(&mut two)), Some(1));
        producer.join().unwrap();
        leaver.join().unwrap();
    });
}

#[test]
fn takers_and_fork_read_all_items() {
    model(|| {
        let (pusher, cursor) = push_list();
        let mut fork = cursor.fork();
        let one = cursor.share();
        pusher.push_all(1..=3).unwrap();
        let mut two = one.clone();
        let other = thread::spawn(move || two.try_next().ok());
        let mut one = one;
        let mut taken: Vec<_> = core::iter::from_fn(|| one.try_next().ok()).collect();
        taken.extend(other.join().unwrap());
        taken.extend(core::iter::from_fn(|| one.try_next().ok()));
        taken.sort_unstable();
        assert_eq!(taken, [1, 2, 3]);
        assert_eq!(drain(&mut fork), [1, 2, 3]);
    });
}

/// The new cursor skips pushes that are claimed but unpublished. No item is read twice or lost.
#[test]
fn resubscribe_during_pushes_reads_suffix() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        pusher.push(Counted::new(0, &alive)).unwrap();
        let (other, counter) = (pusher.clone(), alive.clone());
        let producer = thread::spawn(move || {
            for n in 1..=2 {
                other.push(Counted::new(n, &counter)).unwrap();
            }
        });
        let mut late = cursor.resubscribe();
        producer.join().unwrap();
        pusher.push(Counted::new(3, &alive)).unwrap();
        let late = drain(&mut late).iter().map(|c| c.0).collect::<Vec<_>>();
        assert!([1, 2, 3].ends_with(&late) && late.contains(&3), "{late:?}");
        assert!(drain(&mut cursor).iter().map(|c| c.0).eq(0..4));
        drop((cursor, pusher));
        assert_eq!(alive.load(Relaxed), 0);
    });
}

#[test]
fn skip_during_pushes_counts_each_item() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        let counter = alive.clone();
        let producer = thread::spawn(move || {
            for n in 0..3 {
                pusher.push(Counted::new(n, &counter)).unwrap();
            }
            pusher
        });
        let skipped = cursor.seek_to_end() + fork.skip_items(2);
        let _kept = producer.join().unwrap();
        let rest = drain(&mut cursor).len() + drain(&mut fork).len();
        assert_eq!(skipped + rest, 6);
        assert_eq!(alive.load(Relaxed), 0);
    });
}

/// A parked cursor leaves its block, which is complete by then, before another cursor parks.
#[test]
fn parked_cursor_leaves_block_while_other_parks() {
    model(|| {
        let alive = Arc::new(AtomicUsize::new(0));
        let (pusher, mut cursor) = push_list();
        let mut behind = cursor.fork();
        let mut fork = cursor.fork();
        pusher.push(Counted::new(0, &alive)).unwrap();
        assert_eq!(drain(&mut cursor).len(), 1);
        let other = thread::spawn(move || (drain(&mut fork).len(), fork));
        let slots = if option_env!("AITER_FOUR_SLOTS").is_some() { 4 } else { 2 };
        for n in 1..slots {
            pusher.push(Counted::new(n, &alive)).unwrap();
        }
        assert_eq!(drain(&mut cursor).len(), slots as usize - 1);
        let (read, mut fork) = other.join().unwrap();
        assert!(drain(&mut behind).iter().map(|c| c.0).eq(0..slots));
        assert_eq!(read + drain(&mut fork).len(), slots as usize);
        assert_eq!(alive.load(Relaxed), 0);
    });
}
