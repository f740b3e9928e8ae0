//! Stories for loom that need the insides of a list. All others are in `tests/loom`.

use alloc::vec::Vec;

use crate::{cursor_stream::Cursor, list::List, pusher::Pusher, pusher::push_list};

/// Pushes the numbers, and reads each one at once.
fn push_and_read(pusher: &Pusher<u32>, cursor: &mut Cursor<u32>, numbers: core::ops::Range<u32>) {
    for n in numbers {
        pusher.push(n).unwrap();
        assert_eq!(cursor.try_next(), Ok(n));
    }
}

/// A reader clears limbo. Meanwhile a pin comes that leads to the block at the tail, and this block
/// retires.
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
        let clears = run(List::tidy);
        let looks = run(|list| {
            list.retained();
        });
        push_and_read(&pusher, &mut cursor, 3..5);
        let threads: Vec<_> = [clears, looks].into();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
