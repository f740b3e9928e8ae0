//! Races between two threads or more.

use crate::{
    blocks::slots,
    drain,
    ledger::{Ledger, Tracked},
    scaled,
    waker::next,
};
use aiter_core::{Cursor, PushError, Pusher, TryNextError, push_list, task::no_wake_list};
use core::task::Poll;
use std::{sync::Barrier, thread};

const ROUNDS: usize = scaled(2000, 20);

#[test]
fn first_push_races_with_cursor_drop() {
    for _ in 0..ROUNDS {
        let ledger = Ledger::new();
        let (pusher, cursor) = push_list();
        let (item, start) = (ledger.item(1), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                match pusher.push(item) {
                    Ok(()) | Err(PushError::NoCursor(_)) => {}
                    Err(PushError::Stopped(_)) => panic!("the list was not stopped"),
                }
            });
            start.wait();
            drop(cursor);
        });
        assert!(matches!(pusher.push(ledger.item(2)), Err(PushError::NoCursor(_))));
        drop(pusher);
        ledger.assert_all_dropped();
    }
}

#[test]
fn subscriber_beside_last_drop_reads_own_items() {
    for _ in 0..ROUNDS {
        let (pusher, cursor) = push_list();
        let start = Barrier::new(2);
        let mut late = thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(cursor);
            });
            start.wait();
            pusher.subscribe()
        });
        // The second cursor makes `late` clone.
        let _behind = late.fork();
        for n in 0..130 {
            pusher.push(n).expect("two cursors are alive");
            assert_eq!(late.try_next(), Ok(n));
            assert_eq!(late.try_next(), Err(TryNextError::Empty));
        }
    }
}

#[test]
fn pusher_dropped_beside_cursor_leaks_nothing() {
    for _ in 0..ROUNDS {
        let ledger = Ledger::new();
        let (pusher, cursor) = push_list();
        let (item, start) = (ledger.item(1), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(pusher.push(item));
                drop(pusher);
            });
            start.wait();
            drop(cursor);
        });
        ledger.assert_all_dropped();
    }
}

#[test]
fn push_races_with_stop() {
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = push_list();
        let start = Barrier::new(2);
        let pushed = thread::scope(|scope| {
            let pushed = scope.spawn(|| {
                start.wait();
                (0..3).map(|item| pusher.push(item).is_ok()).collect::<Vec<_>>()
            });
            start.wait();
            pusher.stop();
            pushed.join().unwrap()
        });
        assert!(pushed.is_sorted_by(|one, two| one >= two));
        let count = pushed.into_iter().filter(|&ok| ok).count();
        assert_eq!(drain(&mut cursor), (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn last_item_before_stop_is_not_lost() {
    // Reading "empty" and "stopped" in two steps would lose the item.
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = push_list();
        thread::scope(|scope| {
            scope.spawn(|| {
                pusher.push(1).unwrap();
                pusher.stop();
            });
            let mut read = 0;
            loop {
                match cursor.try_next() {
                    Ok(item) => read += item,
                    Err(TryNextError::Empty) => thread::yield_now(),
                    Err(TryNextError::Ended) => break,
                    Err(TryNextError::Contended) => unreachable!("a cursor has no takers"),
                }
            }
            assert_eq!(read, 1);
        });
    }
}

#[test]
fn is_drained_is_false_before_last_item() {
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = push_list();
        thread::scope(|scope| {
            scope.spawn(|| {
                pusher.push(1).unwrap();
                drop(pusher);
            });
            let mut read = Vec::new();
            while !cursor.is_drained() {
                if let Poll::Ready(Some(item)) = next(&mut cursor) {
                    read.push(item);
                }
                thread::yield_now();
            }
            assert_eq!(read, [1]);
        });
    }
}

#[test]
fn fork_races_with_pushes() {
    for _ in 0..ROUNDS / 4 {
        let (pusher, cursor) = push_list();
        let mut fork = thread::scope(|scope| {
            scope.spawn(|| {
                for item in 0..40 {
                    pusher.push(item).unwrap();
                }
            });
            let mut ahead = cursor.fork();
            let mut expected = 0;
            while expected < 20 {
                match ahead.try_next() {
                    Ok(item) => {
                        assert_eq!(item, expected);
                        expected += 1;
                    }
                    Err(_) => thread::yield_now(),
                }
            }
            ahead.fork()
        });
        pusher.stop();
        assert_eq!(drain(&mut fork), (20..40).collect::<Vec<_>>());
        assert_eq!(cursor.len(), 40);
    }
}

#[test]
fn two_threads_read_same_items() {
    for _ in 0..ROUNDS / 4 {
        let ledger = Ledger::new();
        let (pusher, one) = push_list();
        let two = one.fork();
        for item in ledger.items(40) {
            pusher.push(item).unwrap();
        }
        drop(pusher);
        thread::scope(|scope| {
            for mut cursor in [one, two] {
                scope.spawn(move || {
                    assert!(drain(&mut cursor).iter().map(|item| item.value).eq(0..40));
                });
            }
        });
        ledger.assert_all_dropped();
        assert!(ledger.clones() >= 40, "{} clones of 80 reads", ledger.clones());
    }
}

#[test]
fn upgrade_beside_last_pusher_drop_is_exact() {
    for _ in 0..ROUNDS {
        let (pusher, mut cursor) = push_list();
        let weak = pusher.downgrade();
        let start = Barrier::new(2);
        let pushed = thread::scope(|scope| {
            let pushed = scope.spawn(|| {
                start.wait();
                weak.upgrade().map(|pusher| pusher.push(1).is_ok())
            });
            start.wait();
            drop(pusher);
            pushed.join().unwrap()
        });
        match pushed {
            Some(ok) => {
                assert!(ok, "an upgraded pusher must keep the list open");
                assert_eq!(drain(&mut cursor), [1]);
            }
            None => assert!(drain(&mut cursor).is_empty()),
        }
        assert!(weak.upgrade().is_none());
    }
}

#[test]
fn subscribe_beside_last_cursor_drop_is_empty() {
    for _ in 0..ROUNDS {
        let ledger = Ledger::new();
        let (pusher, cursor) = push_list();
        for item in ledger.items(3) {
            pusher.push(item).unwrap();
        }
        let start = Barrier::new(2);
        let mut late = thread::scope(|scope| {
            let late = scope.spawn(|| {
                start.wait();
                pusher.subscribe()
            });
            start.wait();
            drop(cursor);
            late.join().unwrap()
        });
        assert_eq!(late.len(), 0);
        pusher.push(ledger.item(9)).unwrap();
        assert_eq!(late.len(), 1);
        assert_eq!(late.try_next().unwrap().value, 9);
        drop(late);
        assert!(pusher.push(ledger.item(0)).is_err());
        drop(pusher);
        ledger.assert_all_dropped();
    }
}

#[test]
fn no_wake_pushes_are_seen_by_other_thread() {
    let (mut pusher, mut cursor) = no_wake_list();
    let mut other = cursor.fork();
    let producer = thread::spawn(move || {
        for n in 0..ROUNDS {
            pusher.push_with_hint(&cursor, n).unwrap();
            assert_eq!(cursor.next_ready(), Some(n));
        }
    });
    for n in 0..ROUNDS {
        let item = core::iter::repeat_with(|| {
            thread::yield_now();
            other.next_ready()
        });
        assert_eq!(item.flatten().next(), Some(n));
    }
    producer.join().unwrap();
}

/// Runs each of `pushes` on a thread beside the drop of the last cursor. No item is left then.
#[track_caller]
fn assert_none_outlives_readers(pushes: &[fn(&mut Pusher<Tracked>, &Ledger)]) {
    let drops: [fn(Cursor<Tracked>); 3] = [
        drop,
        |cursor| drop(cursor.share()),
        |mut cursor| {
            drop(cursor.try_next());
            drop(cursor.fork());
        },
    ];
    for round in 0..ROUNDS {
        let ledger = Ledger::new();
        let (mut pusher, cursor) = push_list();
        // The rounds also cover a block edge.
        for item in ledger.items(round % 64) {
            pusher.push(item).unwrap();
        }
        let start = Barrier::new(pushes.len() + 1);
        thread::scope(|scope| {
            let more: Vec<_> = pushes[1..].iter().map(|push| (push, pusher.clone())).collect();
            for (push, mut pusher) in more {
                let (start, ledger) = (&start, &ledger);
                scope.spawn(move || {
                    start.wait();
                    push(&mut pusher, ledger);
                });
            }
            scope.spawn(|| {
                start.wait();
                pushes[0](&mut pusher, &ledger);
            });
            start.wait();
            for _ in 0..round % 7 * 10 {
                core::hint::spin_loop();
            }
            drops[round % 3](cursor);
        });
        assert_eq!(ledger.alive(), 0, "in round {round}, with the pusher alive");
        assert!(matches!(pusher.push(ledger.item(2)), Err(PushError::NoCursor(_))));
        drop(pusher);
        ledger.assert_all_dropped();
    }
}

#[test]
fn push_beside_last_drop_drops_item() {
    assert_none_outlives_readers(&[|pusher, ledger| drop(pusher.push(ledger.item(1)))]);
}

#[test]
fn two_pushes_beside_last_drop_drop_items() {
    let push: fn(&mut Pusher<Tracked>, &Ledger) = |pusher, ledger| {
        for _ in 0..3 {
            drop(pusher.push(ledger.item(1)));
        }
    };
    assert_none_outlives_readers(&[push, push]);
}

#[test]
fn push_all_beside_last_drop_drops_items() {
    assert_none_outlives_readers(&[|pusher, ledger| drop(pusher.push_all(ledger.items(70)))]);
}

#[test]
fn unique_push_beside_last_drop_drops_items() {
    assert_none_outlives_readers(&[|pusher, ledger| {
        let mut unique = pusher.unique().expect("the only pusher");
        drop(unique.push(ledger.item(1)));
        drop(unique.push_all(ledger.items(70)));
    }]);
}

#[test]
fn try_push_beside_last_drop_drops_item_later() {
    for round in 0..ROUNDS {
        let ledger = Ledger::new();
        let (pusher, cursor) = push_list();
        pusher.reserve(64);
        for item in ledger.items(round % 64) {
            pusher.push(item).unwrap();
        }
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                drop(pusher.try_push(ledger.item(1)));
            });
            start.wait();
            drop(cursor);
        });
        // The refused push also drops what the handler left.
        drop(pusher.push(ledger.item(2)));
        assert_eq!(ledger.alive(), 0, "in round {round}, with the pusher alive");
    }
}

/// Blocks retire beside pins again and again, and no reserved block is lost.
#[test]
fn reserve_after_try_push_beside_reads_is_whole() {
    const ROOM: usize = 20;
    // A block holds few of these items.
    let item = [0_u8; 8192];
    for _ in 0..scaled(20, 2) {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(ROOM);
        thread::scope(|scope| {
            let pushes = scope.spawn(|| {
                for _ in 0..scaled(2000, 40) {
                    let _ = pusher.try_push(item);
                }
            });
            let queries = scope.spawn(|| {
                for _ in 0..scaled(20_000, 40) {
                    let _ = pusher.retained();
                }
            });
            while !(pushes.is_finished() && queries.is_finished()) {
                let _ = cursor.try_next();
            }
        });
        while cursor.try_next().is_ok() {}
        // `reserve` links whole blocks, and the first one is in use.
        let room = ROOM - slots::<[u8; 8192]>();
        let pushed = (0..room).take_while(|_| pusher.try_push(item).is_ok()).count();
        assert_eq!(pushed, room);
    }
}
