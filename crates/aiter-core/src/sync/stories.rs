//! Loom tests that need private parts of a list. All others are in `tests/loom`.

use alloc::vec::Vec;
use core::task::Waker;

use crate::{
    cursor::Cursor,
    list::{List, Pin, block::Block, position::RawCursor},
    pusher::{Pusher, push_list},
    wait::{claim::ClaimFirst, slots::Slots},
};

/// Pushes the numbers, and reads each number at once.
fn push_and_read(pusher: &Pusher<u32>, cursor: &mut Cursor<u32>, numbers: core::ops::Range<u32>) {
    for n in numbers {
        pusher.push(n).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
    }
}

/// A reader clears limbo. Meanwhile another thread pins the block at the tail, and this block is
/// retired.
#[test]
fn limbo_is_cleared_while_pinned_block_retires() {
    loom::model(|| {
        let (pusher, mut cursor) = push_list();
        // The first block, of two slots, goes into limbo.
        let pin = pusher.list.pin();
        push_and_read(&pusher, &mut cursor, 0..3);
        drop(pin);
        let run = |f: fn(&List<u32>)| {
            let list = pusher.list.clone();
            loom::thread::spawn(move || f(&list))
        };
        let clears = run(List::reclaim_unused);
        let looks = run(|list| {
            list.retained();
        });
        push_and_read(&pusher, &mut cursor, 3..5);
        let threads: Vec<_> = [clears, looks].into();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Returns the pin of a subscriber, and the block that was the tail's then. The block is complete
/// now.
fn subscriber_at_complete_block(pusher: &Pusher<u32>) -> (Pin<'_>, Block<u32>) {
    pusher.push(0).unwrap();
    let pin = pusher.list.pin();
    let block = pusher.list.tail().block();
    pusher.push(1).unwrap();
    (pin, block)
}

/// Enters the block as a subscriber, and returns a cursor after all items of the block. Returns
/// `None` if the block is retired.
fn enter(list: &List<u32>, pin: Pin<'_>, block: Block<u32>) -> Option<RawCursor<u32>> {
    list.set_clone();
    // SAFETY: `pin` keeps the block alive, because it was taken while the block was the tail's.
    let has_entered = unsafe { block.header() }.readers.try_acquire();
    if has_entered {
        list.add_cursor();
    }
    drop(pin);
    has_entered.then(|| RawCursor::new(block, 2))
}

/// Undoes `enter`.
fn leave(list: &List<u32>, mut cursor: RawCursor<u32>) {
    list.remove_cursor();
    // SAFETY: the cursor is of this list, and is not used again.
    unsafe { cursor.release(list) };
}

/// The last reader releases a complete block while a subscriber enters it. Then the subscriber
/// retires the block.
#[test]
fn last_reader_drops_while_subscriber_enters() {
    loom::model(|| {
        let (pusher, cursor) = push_list();
        let (pin, block) = subscriber_at_complete_block(&pusher);
        let reader = loom::thread::spawn(move || {
            // Accesses the block.
            assert!(cursor.len() >= 2);
            drop(cursor);
        });
        let list = &pusher.list;
        if let Some(mut late) = enter(list, pin, block) {
            pusher.push(2).unwrap();
            assert_eq!(late.pop(list), Some(2));
            leave(list, late);
        }
        reader.join().unwrap();
    });
}

/// A subscriber enters the block that the only reader is about to leave, reads its header, and
/// leaves.
#[test]
fn subscriber_enters_and_drops_as_reader_leaves() {
    loom::model(|| {
        let (pusher, mut cursor) = push_list();
        let (pin, block) = subscriber_at_complete_block(&pusher);
        assert_eq!([cursor.try_next(), cursor.try_next()], [Ok(0), Ok(1)]);
        // Leaves the block.
        let reader = loom::thread::spawn(move || assert!(cursor.try_next().is_err()));
        let list = &pusher.list;
        if let Some(late) = enter(list, pin, block) {
            // SAFETY: the block is alive, because the cursor `late` is in it.
            unsafe { block.header() }.start();
            leave(list, late);
        }
        reader.join().unwrap();
    });
}

/// A producer drops the items that no cursor can read. Meanwhile a subscriber enters the block and
/// retires it.
#[test]
fn unreadable_items_drop_while_block_retires() {
    loom::model(|| {
        let (pusher, cursor) = push_list();
        pusher.push(0).unwrap();
        drop(cursor);
        let list = pusher.list.clone();
        let seeks = loom::thread::spawn(move || list.drop_unreadable());
        let mut late = pusher.subscribe();
        pusher.push(1).unwrap();
        assert_eq!(late.try_next(), Ok(1));
        // Leaves the block.
        assert!(late.try_next().is_err());
        seeks.join().unwrap();
    });
}

/// `reserve` hands its last block over while a reader retires it.
#[test]
fn reserve_forgets_block_that_retires() {
    loom::model(|| {
        let (pusher, mut cursor) = push_list();
        let (pin, block) = subscriber_at_complete_block(&pusher);
        assert_eq!([cursor.try_next(), cursor.try_next()], [Ok(0), Ok(1)]);
        // Leaves the block.
        let reader = loom::thread::spawn(move || {
            assert!(cursor.try_next().is_err());
            cursor
        });
        // SAFETY: `pin` keeps the block alive, because it was taken while the block was the tail's.
        unsafe { pusher.list.note_reserved(block) };
        let _cursor = reader.join().unwrap();
        assert!(!pusher.list.is_reserved(block), "retired");
        drop(pin);
    });
}

/// Abandons a slot while a notifier uses the waker.
fn leave_while_called(slots: &Slots) {
    let place = slots.take_slot();
    // SAFETY: the slot is one of `slots`. This caller is its waiter until it abandons or frees it,
    // and owns it when it calls `replace`, `arm` and `free`.
    unsafe {
        slots.replace(place, Some(Waker::noop().clone()));
        slots.arm(place);
        match slots.claim_first(ClaimFirst::Always).0 {
            Some(claimed) => {
                slots.abandon(place);
                claimed.with(|_| ());
            }
            // The waiter does not have the first slot.
            None => drop(slots.disarm(place).then(|| slots.free(place))),
        }
    }
}

/// Two parties free an abandoned slot. Meanwhile a new waiter takes the slot and abandons it again.
#[test]
fn slot_left_twice_is_not_freed_under_notifier() {
    loom::model(|| {
        let slots = loom::sync::Arc::new(Slots::new());
        leave_while_called(&slots);
        let others = slots.clone();
        let other = loom::thread::spawn(move || others.free_abandoned(drop));
        slots.free_abandoned(drop);
        leave_while_called(&slots);
        other.join().unwrap();
    });
}

/// Runs `f` in a thread.
fn spawn(slots: &loom::sync::Arc<Slots>, f: fn(&Slots)) -> loom::thread::JoinHandle<()> {
    let slots = slots.clone();
    loom::thread::spawn(move || f(&slots))
}

/// Three parties free an abandoned slot, which is abandoned again. One party takes the flag
/// `abandoned` too early, and sets it again. The next party must not mistake it for the first flag.
#[test]
fn mark_put_back_does_not_free_slot_early() {
    loom::model(|| {
        let slots = loom::sync::Arc::new(Slots::new());
        leave_while_called(&slots);
        let frees = [(); 2].map(|()| spawn(&slots, |slots| slots.free_abandoned(drop)));
        let leaves = spawn(&slots, |slots| {
            slots.free_abandoned(drop);
            leave_while_called(slots);
        });
        leaves.join().unwrap();
        frees.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// Takes a slot in a segment, and arms it.
fn arm_in_segment(slots: &Slots) {
    let place = slots.take_slot();
    // SAFETY: the slot is one of `slots`, and this caller owns it until it is armed.
    unsafe {
        slots.replace(place, Some(Waker::noop().clone()));
        slots.arm(place);
    }
}

/// Two waiters need the first segment. The slower waiter uses the segment that the other linked.
#[test]
fn waiters_that_add_segment_share_it() {
    loom::model(|| {
        let slots = loom::sync::Arc::new(Slots::new());
        slots.take_slot();
        let other = spawn(&slots, arm_in_segment);
        arm_in_segment(&slots);
        other.join().unwrap();
        assert_eq!(slots.end(), 2 * usize::BITS as usize);
    });
}

/// A notifier that has not counted the segments reaches a segment that was just added.
#[test]
fn notifier_at_new_segment_sees_its_slots() {
    loom::model(|| {
        let slots = loom::sync::Arc::new(Slots::new());
        slots.take_slot();
        let waiter = spawn(&slots, arm_in_segment);
        slots.claim(0, usize::MAX, |claimed| claimed.with(|waker| assert!(waker.is_some())));
        waiter.join().unwrap();
    });
}
