//! Stories of `close` and `closed`.

use aiter_core::{Cursor, PushError, Pusher, TryNextError, push_list};
use loom::{cell::UnsafeCell, sync::Arc, thread};

use super::*;

/// Pushes until the list refuses an item. Returns the pusher and the accepted items.
fn spawn_pushes(pusher: Pusher<u32>) -> thread::JoinHandle<(Pusher<u32>, Vec<u32>)> {
    thread::spawn(move || {
        let accepted = (1..=2).take_while(|&n| pusher.push(n).is_ok()).collect();
        (pusher, accepted)
    })
}

#[test]
fn close_during_pushes_keeps_accepted_items() {
    model(|| {
        let (pusher, cursor) = push_list();
        let producer = spawn_pushes(pusher);
        cursor.close();
        let items = read_all(cursor);
        let (pusher, accepted) = producer.join().unwrap();
        assert_eq!(items, accepted);
        assert_eq!(pusher.push(9), Err(PushError::Stopped(9)));
    });
}

#[test]
fn close_wakes_waiting_cursor() {
    model(|| {
        let (_pusher, cursor) = push_list::<u32>();
        let fork = cursor.fork();
        let reader = thread::spawn(move || read_all(fork));
        cursor.close();
        assert_eq!(reader.join().unwrap(), []);
    });
}

/// The pusher becomes unique for the first time while the cursor closes the list.
#[test]
fn close_during_unique_pushes_keeps_accepted_items() {
    model(|| {
        let (mut pusher, cursor) = push_list();
        let producer = thread::spawn(move || {
            let mut unique = pusher.unique().unwrap();
            let accepted: Vec<u32> = (1..=3).take_while(|&n| unique.push(n).is_ok()).collect();
            // A refused push has stopped the list, so the reader ends while the pusher lives.
            let kept = (accepted.len() < 3).then_some(pusher);
            (kept, accepted)
        });
        cursor.close();
        let items = read_all(cursor);
        assert_eq!(items, producer.join().unwrap().1);
    });
}

/// What a thread did before it closed the list happens before a push is refused.
fn assert_refused_push_sees_writes_before_close(may_be_unique: fn(&mut Pusher<u32>)) {
    model(move || {
        let (mut pusher, cursor) = push_list();
        may_be_unique(&mut pusher);
        let data = Arc::new(UnsafeCell::new(0));
        let closer = {
            let data = data.clone();
            thread::spawn(move || {
                data.with_mut(|_| ());
                cursor.close();
                cursor
            })
        };
        if pusher.push(1).is_err() {
            data.with_mut(|_| ());
        }
        drop(closer.join().unwrap());
    });
}

#[test]
fn refused_push_sees_writes_before_close() {
    assert_refused_push_sees_writes_before_close(|_| ());
}

/// The cursor leaves the stop to the pusher.
#[test]
fn refused_push_of_unique_sees_writes_before_close() {
    assert_refused_push_sees_writes_before_close(|pusher| assert!(pusher.unique().is_some()));
}

/// A pusher was unique, then is cloned. `close` then stops the list itself.
#[test]
fn close_after_unique_push_of_cloned_pusher_ends_list() {
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        let producer = thread::spawn(move || {
            let mut accepted = u32::from(pusher.unique().unwrap().push(1).is_ok());
            let other = pusher.clone();
            accepted += u32::from(other.push(2).is_ok());
            (pusher, other, accepted)
        });
        cursor.close();
        let (pusher, other, accepted) = producer.join().unwrap();
        assert!(other.push(3).is_err() && pusher.is_stopped());
        let items: Vec<_> = core::iter::from_fn(|| cursor.try_next().ok()).collect();
        assert!(items.into_iter().eq(1..=accepted));
        assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    });
}

#[test]
fn two_closes_end_list() {
    model(|| {
        let (mut pusher, mut cursor) = push_list();
        pusher.unique().unwrap().push(1).unwrap();
        let fork = cursor.fork();
        let other = thread::spawn(move || fork.close());
        let upgraded = pusher.clone();
        cursor.close();
        other.join().unwrap();
        assert_eq!(upgraded.push(2), Err(PushError::Stopped(2)));
        assert_eq!(cursor.try_next(), Ok(1));
        assert_eq!(cursor.try_next(), Err(TryNextError::Ended));
    });
}

/// Waits with `closed` on one thread, and ends the list on another, which may return the cursor.
fn assert_closed_resolves(end: fn(Cursor<u32>, Pusher<u32>) -> Option<Cursor<u32>>) {
    model(move || {
        let (pusher, cursor) = push_list();
        let other = pusher.clone();
        let ends = thread::spawn(move || end(cursor, other));
        block_on(pusher.closed());
        assert!(pusher.push(1).is_err());
        let _cursor = ends.join().unwrap();
    });
}

#[test]
fn closed_during_last_cursor_drop_resolves() {
    assert_closed_resolves(|_cursor, _pusher| None);
}

#[test]
fn closed_during_last_taker_drop_resolves() {
    assert_closed_resolves(|cursor, _pusher| {
        drop(cursor.share());
        None
    });
}

#[test]
fn closed_during_stop_resolves() {
    assert_closed_resolves(|cursor, pusher| {
        pusher.stop();
        Some(cursor)
    });
}

#[test]
fn closed_beside_unique_pusher_resolves() {
    model(|| {
        let (mut pusher, cursor) = push_list::<u32>();
        assert!(pusher.unique().is_some());
        let closer = thread::spawn(move || {
            cursor.close();
            cursor
        });
        block_on(pusher.closed());
        assert_eq!(pusher.push(1), Err(PushError::Stopped(1)));
        let _cursor = closer.join().unwrap();
    });
}

/// Both allocate the queue at once, and one of them registers in the queue of the other.
#[test]
fn two_closed_during_last_cursor_drop_resolve() {
    wide_model(|| {
        let (pusher, cursor) = push_list::<u32>();
        let other = pusher.clone();
        let drops = thread::spawn(move || drop(cursor));
        let waits = thread::spawn(move || block_on(other.closed()));
        block_on(pusher.closed());
        waits.join().unwrap();
        drops.join().unwrap();
    });
}

/// A `closed` that waits again behind a subscriber is notified by the drop of that subscriber.
#[test]
fn closed_behind_subscriber_resolves_at_its_drop() {
    model(|| {
        let (pusher, cursor) = push_list::<u32>();
        let other = pusher.clone();
        let drops = thread::spawn(move || {
            drop(cursor);
            drop(other.subscribe());
        });
        block_on(pusher.closed());
        drops.join().unwrap();
        assert!(pusher.is_closed());
    });
}

#[test]
fn seek_during_pushes_keeps_later_items() {
    model(|| {
        let (pusher, mut cursor) = push_list();
        let mut fork = cursor.fork();
        pusher.push(0).unwrap();
        let producer = spawn_pushes(pusher);
        let seeks = thread::spawn(move || {
            let skipped = cursor.seek_to_end() as u32;
            (skipped, cursor)
        });
        let latest = fork.latest().unwrap();
        let (skipped, cursor) = seeks.join().unwrap();
        let (pusher, _) = producer.join().unwrap();
        drop(pusher);
        assert!(read_all(cursor).into_iter().eq(skipped..=2));
        assert!(read_all(fork).into_iter().eq(latest + 1..=2));
    });
}
