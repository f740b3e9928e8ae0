use aiter_core::Cursor;

use crate::contestants::traits::RUN;
use crate::harness::{Item, Tally};

pub(super) const LISTENING: &str = "the cursor is alive and the list goes on";

/// Takes up to `max` items in runs, passes each to `each` and returns their number.
#[inline]
pub(super) fn take_many<T: Item>(
    cursor: &mut Cursor<T>,
    buf: &mut Vec<T>,
    max: usize,
    mut each: impl FnMut(T),
) -> usize {
    let mut taken = 0;
    while taken < max {
        let run = cursor.try_next_many(buf, max - taken);
        if run == 0 {
            break;
        }
        taken += run;
        for item in buf.drain(..) {
            each(item);
        }
    }
    taken
}

/// Awaits up to `max` items, in runs.
pub(super) async fn read_many(cursor: &mut Cursor<u64>, buf: &mut Vec<u64>, max: usize) -> Tally {
    let (mut tally, mut left) = (Tally::default(), max);
    while left > 0 {
        let run = cursor.next_many(buf, left.min(RUN)).await;
        if run == 0 {
            break;
        }
        left -= run;
        tally = tally.and(Tally::sum_of(buf.drain(..)));
    }
    tally
}
