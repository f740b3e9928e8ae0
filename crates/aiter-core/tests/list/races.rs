//! Short races for Miri with many seeds: uses of freed memory and data races.

use crate::blocks::slots;
use aiter_core::{Cursor, Pusher, TryNextError, push_list};
use std::thread;

/// A block holds few of these items, so each push and read reaches a block edge.
type Large = [u8; 24 * 1024];

/// Reads `items` items. Each read that finds nothing frees memory.
fn read<T: PartialEq + core::fmt::Debug>(cursor: &mut Cursor<T>, items: usize) {
    let mut left = items;
    while left > 0 {
        match cursor.try_next() {
            Ok(_) => left -= 1,
            Err(TryNextError::Empty) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

fn push<T: Clone>(pusher: &Pusher<T>, item: &T, items: usize) {
    for _ in 0..items {
        drop(pusher.push(item.clone()));
    }
}

/// `retained` pins the tail block while another thread retires it.
#[test]
fn retained_beside_retire_reads_live_block() {
    let (pusher, mut cursor) = push_list::<Large>();
    let other = pusher.clone();
    thread::scope(|scope| {
        scope.spawn(move || (0..4).for_each(|_| _ = other.retained()));
        scope.spawn(|| read(&mut cursor, 3));
        push(&pusher, &[0; 24 * 1024], 3);
    });
}

/// The subscriber enters a block while its only reader leaves it.
#[test]
fn subscribe_beside_retire_keeps_block() {
    let (pusher, mut cursor) = push_list::<Large>();
    let other = pusher.clone();
    thread::scope(|scope| {
        scope.spawn(move || (0..6).for_each(|_| drop(other.subscribe())));
        // One thread pushes and reads, so a complete block retires at once.
        for _ in 0..6 {
            push(&pusher, &[0; 24 * 1024], 1);
            read(&mut cursor, 1);
        }
    });
}

/// A taker drops items that all readers have read while the other taker leaves the block.
#[test]
fn parking_taker_beside_taker_keeps_block() {
    let (pusher, cursor) = push_list::<Box<u8>>();
    let mut behind = cursor.fork();
    let mut one = cursor.share();
    let mut two = one.clone();
    let items = slots::<Box<u8>>() - 1;
    push(&pusher, &Box::new(0), items);
    read(&mut behind, items);
    // All readers of the block park at the same slot.
    assert!(behind.try_next().is_err());
    while one.try_next_many(&mut Vec::new(), items) > 0 {}
    thread::scope(|scope| {
        scope.spawn(move || drop(one.try_next()));
        scope.spawn(move || {
            for _ in 0..4 {
                let _ = two.try_next();
            }
        });
        scope.spawn(move || {
            push(&pusher, &Box::new(0), 3);
            while let Ok(_) | Err(TryNextError::Empty) = behind.try_next() {
                if behind.is_empty() {
                    break;
                }
            }
        });
    });
}

/// A read that finds nothing frees the limbo beside pinned operations.
#[test]
fn limbo_clear_beside_pins_keeps_blocks() {
    let (pusher, mut cursor) = push_list::<Large>();
    thread::scope(|scope| {
        for _ in 0..2 {
            let other = pusher.clone();
            scope.spawn(move || (0..3).for_each(|_| _ = other.retained()));
        }
        scope.spawn(|| read(&mut cursor, 3));
        push(&pusher, &[0; 24 * 1024], 3);
    });
}

/// The blocks of `reserve` are used and retired while `reserve` links its last block.
#[test]
fn reserve_beside_retire_names_live_block() {
    let (pusher, mut cursor) = push_list::<Large>();
    let other = pusher.clone();
    thread::scope(|scope| {
        scope.spawn(move || (0..2).for_each(|_| other.reserve(2)));
        scope.spawn(|| read(&mut cursor, 5));
        push(&pusher, &[0; 24 * 1024], 5);
    });
}
