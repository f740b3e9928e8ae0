//! Answers to the requests in line. See the head of `mod.rs`.

use aiter_core::PushErrorKind;

use crate::{
    bounded::gate::{CLOSED, Gate, REFUSED, Slow, WAITERS, count, line::Wakers},
    sync::Ordering,
};

impl Gate {
    /// Calls `change` under the slow lock, serves the line, and then calls the wakers.
    pub(super) fn serve_locked(&self, change: impl FnOnce(&mut Slow)) {
        let wakers = self.slow.with(|slow| {
            change(slow);
            self.serve(slow)
        });
        wakers.wake();
    }

    /// Grants requests from the front of the line while there is room, then watches the slowest
    /// cell. Returns the wakers of the requests that were answered.
    pub(super) fn serve(&self, slow: &mut Slow) -> Wakers {
        let mut wakers = Wakers::default();
        loop {
            if slow.line.is_empty() {
                self.end_wait(slow);
                return wakers;
            }
            let Some((min, slowest)) = self.raise_min(slow) else {
                self.refuse_all(slow, PushErrorKind::NoCursor, &mut wakers);
                continue;
            };
            while let Some(want) = slow.line.front_want() {
                // A grant to the last request clears `WAITERS` in the same step.
                let clear = if slow.line.is_single() { WAITERS } else { 0 };
                if self.admit_before(CLOSED, clear, want, want).is_err() {
                    break;
                }
                wakers.push(slow.line.grant_front());
            }
            if !slow.line.is_empty() && slow.cells[slowest].watch(min) {
                return wakers;
            }
        }
    }

    /// Clears `WAITERS`, and `WATCHED` of a cell that has not moved. The line is empty.
    fn end_wait(&self, slow: &Slow) {
        // Relaxed, both: the flag only changes under the slow lock.
        if self.admitted.0.load(Ordering::Relaxed) & WAITERS != 0 {
            self.admitted.0.fetch_and(!WAITERS, Ordering::Relaxed);
        }
        // Until it moves, the cell that is watched stays the slowest one.
        if let Some(cell) = slow.cells.get(slow.slowest) {
            cell.clear_watch();
        }
    }

    fn refuse_all(&self, slow: &mut Slow, kind: PushErrorKind, wakers: &mut Wakers) {
        // Relaxed: a request that sees `WAITERS` cleared sees this flag in the same word.
        self.admitted.0.fetch_or(REFUSED, Ordering::Relaxed);
        while !slow.line.is_empty() {
            wakers.push(slow.line.refuse_front(kind));
        }
    }

    /// Scans the cells and raises `min`. Returns `min`, and the place of a cell that stands there.
    /// Returns `None` if the list has no cursor.
    ///
    /// Starts at the slowest cell of the last scan, and ends at a cell that stands at the old
    /// `min`. So the scans go around once for each item, and take constant time for each item and
    /// cursor.
    pub(super) fn raise_min(&self, slow: &mut Slow) -> Option<(usize, usize)> {
        // Relaxed: only written under the slow lock.
        let old = self.min.0.load(Ordering::Relaxed);
        let (after, before) = (slow.slowest..slow.cells.len(), 0..slow.slowest);
        let mut slowest: Option<(usize, usize)> = None;
        for at in after.chain(before) {
            let ahead = count::distance(slow.cells[at].position(), old);
            if slowest.is_none_or(|(least, _)| ahead < least) {
                slowest = Some((ahead, at));
            }
            if ahead == 0 {
                break;
            }
        }
        let (ahead, at) = slowest?;
        let min = count::wrap(old.wrapping_add(ahead));
        if ahead > 0 {
            // Release: partner of `try_admit`, for the reads of the cursors.
            self.min.0.store(min, Ordering::Release);
        }
        slow.slowest = at;
        Some((min, at))
    }

    /// Refuses all requests from now on. Returns the wakers of the tasks that wait.
    pub(in crate::bounded) fn close(&self) -> Wakers {
        self.slow.with(|slow| {
            // Relaxed: the slow lock orders the line.
            self.admitted.0.fetch_or(CLOSED, Ordering::Relaxed);
            let mut wakers = Wakers::default();
            self.refuse_all(slow, PushErrorKind::Stopped, &mut wakers);
            self.end_wait(slow);
            wakers
        })
    }
}
