//! A queue of items, each with the number of readers that have not read it.
//!
//! A reader stores its own position; the ring stores only counts. A reader that joins or leaves
//! pushes a command. The next reader that has the ring applies the commands first, so joining and
//! leaving do not wait for the ring. A reader joins at the position of another reader, whose count
//! keeps the items until the command is applied.
//!
//! # Panics
//! No method drops an item. Removed items are returned, and the ring is consistent before the
//! caller drops them, so a panic in a drop loses no other item.

use alloc::{collections::VecDeque, vec::Vec};
use core::num::NonZeroUsize;

use aiter_core::Cursor;

/// A reader joins or leaves at a position.
pub(crate) enum Command {
    Join(usize),
    Leave(usize),
}

/// The way in which forks handle a fork that is `cap` items behind.
///
/// # Examples
/// See the examples of [`BoundedFork`](crate::BoundedFork).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LagPolicy {
    /// The other forks wait for it.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/forker_bounded.svg"))]
    Wait,
    /// The fork misses the oldest items.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/lag_drop_oldest.svg"))]
    DropOldest,
    /// The fork ends.
    ///
    #[cfg_attr(not(rust_analyzer), doc = include_str!("../../docs/marbles/lag_error.svg"))]
    Error,
}

struct Entry<T> {
    item: T,
    /// Number of readers that have not read the item.
    left: usize,
}

pub(crate) struct Ring<T> {
    entries: VecDeque<Entry<T>>,
    /// The position of the oldest item.
    base: usize,
    readers: usize,
    commands: Cursor<Command>,
    cap: usize,
    policy: LagPolicy,
}

impl<T> Ring<T> {
    /// Makes a ring with one reader, at position 0.
    pub(crate) fn new(commands: Cursor<Command>, cap: NonZeroUsize, policy: LagPolicy) -> Self {
        let entries = VecDeque::new();
        Self { entries, base: 0, readers: 1, commands, cap: cap.get(), policy }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn readers(&self) -> usize {
        self.readers
    }

    /// Counts the readers that have joined and left. Returns the items that all readers have read.
    pub(crate) fn apply_commands(&mut self) -> Vec<T> {
        while let Ok(command) = self.commands.try_next() {
            let (Command::Join(position) | Command::Leave(position)) = command;
            let behind = self.behind(position);
            if behind > 0 && self.policy == LagPolicy::Error {
                // The reader was removed and is no longer counted.
                continue;
            }
            let offset = self.offset(position);
            let unread = self.entries.iter_mut().skip(offset);
            match command {
                Command::Join(_) => {
                    unread.for_each(|entry| entry.left += 1);
                    self.readers += 1;
                }
                Command::Leave(_) => {
                    unread.for_each(|entry| entry.left -= 1);
                    self.readers -= 1;
                }
            }
        }
        self.remove_read()
    }

    /// Returns the number of items that a reader has missed.
    fn behind(&self, position: usize) -> usize {
        // Positions wrap around. A distance of more than half the range means "ahead".
        let behind = self.base.wrapping_sub(position);
        if behind > usize::MAX / 2 { 0 } else { behind }
    }

    fn offset(&self, position: usize) -> usize {
        if self.behind(position) > 0 { 0 } else { position.wrapping_sub(self.base) }
    }

    /// Returns the number of items that a reader has not read.
    pub(crate) fn unread(&self, position: usize) -> usize {
        self.entries.len().saturating_sub(self.offset(position))
    }

    /// Removes the oldest items that every reader has read.
    fn remove_read(&mut self) -> Vec<T> {
        let read = self.entries.iter().take_while(|entry| entry.left == 0).count();
        self.base = self.base.wrapping_add(read);
        self.entries.drain(..read).map(|entry| entry.item).collect()
    }

    /// Moves the position of a reader past the items that it has missed, and returns their number.
    /// Returns `None` if the reader has lagged and was removed.
    pub(crate) fn skip_missed(&self, position: &mut usize) -> Option<usize> {
        let missed = self.behind(*position);
        if missed > 0 {
            if self.policy == LagPolicy::Error {
                return None;
            }
            *position = self.base;
        }
        Some(missed)
    }

    /// Reads the next item of a reader that has missed none. Returns `None` if it has read every
    /// item. Moves the item if all other readers have read it.
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
            // This is the oldest item, because its last reader has read all items before it.
            debug_assert_eq!(at, 0, "items must be read in order");
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
        self.policy == LagPolicy::Wait
    }

    /// Adds an item for all readers. If the ring is full, removes the oldest item. Returns that
    /// item, and the items that all readers have read.
    pub(crate) fn push(&mut self, item: T) -> (Option<T>, Vec<T>) {
        let oldest = if self.is_full() { self.entries.pop_front() } else { None };
        if let Some(oldest) = &oldest {
            self.base = self.base.wrapping_add(1);
            if self.policy == LagPolicy::Error {
                // A reader that has not read the oldest item has read no other item either.
                self.readers -= oldest.left;
                self.entries.iter_mut().for_each(|entry| entry.left -= oldest.left);
            }
        }
        self.entries.push_back(Entry { item, left: self.readers });
        (oldest.map(|entry| entry.item), self.remove_read())
    }
}
