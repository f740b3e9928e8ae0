//! The keeper: the cursor that keeps the newest items for all cursors that are cut.
//!
//! There is one keeper for any number of laggards. It is the core cursor of the first one, and is
//! moved by pushes, some items at a time. A laggard that returns forks it.
//!
//! # User code
//! The keeper moves under the slow lock, where no item may be dropped. Inside a block, it moves out
//! the items that no other cursor reads, and they are dropped after the lock is open.
//!
//! Other items may have to be dropped as well at the end of a block, beside a cursor that was just
//! cut, and once the last reader beside the keeper has left the block. If the list knows how to
//! clone an item, a fork then moves in place of the keeper. The old keeper is dropped after the
//! lock is open, and that drops the items. If it were still parked, the fork would drop them, so
//! `Cursor::fork_to_skip` makes the fork.
//!
//! If the list does not know how to clone an item, it has had no other cursor, so the keeper moves
//! all items out.

use alloc::vec::Vec;
use core::mem::{needs_drop, replace, take};

use aiter_core::Cursor;

use crate::bounded::{
    gate::line::Wakers,
    lossy::{LossyPolicy, MAX_STEP, is_before},
};

type Fork<T> = fn(&mut Cursor<T>) -> Cursor<T>;

/// The keeper of the items that laggards return to.
pub(super) struct Keeper<T> {
    /// `Some` if there are laggards.
    cursor: Option<Cursor<T>>,
    /// Number of cursors that are cut, and neither returned nor dropped.
    laggards: usize,
    /// `Cursor::fork_to_skip`, from the first call of `fork` or `subscribe` on.
    fork: Option<Fork<T>>,
}

/// Items that are dropped after the slow lock is open, because the drop is user code.
pub(super) struct Items<T> {
    /// A single item needs no allocation.
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Items<T> {
    pub(super) fn new() -> Self {
        Self { first: None, more: Vec::new() }
    }

    fn push(&mut self, item: T) {
        match self.first {
            None => self.first = Some(item),
            Some(_) => {
                if self.more.is_empty() {
                    self.more.reserve(MAX_STEP);
                }
                self.more.push(item);
            }
        }
    }
}

/// What is let go after the slow lock is open, because it runs user code.
pub(super) struct Gone<T> {
    cursors: Option<GoneCursors<T>>,
    old_keeper: Option<Cursor<T>>,
    items: Vec<T>,
}

struct GoneCursors<T> {
    wakers: Wakers,
    cursors: Vec<Cursor<T>>,
}

impl<T> Gone<T> {
    pub(super) fn new() -> Self {
        Self { cursors: None, old_keeper: None, items: Vec::new() }
    }

    fn cursors(&mut self) -> &mut GoneCursors<T> {
        self.cursors
            .get_or_insert_with(|| GoneCursors { wakers: Wakers::default(), cursors: Vec::new() })
    }

    pub(super) fn add_cursor(&mut self, cursor: Cursor<T>) {
        self.cursors().cursors.push(cursor);
    }
}

impl<T> Drop for GoneCursors<T> {
    /// Calls the wakers. The rest is dropped afterwards, also if a waker panics.
    fn drop(&mut self) {
        take(&mut self.wakers).wake();
    }
}

impl<T> Keeper<T> {
    pub(super) fn new() -> Self {
        Self { cursor: None, laggards: 0, fork: None }
    }

    pub(super) fn laggards(&self) -> usize {
        self.laggards
    }

    /// Returns how far the oldest item that it keeps is before `end`, or 0.
    pub(super) fn lag(&self, end: usize) -> isize {
        self.cursor.as_ref().map_or(0, |cursor| end.wrapping_sub(cursor.index()) as isize)
    }

    /// Learns how to fork. Called before the list has a second cursor that might be cut.
    pub(super) fn set_fork(&mut self)
    where
        T: Clone + Sync,
    {
        self.fork = Some(Cursor::fork_to_skip);
    }

    /// Takes over a cursor that was cut. With [`LossyPolicy::DropOldest`], its owner is a laggard.
    ///
    /// A task that waits at the cursor is woken here. The push that made its item ready may be
    /// preempted, and would no longer find the waker.
    pub(super) fn add(&mut self, mut cursor: Cursor<T>, policy: LossyPolicy, gone: &mut Gone<T>) {
        gone.cursors().wakers.push(cursor.take_waker());
        if policy == LossyPolicy::DropOldest {
            self.laggards += 1;
            if self.cursor.is_none() {
                self.cursor = Some(cursor);
                return;
            }
        }
        gone.add_cursor(cursor);
    }

    /// Counts the fork of a laggard.
    pub(super) fn add_fork(&mut self) {
        self.laggards += 1;
    }

    /// Moves the keeper by up to `n` items inside its block. Returns by how many it has moved.
    #[inline]
    pub(super) fn trim_in_block(&mut self, n: usize, items: &mut Items<T>) -> usize {
        self.cursor.as_mut().map_or(0, |cursor| cursor.skip_in_block(n, |item| items.push(item)))
    }

    /// Moves the keeper up to `limit`.
    pub(super) fn trim(&mut self, limit: usize, gone: &mut Gone<T>) {
        let Some(cursor) = &mut self.cursor else { return };
        if !is_before(cursor.index(), limit) {
            return;
        }
        let n = limit.wrapping_sub(cursor.index());
        if let (true, Some(fork)) = (needs_drop::<T>(), self.fork) {
            let new = fork(cursor);
            gone.old_keeper = Some(replace(cursor, new));
        }
        cursor.skip(n, &mut gone.items);
    }

    /// Returns a cursor at the keeper's position for a laggard, which is one no more.
    pub(super) fn take(&mut self) -> Cursor<T> {
        let cursor = match (self.laggards, self.fork, &mut self.cursor) {
            (2.., Some(fork), Some(keeper)) => fork(keeper),
            _ => self.cursor.take().expect("a laggard has a keeper"),
        };
        self.laggards -= 1;
        cursor
    }

    /// Removes a laggard that is dropped. Returns the keeper if it was the last one.
    pub(super) fn leave(&mut self) -> Option<Cursor<T>> {
        self.laggards -= 1;
        if self.laggards == 0 { self.cursor.take() } else { None }
    }
}
