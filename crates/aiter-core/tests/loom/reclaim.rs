//! Stories of blocks that retire: `reserve`, subscribers, limbo and `try_push`.

use aiter_core::{Cursor, Pusher, push_list};
use loom::thread;

use super::*;

/// Pushes and reads one item at a time, so that blocks retire directly behind the tail.
fn push_and_read(pusher: &Pusher<u32>, cursor: &mut Cursor<u32>, items: u32) {
    for n in 0..items {
        pusher.push(n).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
    }
}

/// Blocks retire to the end of the list before, while and after `reserve` moves it.
#[test]
fn reserve_survives_retirement() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(4);
        let other = pusher.clone();
        let reserve = thread::spawn(move || other.reserve(8));
        push_and_read(&pusher, &mut cursor, 5);
        reserve.join().unwrap();
        // Frees the blocks in limbo.
        assert!(cursor.try_next().is_err());
        push_and_read(&pusher, &mut cursor, 4);
    });
}

/// All blocks that `reserve` links are used and retire before `reserve` stores its last block.
#[test]
fn reserve_survives_retirement_of_last_block() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let other = pusher.clone();
        let reserve = thread::spawn(move || other.reserve(4));
        push_and_read(&pusher, &mut cursor, 7);
        reserve.join().unwrap();
        // Frees the blocks in limbo.
        assert!(cursor.try_next().is_err());
        push_and_read(&pusher, &mut cursor, 5);
    });
}

/// Two calls of `reserve` store different last blocks, in any order.
#[test]
fn two_reserves_survive_retirement() {
    wide_model(|| {
        let (pusher, mut cursor) = push_list();
        let reserves = [2, 4].map(|room| {
            let pusher = pusher.clone();
            thread::spawn(move || pusher.reserve(room))
        });
        push_and_read(&pusher, &mut cursor, 1);
        for reserve in reserves {
            reserve.join().unwrap();
        }
        assert!(cursor.try_next().is_err());
        push_and_read(&pusher, &mut cursor, 4);
    });
}

/// The subscriber reads the tail before the reader's block is full, and enters that block while the
/// reader leaves it.
#[test]
fn subscriber_enters_block_that_reader_leaves() {
    model(|| {
        let (pusher, mut reader) = push_list();
        pusher.push(1).unwrap();
        let subscriber = {
            let pusher = pusher.clone();
            thread::spawn(move || pusher.subscribe())
        };
        pusher.push(2).unwrap();
        assert_eq!([reader.try_next(), reader.try_next()], [Ok(1), Ok(2)]);
        // The reader leaves the block.
        assert!(reader.try_next().is_err());
        let mut late = subscriber.join().unwrap();
        // Retired blocks are reused.
        for n in 3..=8 {
            pusher.push(n).unwrap();
            assert_eq!(reader.try_next(), Ok(n));
        }
        let seen: Vec<u32> = core::iter::from_fn(|| late.try_next().ok()).collect();
        let first = seen[0];
        assert!(first <= 3 && seen.into_iter().eq(first..=8));
    });
}

/// A taker drops the items that all readers have read, after it opened the gate. Meanwhile the
/// other readers leave the block, and a producer reuses it.
#[test]
fn taker_drops_read_items_of_reused_block() {
    #[derive(Clone)]
    struct NeedsDrop(u32);
    impl Drop for NeedsDrop {
        fn drop(&mut self) {
            self.0 = 0;
        }
    }
    model(|| {
        let (pusher, cursor) = push_list();
        let mut other = cursor.fork();
        let mut one = cursor.share();
        let mut two = one.clone();
        pusher.push(NeedsDrop(1)).unwrap();
        assert!(one.try_next().is_ok() && other.try_next().is_ok());
        // The other cursor parks.
        assert!(other.try_next().is_err());
        let thread = thread::spawn(move || {
            pusher.push(NeedsDrop(2)).unwrap();
            let _ = (two.try_next(), two.try_next());
            pusher.push(NeedsDrop(3)).unwrap();
            // The last reader of the block of the first two items leaves it.
            assert!((2..=3).all(|n| other.try_next().is_ok_and(|item| item.0 == n)));
            for n in 4..=5 {
                pusher.push(NeedsDrop(n)).unwrap();
            }
        });
        let _ = one.try_next();
        thread.join().unwrap();
    });
}

/// A pin at the tail block may send a retired block to limbo instead of the end of the list.
#[test]
fn try_push_after_pinned_retirement_has_room() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(1);
        let other = pusher.clone();
        let pins = thread::spawn(move || other.retained());
        for n in 0..2 {
            pusher.try_push(n).unwrap();
            assert_eq!(cursor.try_next(), Ok(n));
        }
        // The cursor leaves the block, maybe while a pin exists.
        assert!(cursor.try_next().is_err());
        pins.join().unwrap();
        for n in 2..6 {
            pusher.try_push(n).unwrap();
            assert_eq!(cursor.try_next(), Ok(n));
            assert!(cursor.try_next().is_err());
        }
    });
}

/// A claim takes a block from limbo only if no pin can reach the block, and never the tail block.
#[test]
fn try_push_with_pins_takes_block_from_limbo() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(1);
        let other = pusher.clone();
        let pins = thread::spawn(move || {
            let pushed = other.try_push(9).is_ok();
            other.retained();
            usize::from(pushed)
        });
        let mut pushed = 0;
        let mut read = 0;
        for n in 0..5 {
            pushed += usize::from(pusher.try_push(n).is_ok());
            read += usize::from(cursor.try_next().is_ok());
        }
        pushed += pins.join().unwrap();
        while cursor.try_next().is_ok() {
            read += 1;
        }
        assert_eq!(pushed, read);
        pusher.try_push(5).unwrap();
    });
}

/// A claim takes a block from limbo after the last pin that could reach it has ended.
#[test]
fn try_push_takes_block_after_pin() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(1);
        let other = pusher.clone();
        let pins = thread::spawn(move || other.retained());
        let pushes = thread::spawn(move || {
            for n in 0..8 {
                if pusher.try_push(n).is_ok() {
                    assert!(cursor.try_next().is_ok());
                }
            }
            (pusher, cursor)
        });
        pins.join().unwrap();
        drop(pushes.join().unwrap());
    });
}

/// Stories that take minutes with two preemptions.
mod full {
    use super::*;

    /// As the story of the same name, with pushes that retire blocks meanwhile.
    #[test]
    fn two_reserves_survive_retirement() {
        wide_model(|| {
            let (pusher, mut cursor) = push_list();
            let reserves = [4, 6].map(|room| {
                let pusher = pusher.clone();
                thread::spawn(move || pusher.reserve(room))
            });
            push_and_read(&pusher, &mut cursor, 5);
            for reserve in reserves {
                reserve.join().unwrap();
            }
            assert!(cursor.try_next().is_err());
            push_and_read(&pusher, &mut cursor, 4);
        });
    }
}
