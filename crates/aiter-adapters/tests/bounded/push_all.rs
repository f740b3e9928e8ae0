//! `push_all`.

use aiter_adapters::bounded;
use aiter_core::PushErrorKind;

use crate::{once, ready, wait};

#[test]
fn push_all_waits_between_runs() {
    const ITEMS: usize = if cfg!(miri) { 70 } else { 200 };
    let caps: &[usize] = if cfg!(miri) { &[1, 57] } else { &[1, 2, 3, 16, 57, 60] };
    for &cap in caps {
        let (pusher, mut cursor) = bounded(cap);
        let mut push = pusher.push_all(0..ITEMS);
        let mut read = 0;
        while once(&mut push).is_pending() {
            assert_eq!(cursor.len(), cap);
            assert_eq!(cursor.try_next(), Ok(read));
            read += 1;
        }
        let mut rest = Vec::new();
        assert_eq!(ready(cursor.next_many(&mut rest, 1000)), ITEMS - read);
        assert!(rest.into_iter().eq(read..ITEMS));
        assert_eq!(pusher.capacity(), cap);
    }
}

#[test]
fn push_all_of_exact_capacity_does_not_wait() {
    let (pusher, cursor) = bounded(4);
    assert_eq!(ready(pusher.push_all(0..4)).unwrap(), 4);
    assert_eq!(ready(pusher.push_all(core::iter::empty())).unwrap(), 0);
    assert_eq!(cursor.len(), 4);
}

#[test]
fn push_all_of_unknown_length_takes_all() {
    let (pusher, mut cursor) = bounded(100);
    let items = (0..80).filter(|n| n % 2 == 0);
    assert_eq!(ready(pusher.push_all(items)).unwrap(), 40);
    assert_eq!(pusher.capacity(), 60);
    assert_eq!(cursor.try_next(), Ok(0));
}

/// An iterator whose lower bound is too high.
struct Liar(u32);

impl Iterator for Liar {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.checked_sub(1)?;
        Some(self.0)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

#[test]
fn push_all_with_wrong_hint_returns_places() {
    let (pusher, cursor) = bounded(100);
    assert_eq!(ready(pusher.push_all(Liar(40))).unwrap(), 40);
    assert_eq!((pusher.capacity(), cursor.len()), (60, 40));
}

#[test]
fn push_all_refused_returns_all_other_items() {
    for stops in [true, false] {
        let (pusher, cursor) = bounded(4);
        let mut push = pusher.push_all(0..10);
        let waker = wait(&mut push);
        if stops {
            pusher.stop()
        } else {
            drop(cursor)
        }
        assert_eq!(waker.wakes(), 1);
        let error = ready(push).unwrap_err();
        let kind = if stops { PushErrorKind::Stopped } else { PushErrorKind::NoCursor };
        assert_eq!((error.pushed(), error.kind()), (4, kind));
        assert!(error.into_unpushed().eq(4..10));
        let error = ready(pusher.push_all(0..3)).unwrap_err();
        assert_eq!(error.pushed(), 0);
        assert!(error.into_unpushed().eq(0..3));
    }
}

#[test]
fn push_all_dropped_in_line_passes_place() {
    let (pusher, mut cursor) = bounded(2);
    let mut all = pusher.push_all(0..10);
    let mut push = pusher.push(100);
    let wakers = [wait(&mut all), wait(&mut push)];
    drop(all);
    assert_eq!(wakers[0].held(), 0);
    assert_eq!(cursor.try_next(), Ok(0));
    assert_eq!(wakers[1].wakes(), 1);
    assert!(ready(push).is_ok());
}
