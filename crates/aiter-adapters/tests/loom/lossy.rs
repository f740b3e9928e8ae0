//! Stories of the lossy list: a cut against each step of the cursor that is cut.

use core::task::Poll;

use aiter_adapters::{
    LossyPolicy::{Disconnect, DropOldest},
    bounded_lossy,
};
use aiter_core::TryPushError;
use loom::{future::block_on, sync::Arc, thread};

use super::{model, poll_once, read_all, wide_model};

/// The pushes may find the seat held, so the last one also makes good for the others.
#[test]
fn cut_against_read_counts_each_item() {
    model(|| {
        let (pusher, mut cursor) = bounded_lossy(1, DropOldest);
        let producer = thread::spawn(move || {
            for n in 0..3 {
                pusher.push(Arc::new(n)).unwrap();
            }
        });
        let mut got = Vec::new();
        for _ in 0..2 {
            got.extend(cursor.try_next().map(|item| *item));
        }
        producer.join().unwrap();
        got.extend(read_all(&mut cursor).iter().map(|item| **item));
        assert!(got.is_sorted_by(|one, two| one < two));
        assert_eq!((got.len() + cursor.missed(), got.last()), (3, Some(&2)));
    });
}

#[test]
fn cut_against_fork_cuts_both() {
    model(|| {
        let (pusher, one) = bounded_lossy(1, DropOldest);
        pusher.push(Arc::new(0)).unwrap();
        let forks = thread::spawn(move || {
            let two = one.fork();
            [one, two]
        });
        pusher.push(Arc::new(1)).unwrap();
        let cursors = forks.join().unwrap();
        pusher.push(Arc::new(2)).unwrap();
        for mut cursor in cursors {
            assert!(cursor.is_lagged());
            assert_eq!(cursor.try_next().as_deref(), Ok(&2));
            assert_eq!(cursor.missed(), 2);
        }
    });
}

#[test]
fn last_laggard_leaves_against_push() {
    model(|| {
        let (pusher, one) = bounded_lossy(1, DropOldest);
        let two = one.fork();
        let item = Arc::new(());
        for _ in 0..2 {
            pusher.push(item.clone()).unwrap();
        }
        assert!(one.is_lagged() && two.is_lagged());
        let leaver = thread::spawn(move || drop(one));
        let _ = pusher.push(item.clone());
        drop(two);
        let refused = pusher.push(item.clone());
        leaver.join().unwrap();
        // The other thread may drop the last cursor.
        drop(refused);
        assert!(matches!(pusher.push(item.clone()), Err(TryPushError::NoCursor(_))));
        assert_eq!(Arc::strong_count(&item), 1);
    });
}

/// Two laggards return while the keeper moves. One of them takes the keeper itself. A laggard finds
/// no item if it returns while the push is not finished.
#[test]
fn laggards_return_while_keeper_moves() {
    model(|| {
        let (pusher, one) = bounded_lossy(1, DropOldest);
        let two = one.fork();
        for n in 0..2 {
            pusher.push(Arc::new(n)).unwrap();
        }
        let readers = [one, two].map(|mut cursor| {
            thread::spawn(move || {
                let read = usize::from(cursor.try_next().is_ok());
                (cursor, read)
            })
        });
        pusher.push(Arc::new(2)).unwrap();
        for reader in readers {
            let (mut cursor, mut read) = reader.join().unwrap();
            read += core::iter::from_fn(|| cursor.try_next().ok()).count();
            assert_eq!(read + cursor.missed(), 3);
        }
    });
}

/// The cursor waits at the last slot of a block, so the second push does not wake it. The cut of the
/// second push must.
#[test]
fn cut_wakes_reader_before_its_push_does() {
    wide_model(|| {
        let (pusher, mut cursor) = bounded_lossy(1, Disconnect);
        pusher.push(0).unwrap();
        assert_eq!(poll_once(&mut cursor), Poll::Ready(Some(0)));
        let producers = [1, 2].map(|n| {
            let pusher = pusher.clone();
            thread::spawn(move || drop(pusher.push(n)))
        });
        let read = block_on(cursor.next());
        assert!(read.is_some() || cursor.is_lagged());
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        drop(pusher);
    });
}
