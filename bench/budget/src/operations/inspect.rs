//! A list and a cursor that have names in a registry.

use core::hint::black_box;

use aiter::inspect::Registry;

use super::{BURST, LISTENING, Marks};

pub(super) fn bursts(times: u64, marks: Marks<'_>) {
    let (registry, (pusher, cursor)) = (Registry::new(), aiter::push_list());
    let pusher = registry.list("list", pusher);
    let mut cursor = registry.cursor("cursor", cursor);
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

pub(super) fn snapshot(times: u64, marks: Marks<'_>) {
    let (registry, (pusher, cursor)) = (Registry::new(), aiter::push_list());
    let pusher = registry.list("list", pusher);
    let cursor = registry.cursor("cursor", cursor);
    pusher.push(1).expect(LISTENING);
    marks(&mut || {
        for _ in 0..times {
            black_box(registry.snapshot());
        }
    });
    drop(cursor);
}
