//! Handles that share a source keep no waker after the item is read or the stream ends.

use crate::waker::{Counting, next};
use aiter::{AiterExt, push_list};
use core::task::Poll;
use futures_core::Stream;

type Source = aiter::Cursor<u32>;

/// Two handles with separate wakers wait for three items, one at a time, and for the end.
fn keeps_no_waker<S: Stream<Item = u32> + Unpin>(
    handles: impl FnOnce(Source) -> [S; 2],
    both_receive: bool,
) {
    let (pusher, source) = push_list();
    let mut handles = handles(source);
    let wakers = [Counting::new(), Counting::new()];
    let held = || wakers.each_ref().map(Counting::held);
    for item in 0..3 {
        for (handle, waker) in handles.iter_mut().zip(&wakers) {
            assert_eq!(waker.poll(handle), Poll::Pending);
        }
        assert_eq!(held(), [1, 1]);
        // `try_push` is the call for interrupt handlers.
        pusher.try_push(item).unwrap();
        for (n, (handle, waker)) in handles.iter_mut().zip(&wakers).enumerate() {
            if n == 0 || both_receive {
                assert_eq!(waker.poll(handle), Poll::Ready(Some(item)));
                assert_eq!(waker.held(), 0, "handle {n} must drop its waker");
            }
        }
    }
    for (handle, waker) in handles.iter_mut().zip(&wakers) {
        assert_eq!(waker.poll(handle), Poll::Pending);
    }
    pusher.stop();
    for (handle, waker) in handles.iter_mut().zip(&wakers) {
        assert_eq!(waker.poll(handle), Poll::Ready(None));
    }
    assert_eq!(held(), [0, 0]);
    assert_eq!(next(&mut handles[0]), Poll::Ready(None));
}

#[test]
fn forks_keep_no_waker() {
    keeps_no_waker(
        |source| {
            let fork = source.forker();
            [fork.fork(), fork]
        },
        true,
    );
}

#[test]
fn bounded_forks_keep_no_waker() {
    keeps_no_waker(
        |source| {
            let fork = source.forker_bounded(8, aiter::LagPolicy::Wait);
            [fork.fork(), fork]
        },
        true,
    );
}

#[test]
fn clones_of_sharable_keep_no_waker() {
    keeps_no_waker(
        |source| {
            let clone = source.sharable();
            [clone.clone(), clone]
        },
        false,
    );
}

#[test]
fn passive_fork_keeps_no_waker() {
    let (pusher, source) = push_list();
    let mut active = source.forker();
    let mut passive = active.fork_passive();
    let waker = Counting::new();
    for item in 0..3 {
        assert_eq!(waker.poll(&mut passive), Poll::Pending);
        pusher.try_push(item).unwrap();
        assert_eq!(next(&mut active), Poll::Ready(Some(item)));
        assert_eq!(waker.poll(&mut passive), Poll::Ready(Some(item)));
        assert_eq!(waker.held(), 0);
    }
    assert_eq!(waker.poll(&mut passive), Poll::Pending);
    drop(active);
    assert_eq!(waker.poll(&mut passive), Poll::Ready(None));
    assert_eq!(waker.held(), 0);
}
