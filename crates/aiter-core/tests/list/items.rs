//! Items of unusual types: zero-sized, very large, over-aligned, `!Sync`, not `'static`.

use crate::{drain, scaled, take, take_ready};
use aiter_core::push_list;
use core::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::thread;

#[test]
fn zero_sized_items_are_counted_and_dropped() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    #[derive(Clone)]
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Ordering::Relaxed);
        }
    }
    const N: usize = scaled(1000, 100);
    let (pusher, mut cursor) = push_list();
    for n in 0..N {
        assert_eq!(cursor.len(), n);
        pusher.push(Nothing).map_err(drop).unwrap();
    }
    drop(take(&mut cursor, N / 2));
    assert_eq!(DROPS.load(Ordering::Relaxed), N / 2);
    let mut fork = cursor.fork();
    assert_eq!(take_ready(&mut fork).len(), N / 2);
    assert_eq!(cursor.len(), N / 2);
    drop((cursor, fork, pusher));
    assert_eq!(DROPS.load(Ordering::Relaxed), N + N / 2);
}

#[test]
fn unit_items_are_all_delivered() {
    let (pusher, mut cursor) = push_list();
    assert_eq!(pusher.push_all([(); 100]).unwrap(), 100);
    pusher.stop();
    assert_eq!(drain(&mut cursor).len(), 100);
}

#[test]
fn uninhabited_item_list_ends_after_stop() {
    let (pusher, mut cursor) = push_list::<core::convert::Infallible>();
    assert_eq!(cursor.len(), 0);
    pusher.stop();
    assert!(drain(&mut cursor).is_empty());
}

#[test]
fn over_aligned_items_stay_aligned() {
    #[derive(Clone, Copy)]
    #[repr(align(256))]
    struct Aligned(usize);
    let (pusher, mut cursor) = push_list();
    for n in 0..scaled(200, 70) {
        pusher.push(Aligned(n)).map_err(drop).unwrap();
    }
    for (n, item) in cursor.available_iter().enumerate() {
        assert_eq!(core::ptr::from_ref(item).addr() % 256, 0);
        assert_eq!(item.0, n);
    }
    let mut fork = cursor.fork();
    for (n, item) in take_ready(&mut fork).into_iter().enumerate() {
        assert_eq!(item.0, n);
    }
    assert_eq!(take_ready(&mut cursor).len(), scaled(200, 70));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "no threads, and no stacks to choose")]
fn large_item_blocks_are_not_built_on_stack() {
    // A block of these items is many times larger than the free stack.
    fn run<const SIZE: usize>(stack: usize, n: usize) {
        let work = move || {
            let (pusher, mut cursor) = push_list::<[u8; SIZE]>();
            for n in 0..n {
                pusher.push([n as u8; SIZE]).map_err(drop).unwrap();
            }
            let fork = cursor.fork();
            drop(fork);
            for n in 0..n {
                let item = cursor.try_next().unwrap();
                assert_eq!((item[0], item[SIZE - 1]), (n as u8, n as u8));
            }
            pusher.push([1; SIZE]).map_err(drop).unwrap();
        };
        thread::Builder::new().stack_size(stack).spawn(work).unwrap().join().unwrap();
    }
    run::<32_768>(512 * 1024, scaled(100, 5));
    run::<1_000>(64 * 1024, scaled(200, 40));
    run::<1_023>(64 * 1024, scaled(200, 40));
}

#[test]
fn oversized_items_are_delivered() {
    let (pusher, mut cursor) = push_list();
    for n in 0..20 {
        pusher.push([n; 5_000]).map_err(drop).unwrap();
    }
    let mut fork = cursor.fork();
    assert_eq!(fork.len(), 20);
    for n in 0..20_u64 {
        assert_eq!(fork.try_next().unwrap()[4_999], n);
        assert_eq!(cursor.try_next().unwrap()[0], n);
    }
}

#[test]
fn send_only_items_cross_threads() {
    const N: usize = scaled(10_000, 200);
    let (pusher, mut cursor) = push_list::<Cell<usize>>();
    let reader = thread::spawn(move || {
        let mut expected = 0;
        while expected < N {
            match cursor.try_next() {
                Ok(cell) => {
                    assert_eq!(cell.replace(0), expected);
                    expected += 1;
                }
                Err(_) => thread::yield_now(),
            }
        }
    });
    for n in 0..N {
        pusher.push(Cell::new(n)).unwrap();
    }
    reader.join().unwrap();
}

#[test]
fn borrowing_items_are_delivered() {
    let text = String::from("a b c d");
    let (pusher, mut cursor) = push_list::<&str>();
    assert_eq!(pusher.push_all(text.split(' ')).unwrap(), 4);
    drop(pusher);
    assert_eq!(drain(&mut cursor.fork()), ["a", "b", "c", "d"]);
    assert_eq!(drain(&mut cursor), ["a", "b", "c", "d"]);
}

#[test]
fn non_send_items_work_on_one_thread() {
    let (pusher, mut cursor) = push_list();
    let rc = alloc::rc::Rc::new(());
    for _ in 0..40 {
        pusher.push(alloc::rc::Rc::clone(&rc)).unwrap();
    }
    assert_eq!(take(&mut cursor, 10).len(), 10);
    drop(cursor);
    assert_eq!(alloc::rc::Rc::strong_count(&rc), 1);
}
