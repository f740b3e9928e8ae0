//! Where blocks end: found by looking, as it depends on the target and on the size of an item.

use aiter_core::push_list;
use core::mem::MaybeUninit;

/// How many items of this type a block holds.
pub(crate) fn slots<T>() -> usize {
    let (pusher, _cursor) = push_list::<MaybeUninit<T>>();
    // A claim of the last slot needs the next block, and is refused because there is none.
    1 + (0..).take_while(|_| pusher.try_push(MaybeUninit::uninit()).is_ok()).count()
}

/// The first places of a list, and those on, before and behind the edge of its first block.
pub(crate) fn edges<T>() -> [usize; 5] {
    let slots = slots::<T>();
    [0, 1, slots - 1, slots, slots + 1]
}

/// The first block goes when its reader has gone on to the second.
#[test]
fn slots_matches_capacity_of_first_block() {
    fn check<T>() {
        let (pusher, mut cursor) = push_list::<MaybeUninit<T>>();
        let mut most = 0;
        loop {
            pusher.push(MaybeUninit::uninit()).expect("a cursor is there");
            cursor.next_ready().expect("an item is there");
            match pusher.retained() {
                held if held > most => most = held,
                _ => break,
            }
        }
        assert_eq!(slots::<T>(), most, "items of {} bytes", size_of::<T>());
        match usize::BITS {
            // As the README says.
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
