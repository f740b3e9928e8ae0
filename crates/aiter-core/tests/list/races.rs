//! Short races whose faults Miri sees in some of many seeds: uses of freed memory, and data races.

use crate::blocks::slots;
use aiter_core::{Cursor, Pusher, TryNextError, push_list};
use std::thread;

/// A block holds one of these, or few, so that each push and each read ends a block.
type Large = [u8; 24 * 1024];

/// Reads that many items. Each look that finds nothing frees memory.
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

/// The tail block that a pinned look reads is retired and freed beside it.
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

/// The subscriber comes into a block that its only reader is about to leave.
#[test]
fn subscribe_beside_retire_keeps_block() {
    let (pusher, mut cursor) = push_list::<Large>();
    let other = pusher.clone();
    thread::scope(|scope| {
        scope.spawn(move || (0..6).for_each(|_| drop(other.subscribe())));
        // One thread, so that a block retires as soon as it is complete.
        for _ in 0..6 {
            push(&pusher, &[0; 24 * 1024], 1);
            read(&mut cursor, 1);
        }
    });
}

/// A taker drops what all readers have read, from a block that the other taker leaves meanwhile.
#[test]
fn parking_taker_beside_taker_keeps_block() {
    let (pusher, cursor) = push_list::<Box<u8>>();
    let mut behind = cursor.fork();
    let mut one = cursor.share();
    let mut two = one.clone();
    let items = slots::<Box<u8>>() - 1;
    push(&pusher, &Box::new(0), items);
    read(&mut behind, items);
    // All readers of the block settle at the same slot.
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

/// Blocks in limbo are freed by a look that finds nothing, beside looks that are pinned.
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

/// All that `reserve` links is used up and retires while it hands its last block over.
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
