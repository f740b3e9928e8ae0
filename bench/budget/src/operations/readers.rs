//! Forked and shared cursors.

use core::hint::black_box;

use aiter_core::push_list;

use super::{BURST, LISTENING, Marks};

const FORKS: u64 = 8;

pub(super) fn fork(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    pusher.push_all(0..1000).expect(LISTENING);
    drop(cursor.fork());
    marks(&mut || (0..times).for_each(|_| drop(black_box(cursor.fork()))));
}

pub(super) fn delivered(times: u64, marks: Marks<'_>) {
    let (pusher, first) = push_list();
    let mut cursors: Vec<_> = (1..FORKS).map(|_| first.fork()).collect();
    cursors.push(first);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        for cursor in &mut cursors {
            while let Ok(item) = cursor.try_next() {
                black_box(item);
            }
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / (BURST * FORKS)).for_each(|_| burst()));
}

pub(super) fn delivered_in_runs(times: u64, marks: Marks<'_>) {
    let (pusher, first) = push_list();
    let mut cursors: Vec<_> = (1..FORKS).map(|_| first.fork()).collect();
    cursors.push(first);
    let mut buf = Vec::with_capacity(BURST as usize);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        for cursor in &mut cursors {
            while cursor.try_next_many(&mut buf, BURST as usize) > 0 {
                black_box(&mut buf).clear();
            }
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / (BURST * FORKS)).for_each(|_| burst()));
}

pub(super) fn shared(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    let first = cursor.share();
    let mut takers = [first.clone(), first];
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = takers[0].try_next() {
            black_box(item);
            takers.swap(0, 1);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}
