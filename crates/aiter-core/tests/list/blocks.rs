//! The number of slots of a block, measured, because it depends on target and item size.

use aiter_core::push_list;
use core::mem::MaybeUninit;

/// Returns the number of items of type `T` that a block holds.
pub(crate) fn slots<T>() -> usize {
    let (pusher, _cursor) = push_list::<MaybeUninit<T>>();
    // The claim of the last slot needs a next block. It is refused, because none is linked.
    1 + (0..).take_while(|_| pusher.try_push(MaybeUninit::uninit()).is_ok()).count()
}

/// Offsets at the start of a list, and at, before and after the edge of its first block.
pub(crate) fn edges<T>() -> [usize; 5] {
    let slots = slots::<T>();
    [0, 1, slots - 1, slots, slots + 1]
}

/// The first block is reclaimed when its reader enters the second.
#[test]
fn slots_matches_capacity_of_first_block() {
    fn check<T>() {
        let (pusher, mut cursor) = push_list::<MaybeUninit<T>>();
        let mut most = 0;
        loop {
            pusher.push(MaybeUninit::uninit()).expect("a cursor is alive");
            cursor.next_ready().expect("an item is ready");
            match pusher.retained() {
                held if held > most => most = held,
                _ => break,
            }
        }
        assert_eq!(slots::<T>(), most, "items of {} bytes", size_of::<T>());
        match usize::BITS {
            // The README promises this range.
            64.. => assert!((54..=61).contains(&slots::<T>()), "{}", slots::<T>()),
            _ => assert_eq!(slots::<T>(), 16),
        }
    }
    check::<()>();
    check::<u8>();
    check::<[u8; 9]>();
    check::<u64>();
    check::<[usize; 3]>();
    check::<[u8; 47]>();
    check::<[u64; 16]>();
    check::<[u8; 500]>();
}
