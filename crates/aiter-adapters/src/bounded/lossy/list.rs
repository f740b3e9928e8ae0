//! What the handles of one lossy list share: when a push cuts cursors, and which.
//!
//! # When
//! `due` is the index from which on a push takes the slow lock. It is at most `cap` after the
//! slowest cursor. With a keeper, it is also less than `cap + step` after the keeper, so the keeper
//! moves once for `step` pushes. A value that is too low costs a scan. A push that overlaps with a
//! fork or the return of a laggard may load a value that is too high; the next push makes good for
//! it.
//!
//! # Full
//! A cursor in a held seat cannot be cut, so its reader pins what is pushed meanwhile. The same
//! holds for a push that is not finished. If they pin `MAX_PINNED` items, pushes are refused.
//!
//! # Ordering policy
//! `due` and `is_full` are Relaxed, because they only lead to the slow lock, which orders the rest.

use alloc::vec::Vec;

use aiter_core::{Cursor, Pusher, WeakPusher};

use crate::{
    bounded::{
        gate::slow_lock::SlowLock,
        lossy::{
            LossyPolicy, MAX_STEP, is_before,
            keeper::{Gone, Items, Keeper},
            seat::Seat,
        },
    },
    sync::{Arc, AtomicBool, AtomicUsize, Ordering},
};

/// Number of items that may be pinned beside the newest `cap`.
///
/// A thread may lose its processor in the middle of a read. A producer pushes some 200,000 items in
/// a time slice of 4 ms, and none of these pushes may fail.
const MAX_PINNED: usize = 1 << 20;
/// The largest capacity. A difference of two indices is then never ambiguous.
const MAX_CAP: usize = usize::MAX / 8;

/// What the handles of one lossy list share.
pub(super) struct LossyList<T> {
    /// For the handles that do not keep the list from ending.
    pub(super) core: WeakPusher<T>,
    pub(super) cap: usize,
    pub(super) policy: LossyPolicy,
    /// The index from which on a push takes the slow lock.
    due: AtomicUsize,
    /// The last push found too many items pinned.
    is_full: AtomicBool,
    slow: SlowLock<Slow<T>>,
}

/// What the slow lock guards.
struct Slow<T> {
    /// The seats of all cursors that are not cut.
    seats: Vec<Arc<Seat<T>>>,
    keeper: Keeper<T>,
}

impl<T> LossyList<T> {
    /// Makes the list of a core list and its first cursor. Returns it with the seat of the cursor.
    pub(super) fn new(
        core: &Pusher<T>,
        cursor: Cursor<T>,
        cap: usize,
        policy: LossyPolicy,
    ) -> (Arc<Self>, Arc<Seat<T>>) {
        let cap = cap.min(MAX_CAP);
        let due = AtomicUsize::new(cursor.index().wrapping_add(cap));
        let seat = Arc::new(Seat::new(cursor));
        let slow = Slow { seats: alloc::vec![seat.clone()], keeper: Keeper::new() };
        let (is_full, slow) = (AtomicBool::new(false), SlowLock::new(slow));
        (Arc::new(Self { core: core.downgrade(), cap, policy, due, is_full, slow }), seat)
    }

    /// Cuts the cursors that the push of the item at `index` has left behind.
    #[inline]
    pub(super) fn after_push(&self, index: usize) {
        // Relaxed: see the head of this file.
        if !is_before(index, self.due.load(Ordering::Relaxed)) {
            self.make_room(index.wrapping_add(1));
        }
    }

    /// Returns `true` if too many items are pinned. Tries to cut cursors first.
    #[inline]
    pub(super) fn is_full(&self, core: &Pusher<T>) -> bool {
        // Relaxed: see the head of this file.
        self.is_full.load(Ordering::Relaxed) && self.is_full_slow(core)
    }

    #[cold]
    fn is_full_slow(&self, core: &Pusher<T>) -> bool {
        // The push itself tells that the list is stopped.
        !core.is_stopped() && self.make_room(core.index())
    }

    /// Cuts the cursors that are more than `cap` items before `end`, and moves the keeper. Returns
    /// `true` if too many items are pinned.
    #[cold]
    fn make_room(&self, end: usize) -> bool {
        // Before the lock, so that they are dropped after the lock is open. That is user code.
        let (mut items, mut gone) = (Items::new(), None);
        self.slow.with(|slow| {
            let (cap, slowest) = (self.cap as isize, slow.lag(end));
            let mut kept = slow.keeper.lag(end);
            // Most pushes find no cursor to cut. A cursor that was just cut would still count as a
            // reader, and its drop would leave the items.
            if slowest <= cap && kept > cap {
                kept -= slow.keeper.trim_in_block((kept - cap) as usize, &mut items) as isize;
            }
            if slowest.max(kept) <= cap {
                return self.set_limits(slowest, kept, end);
            }
            self.make_room_slow(slow, end, gone.insert(Gone::new()))
        })
    }

    #[inline(never)]
    fn make_room_slow(&self, slow: &mut Slow<T>, end: usize, gone: &mut Gone<T>) -> bool {
        let limit = end.wrapping_sub(self.cap);
        slow.cut_before(limit, self.policy, gone);
        slow.keeper.trim(limit, gone);
        self.set_limits(slow.lag(end), slow.keeper.lag(end), end)
    }

    /// Sets `due` and `is_full`, and returns the latter. `slowest` and `kept` tell how far the
    /// slowest cursor and the keeper are before `end`.
    fn set_limits(&self, slowest: isize, kept: isize, end: usize) -> bool {
        let step = (self.cap / 4).clamp(1, MAX_STEP) as isize;
        let before = slowest.max(kept - (step - 1)) as usize;
        // Relaxed, both: see the head of this file.
        self.due.store(end.wrapping_add(self.cap).wrapping_sub(before), Ordering::Relaxed);
        let is_full = slowest.max(kept) >= (self.cap + MAX_PINNED) as isize;
        self.is_full.store(is_full, Ordering::Relaxed);
        is_full
    }

    /// Adds the seat of a cursor that is not cut.
    fn add_seat(&self, slow: &mut Slow<T>, seat: &Arc<Seat<T>>) {
        seat.set_at(slow.seats.len());
        slow.seats.push(seat.clone());
        let due = seat.position().wrapping_add(self.cap);
        // Relaxed, both: see the head of this file.
        if is_before(due, self.due.load(Ordering::Relaxed)) {
            self.due.store(due, Ordering::Relaxed);
        }
    }

    /// Makes a cursor at the end of the list, and its seat.
    pub(super) fn subscribe(&self) -> Arc<Seat<T>>
    where
        T: Clone + Sync,
    {
        self.slow.with(|slow| {
            slow.keeper.set_fork();
            // No user code runs under the lock: the new cursor drops later what `subscribe` would
            // drop.
            let seat = Arc::new(Seat::new(self.core.subscribe_without_reclaim()));
            self.add_seat(slow, &seat);
            seat
        })
    }

    /// Forks the cursor in a seat, and makes the seat of the fork. If the cursor is cut, so is the
    /// fork.
    pub(super) fn fork(&self, seat: &Seat<T>) -> Arc<Seat<T>>
    where
        T: Clone + Sync,
    {
        // First, because the cursor may be cut as soon as its seat is free.
        self.slow.with(|slow| slow.keeper.set_fork());
        let fork = seat.hold().as_ref().map(Cursor::fork);
        let is_cut = fork.is_none();
        let new = Arc::new(fork.map_or_else(|| Seat::cut_at(seat.position()), Seat::new));
        self.slow.with(|slow| match (is_cut, self.policy) {
            (false, _) => self.add_seat(slow, &new),
            (true, LossyPolicy::DropOldest) => slow.keeper.add_fork(),
            (true, LossyPolicy::Disconnect) => {}
        });
        new
    }

    /// Returns a cursor for a laggard that returns to its seat. It is before the oldest of the
    /// newest `cap` items, or at it. Returns `None` if the laggard was cut off.
    ///
    /// Until the cursor is in the seat, no push cuts it.
    #[cold]
    pub(super) fn resume(&self, seat: &Arc<Seat<T>>) -> Option<Cursor<T>> {
        if self.policy == LossyPolicy::Disconnect {
            return None;
        }
        self.slow.with(|slow| {
            let cursor = slow.keeper.take();
            seat.set_position(cursor.index());
            self.add_seat(slow, seat);
            Some(cursor)
        })
    }

    /// Removes the cursor of a seat, whose owner is dropped.
    pub(super) fn leave(&self, seat: &Seat<T>) {
        let mut gone = Gone::new();
        self.slow.with(|slow| {
            // Does not wait: no push holds the seat, because it would have the slow lock.
            let mut cursor = seat.hold().take();
            if cursor.is_some() {
                slow.remove_seat(seat.at());
            } else if self.policy == LossyPolicy::DropOldest {
                cursor = slow.keeper.leave();
            }
            if let Some(cursor) = cursor {
                gone.add_cursor(cursor);
            }
        });
        // User code.
        drop(gone);
    }

    /// Returns the number of cursors that are not cut off.
    pub(super) fn cursor_count(&self) -> usize {
        self.slow.with(|slow| slow.cursor_count())
    }

    /// Returns the number of items that the slowest cursor is to read.
    pub(super) fn len(&self, core: &Pusher<T>) -> usize {
        self.slow.with(|slow| {
            if slow.keeper.laggards() > 0 {
                return self.cap;
            }
            let end = core.index();
            let unread = slow.seats.iter().map(|seat| end.wrapping_sub(seat.position()));
            unread.max().unwrap_or(0).min(self.cap)
        })
    }
}

impl<T> Slow<T> {
    fn cursor_count(&self) -> usize {
        self.seats.len() + self.keeper.laggards()
    }

    /// Returns how far the slowest cursor that is not cut is before `end`, or 0.
    fn lag(&self, end: usize) -> isize {
        let lag = |seat: &Arc<Seat<T>>| end.wrapping_sub(seat.position()) as isize;
        self.seats.iter().map(lag).max().unwrap_or(0)
    }

    fn cut_before(&mut self, limit: usize, policy: LossyPolicy, gone: &mut Gone<T>) {
        let mut at = 0;
        while let Some(seat) = self.seats.get(at) {
            match seat.cut_before(limit) {
                Some(cursor) => {
                    self.remove_seat(at);
                    self.keeper.add(cursor, policy, gone);
                }
                None => at += 1,
            }
        }
    }

    fn remove_seat(&mut self, at: usize) {
        self.seats.swap_remove(at);
        if let Some(moved) = self.seats.get(at) {
            moved.set_at(at);
        }
    }
}
