//! Items that several readers have yet to read, with how many of them.
//!
//! A reader keeps its position to itself; the ring knows how many readers each item waits for. Who comes
//! or goes says so by a note that whoever is next at the ring takes in first, so that neither has to
//! wait for the ring. A reader that comes starts where another one stands, and that one's claim keeps
//! the items until the note is taken in.

use alloc::collections::VecDeque;
use core::num::NonZeroUsize;

use aiter_core::Cursor;

/// A reader comes or goes, at a position.
pub(crate) enum Note {
    Born(usize),
    Gone(usize),
}

/// What is done about a reader that is full `cap` items behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lag {
    /// The others wait for it.
    Wait,
    /// It misses the oldest items.
    DropOldest,
    /// It ends.
    Error,
}

struct Entry<T> {
    item: T,
    /// How many are still to read it.
    left: usize,
}

/// Where a reader stands.
pub(crate) enum Place {
    /// There is an item for it.
    Ready,
    /// It has read everything.
    UpToDate,
    /// It fell behind, and was put out.
    Out,
}

pub(crate) struct Ring<T> {
    entries: VecDeque<Entry<T>>,
    /// The position of the oldest one.
    base: usize,
    readers: usize,
    notes: Cursor<Note>,
    cap: usize,
    lag: Lag,
}

impl<T> Ring<T> {
    /// A ring with one reader, at position 0.
    pub(crate) fn new(notes: Cursor<Note>, cap: NonZeroUsize, lag: Lag) -> Self {
        let entries = VecDeque::new();
        Self { entries, base: 0, readers: 1, notes, cap: cap.get(), lag }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn readers(&self) -> usize {
        self.readers
    }

    /// Takes in who came and who went. True if there is more room than before.
    pub(crate) fn take_notes(&mut self) -> bool {
        let before = self.entries.len();
        while let Ok(note) = self.notes.try_next() {
            let (Note::Born(position) | Note::Gone(position)) = note;
            let behind = self.behind(position);
            if behind > 0 && self.lag == Lag::Error {
                // Not counted any more.
                continue;
            }
            let offset = self.offset(position);
            let unread = self.entries.iter_mut().skip(offset);
            match note {
                Note::Born(_) => {
                    unread.for_each(|entry| entry.left += 1);
                    self.readers += 1;
                }
                Note::Gone(_) => {
                    unread.for_each(|entry| entry.left -= 1);
                    self.readers -= 1;
                }
            }
        }
        self.drop_read();
        self.entries.len() < before
    }

    /// How many items a reader has missed.
    fn behind(&self, position: usize) -> usize {
        // Positions wrap around; nobody is half a world behind.
        let behind = self.base.wrapping_sub(position);
        if behind > usize::MAX / 2 { 0 } else { behind }
    }

    fn offset(&self, position: usize) -> usize {
        if self.behind(position) > 0 { 0 } else { position.wrapping_sub(self.base) }
    }

    /// How many items are here for a reader.
    pub(crate) fn unread(&self, position: usize) -> usize {
        self.entries.len().saturating_sub(self.offset(position))
    }

    fn drop_read(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.left == 0) {
            self.entries.pop_front();
            self.base = self.base.wrapping_add(1);
        }
    }

    /// Where a reader stands. One that may miss items is brought up; says how many it missed.
    pub(crate) fn place(&self, position: &mut usize) -> (Place, usize) {
        let missed = self.behind(*position);
        if missed > 0 {
            if self.lag == Lag::Error {
                return (Place::Out, 0);
            }
            *position = self.base;
        }
        let ready = self.offset(*position) < self.entries.len();
        (if ready { Place::Ready } else { Place::UpToDate }, missed)
    }

    /// Reads the item at a position that is `Ready`: moves it if nobody else is to read it.
    pub(crate) fn read(&mut self, position: &mut usize) -> Option<T>
    where
        T: Clone,
    {
        let at = self.offset(*position);
        let entry = self.entries.get_mut(at)?;
        let item = if entry.left > 1 {
            let item = entry.item.clone();
            entry.left -= 1;
            item
        } else {
            // The oldest one: who has read it has read those before.
            debug_assert_eq!(at, 0, "items are read in order");
            self.base = self.base.wrapping_add(1);
            self.entries.pop_front()?.item
        };
        *position = position.wrapping_add(1);
        Some(item)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= self.cap
    }

    pub(crate) fn waits_for_laggards(&self) -> bool {
        self.lag == Lag::Wait
    }

    /// Puts in an item for all readers. If it is full, the oldest goes, and comes back to be dropped.
    pub(crate) fn push(&mut self, item: T) -> Option<T> {
        let oldest = if self.is_full() { self.entries.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.base = self.base.wrapping_add(1);
            if self.lag == Lag::Error {
                // Those who had not read it have read none of the others either.
                self.readers -= oldest.left;
                self.entries.iter_mut().for_each(|entry| entry.left -= oldest.left);
                self.drop_read();
            }
        }
        self.entries.push_back(Entry { item, left: self.readers });
        oldest.map(|entry| entry.item)
    }
}
