//! The push list with one pusher and one cursor.

use core::hint::black_box;

use aiter_core::{Cursor, push_list};

use super::{BURST, LISTENING, Marks};

pub(super) fn push(times: u64, marks: Marks<'_>) {
    let (pusher, _cursor) = push_list();
    marks(&mut || {
        for n in 0..times {
            pusher.push(black_box(n)).expect(LISTENING);
        }
    });
}

pub(super) fn pop(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    pusher.push_all(0..times).expect(LISTENING);
    // The last `try_next` finds nothing and frees all memory.
    marks(&mut || {
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    });
}

pub(super) fn bursts(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

pub(super) fn large_bursts(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box([n; 8])).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

pub(super) fn unique_bursts(times: u64, marks: Marks<'_>) {
    let (mut pusher, mut cursor) = push_list();
    let mut burst = || {
        let mut unique = pusher.unique().expect("there is one pusher");
        for n in 0..BURST {
            unique.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

/// A block that retires is appended behind the last linked block.
pub(super) fn reserved<const ROOM: usize>(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    pusher.reserve(ROOM);
    let mut burst = || {
        for n in 0..BURST {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    };
    (0..100).for_each(|_| burst());
    marks(&mut || (0..times / BURST).for_each(|_| burst()));
}

pub(super) fn long_burst(times: u64, marks: Marks<'_>) {
    let (pusher, mut cursor) = push_list();
    pusher.push(0).expect(LISTENING);
    black_box(cursor.try_next().expect("it was pushed"));
    marks(&mut || {
        for n in 0..times {
            pusher.push(black_box(n)).expect(LISTENING);
        }
        while let Ok(item) = cursor.try_next() {
            black_box(item);
        }
    });
}

pub(super) fn runs(times: u64, marks: Marks<'_>) {
    let (pusher, cursor) = push_list();
    in_runs(times, marks, cursor, || {
        pusher.push_all((0..BURST).map(black_box)).expect(LISTENING);
    });
}

pub(super) fn unique_runs(times: u64, marks: Marks<'_>) {
    let (mut pusher, cursor) = push_list();
    let mut unique = pusher.unique().expect("there is one pusher");
    in_runs(times, marks, cursor, || {
        unique.push_all((0..BURST).map(black_box)).expect(LISTENING);
    });
}

/// Pushes a burst and reads it, repeatedly.
fn in_runs(times: u64, marks: Marks<'_>, mut cursor: Cursor<u64>, mut push: impl FnMut()) {
    let mut buf = Vec::with_capacity(BURST as usize);
    let mut run = || {
        push();
        while cursor.try_next_many(&mut buf, BURST as usize) > 0 {
            black_box(&mut buf).clear();
        }
    };
    (0..100).for_each(|_| run());
    marks(&mut || (0..times / BURST).for_each(|_| run()));
}
