//! Where blocks end: found by looking, as it depends on the target and on the size of an item.

use aiter_core::push_list;
use core::mem::MaybeUninit;

/// How many items of this type a block holds.
pub(crate) fn slots<T>() -> usize {
    let (pusher, mut cursor) = push_list::<MaybeUninit<T>>();
    let mut most = 0;
    // The first block goes when its reader has gone on to the second.
    loop {
        pusher.push(MaybeUninit::uninit()).expect("a cursor is there");
        cursor.next_ready().expect("an item is there");
        match pusher.retained() {
            held if held > most => most = held,
            _ => return most,
        }
    }
}

/// The first places of a list, and those on, before and behind the edge of its first block.
pub(crate) fn edges<T>() -> [usize; 5] {
    let slots = slots::<T>();
    [0, 1, slots - 1, slots, slots + 1]
}

/// A claim of a block's last slot needs the next block, so that it is refused if there may be none.
#[test]
fn slots_are_what_a_first_block_has_room_for() {
    fn check<T>() {
        let (pusher, _cursor) = push_list::<MaybeUninit<T>>();
        let room = (0..).take_while(|_| pusher.try_push(MaybeUninit::uninit()).is_ok()).count();
        assert_eq!(slots::<T>(), room + 1, "items of {} bytes", size_of::<T>());
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
