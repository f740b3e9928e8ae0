//! Stories of blocks that retire.

use aiter_core::{Cursor, Pusher, push_list};
use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use super::*;

/// Pushes and reads one item after the other, so that blocks retire right behind the tail.
fn push_and_read(pusher: &Pusher<u32>, cursor: &mut Cursor<u32>, items: u32) {
    for n in 0..items {
        pusher.push(n).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
    }
}

/// The retirements find the end of the list before, while and after `reserve` moves it.
#[test]
fn reserve_beside_retiring_reader() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        pusher.reserve(4);
        let other = pusher.clone();
        let reserve = thread::spawn(move || other.reserve(8));
        push_and_read(&pusher, &mut cursor, 5);
        reserve.join().unwrap();
        // Frees what is in limbo.
        assert!(cursor.try_next().is_err());
        push_and_read(&pusher, &mut cursor, 4);
    });
}

/// All that `reserve` links is used up and retires before `reserve` hands its last block over.
#[test]
fn reserve_beside_reader_of_its_last_block() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let other = pusher.clone();
        let reserve = thread::spawn(move || other.reserve(4));
        push_and_read(&pusher, &mut cursor, 7);
        reserve.join().unwrap();
        // Frees what is in limbo.
        assert!(cursor.try_next().is_err());
        push_and_read(&pusher, &mut cursor, 5);
    });
}

/// Two of them hand over different blocks, in any order.
#[test]
fn two_reserves_beside_retiring_reader() {
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
