//! Tests of the gate alone: wrap-around, and what is watched.

use alloc::{sync::Arc, vec::Vec};
use core::task::{Context, Poll, Waker};

use super::{Gate, cell::Cell, count, request::Request};
use crate::bounded::error::TryReserveError;

/// First indices just before each field wraps around, for words of both widths.
fn starts() -> impl Iterator<Item = usize> {
    let half = usize::BITS / 2;
    let widths =
        [0, half].into_iter().flat_map(|narrower| (0..=3).map(move |bits| narrower + bits));
    let limits = widths.map(|bits| usize::MAX >> bits).chain([0]);
    limits.flat_map(|limit| (0..4).map(move |before| limit.wrapping_sub(before)))
}

fn poll(request: &mut Request, gate: &Gate) -> Poll<bool> {
    request.poll(gate, &mut Context::from_waker(Waker::noop())).map(|answer| answer.is_ok())
}

#[test]
fn capacity_is_exact_across_wrap() {
    for start in starts() {
        let caps: &[usize] = if cfg!(miri) { &[1, 3] } else { &[1, 2, 3, 16, 57, 60] };
        for &cap in caps {
            let (gate, first) = Gate::new(start, cap);
            let second = gate.fork(&first);
            assert_eq!(gate.try_admit(1, cap + 1), Ok(cap));
            for _ in 0..if cfg!(miri) { 4 } else { 200 } {
                assert_eq!(gate.try_admit(1, 1), Err(TryReserveError::Full), "start {start}");
                assert_eq!((gate.room(), gate.used()), (0, cap));
                gate.advance(&first, 1);
                assert_eq!(gate.try_admit(1, 1), Err(TryReserveError::Full), "start {start}");
                gate.advance(&second, 1);
                assert_eq!((gate.room(), gate.used()), (1, cap - 1));
                assert_eq!(gate.try_admit(1, 2), Ok(1), "start {start}");
            }
            gate.release(cap);
            assert_eq!(gate.room(), cap);
        }
    }
}

#[test]
fn line_works_across_wrap() {
    for start in starts() {
        let (gate, cell) = Gate::new(start, 2);
        for _ in 0..if cfg!(miri) { 2 } else { 10 } {
            assert_eq!(gate.try_admit(2, 2), Ok(2));
            let mut requests: Vec<Request> = (1..=2).map(Request::new).collect();
            assert!(requests.iter_mut().all(|request| poll(request, &gate).is_pending()));
            gate.advance(&cell, 1);
            assert_eq!(poll(&mut requests[0], &gate), Poll::Ready(true));
            gate.advance(&cell, 1);
            assert!(poll(&mut requests[1], &gate).is_pending());
            gate.advance(&cell, 1);
            assert_eq!(poll(&mut requests[1], &gate), Poll::Ready(true));
            gate.advance(&cell, 2);
            assert_eq!(gate.used(), 0);
        }
    }
}

#[test]
fn subscriber_ahead_of_stale_count_gets_no_less_room() {
    for start in starts() {
        let (gate, cell) = Gate::new(start, 3);
        let late = gate.subscribe(|| ((), count::wrap(start).wrapping_add(1))).1;
        gate.advance(&cell, 1);
        gate.leave(&cell);
        assert_eq!(gate.used(), 0);
        assert_eq!(gate.try_admit(1, 9), Ok(4), "the first item is not counted yet");
        gate.leave(&late);
    }
}

/// The slot of a granted request belongs to the next one.
#[test]
fn granted_request_takes_no_slot_of_next() {
    let (gate, cell) = Gate::new(7, 2);
    assert_eq!(gate.try_admit(2, 2), Ok(2));
    let [mut granted, mut cancelled, mut next] = [(); 3].map(|()| Request::new(1));
    assert!(poll(&mut granted, &gate).is_pending());
    assert!(poll(&mut cancelled, &gate).is_pending());
    gate.advance(&cell, 2);
    assert!(poll(&mut next, &gate).is_pending());
    assert_eq!(poll(&mut granted, &gate), Poll::Ready(true));
    cancelled.cancel(&gate);
    assert_eq!(gate.used(), 2);
    assert_eq!(poll(&mut next, &gate), Poll::Ready(true), "the room of the cancelled request");
}

/// Later grants are not those of a refused request.
#[test]
fn refused_request_stays_refused_after_grant() {
    let (gate, cell) = Gate::new(7, 1);
    assert_eq!(gate.try_admit(1, 1), Ok(1));
    let [mut refused, mut granted] = [(); 2].map(|()| Request::new(1));
    assert!(poll(&mut refused, &gate).is_pending());
    gate.leave(&cell);
    let late = gate.subscribe(|| ((), 8)).1;
    assert_eq!(gate.try_admit(1, 1), Ok(1));
    assert!(poll(&mut granted, &gate).is_pending());
    gate.advance(&late, 1);
    assert_eq!(poll(&mut granted, &gate), Poll::Ready(true));
    assert_eq!(poll(&mut refused, &gate), Poll::Ready(false));
}

#[test]
fn request_granted_before_close_keeps_grant() {
    let (gate, cell) = Gate::new(7, 1);
    assert_eq!(gate.try_admit(1, 1), Ok(1));
    let [mut granted, mut refused] = [(); 2].map(|()| Request::new(1));
    assert!(poll(&mut granted, &gate).is_pending());
    assert!(poll(&mut refused, &gate).is_pending());
    gate.advance(&cell, 1);
    gate.close().wake();
    assert_eq!(poll(&mut refused, &gate), Poll::Ready(false));
    assert_eq!(poll(&mut granted, &gate), Poll::Ready(true));
}

#[test]
fn read_after_served_line_is_not_watched() {
    let (gate, cell) = Gate::new(7, 1);
    assert_eq!(gate.try_admit(1, 1), Ok(1));
    let mut request = Request::new(1);
    assert!(poll(&mut request, &gate).is_pending());
    gate.advance(&cell, 1);
    assert_eq!(poll(&mut request, &gate), Poll::Ready(true));
    assert!(!cell.advance(1), "a read that no request waits for must not take the slow lock");
    assert!(!cell.advance(1));
}

/// The last request in line is cancelled, is granted the room of a permit, or is refused.
#[test]
fn read_after_line_is_empty_is_not_watched() {
    let ends: [fn(&Gate, &mut Request); 3] = [
        |gate, request| request.cancel(gate),
        |gate, _| gate.release(1),
        |gate, _| gate.close().wake(),
    ];
    for end in ends {
        let (gate, cell) = Gate::new(7, 2);
        assert_eq!(gate.try_admit(2, 2), Ok(2));
        let mut request = Request::new(1);
        assert!(poll(&mut request, &gate).is_pending());
        assert!(cell.is_watched());
        end(&gate, &mut request);
        assert!(!cell.is_watched());
        request.cancel(&gate);
    }
}

/// Otherwise each cursor that leaves scans all others.
#[test]
fn scan_starts_at_slowest_after_others_leave() {
    let (gate, first) = Gate::new(7, 1);
    let mut cells: Vec<Arc<Cell>> = (0..9).map(|_| gate.fork(&first)).collect();
    assert_eq!(gate.try_admit(1, 1), Ok(1));
    let slowest = cells.pop().unwrap();
    gate.advance(&first, 1);
    for cell in &cells {
        gate.advance(cell, 1);
    }
    assert_eq!(gate.used(), 1);
    for cell in cells.into_iter().rev().chain([first]) {
        gate.leave(&cell);
        let start = gate.slow.with(|slow| slow.cells[slow.slowest].clone());
        assert!(Arc::ptr_eq(&start, &slowest));
    }
}

#[cfg(panic = "unwind")]
#[test]
fn newcomer_whose_wake_panics_keeps_its_grant() {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;

    struct Panics;
    impl alloc::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("waker");
        }
    }
    let (gate, cell) = Gate::new(7, 2);
    assert_eq!(gate.try_admit(2, 2), Ok(2));
    let [mut front, mut newcomer] = [Request::new(1), Request::new(1)];
    let bad = Waker::from(Arc::new(Panics));
    assert!(front.poll(&gate, &mut Context::from_waker(&bad)).is_pending());
    // The thread of the cursor has not taken the slow lock yet.
    assert!(cell.advance(2), "the cell is watched");
    // Grants both requests.
    let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut newcomer, &gate)));
    assert!(polled.is_err() && newcomer.is_queued());
    assert_eq!(gate.used(), 2);
    newcomer.cancel(&gate);
    front.cancel(&gate);
    assert_eq!(gate.used(), 0);
}

#[test]
fn one_cell_of_many_is_watched() {
    let (gate, first) = Gate::new(7, 1);
    let cells: Vec<Arc<Cell>> = (0..9).map(|_| gate.fork(&first)).chain([first.clone()]).collect();
    assert_eq!(gate.try_admit(1, 1), Ok(1));
    let mut request = Request::new(1);
    assert!(poll(&mut request, &gate).is_pending());
    let watched = cells.iter().filter(|cell| cell.is_watched()).count();
    assert_eq!(watched, 1);
    for (read, cell) in cells.iter().enumerate() {
        assert!(poll(&mut request, &gate).is_pending(), "after {read} reads");
        gate.advance(cell, 1);
    }
    assert_eq!(poll(&mut request, &gate), Poll::Ready(true));
}
