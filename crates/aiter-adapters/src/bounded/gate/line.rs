//! A first-in, first-out line of tasks.
//!
//! The line is a list in a slab, so a task that gives up leaves from any place in constant time. It
//! calls no user code: it returns the wakers, and its caller calls or drops them after the slow
//! lock is open.

use alloc::vec::{self, Vec};
use core::{mem, task::Waker};

use aiter_core::PushErrorKind;

use crate::util::Finally;

/// No slot.
const NONE: usize = usize::MAX;

/// Number of slots that an empty line may keep.
const KEPT: usize = 64;

/// The state of a request that is not granted.
pub(super) enum State {
    /// In line.
    Waiting(Waker),
    Refused(PushErrorKind),
}

/// The name of a request. Once the request is granted, another one may use the slot.
#[derive(Clone, Copy)]
pub(super) struct Key {
    at: usize,
    ticket: u64,
}

struct Slot {
    /// `None` if the slot is free.
    state: Option<State>,
    /// The ticket of the request. Each request has its own, because 64 bits do not wrap around.
    ticket: u64,
    want: usize,
    /// The neighbours in line. A free slot uses `next` for the list of free slots.
    prev: usize,
    next: usize,
}

/// A line of requests, each for some number of places.
pub(super) struct Line {
    slots: Vec<Slot>,
    /// Number of slots that are not free: requests in line, and refusals not yet taken.
    used: usize,
    free: usize,
    front: usize,
    back: usize,
    /// The ticket of the next request.
    ticket: u64,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), used: 0, free: NONE, front: NONE, back: NONE, ticket: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.front == NONE
    }

    /// Returns `true` if exactly one request is in line.
    pub(super) fn is_single(&self) -> bool {
        self.front == self.back && !self.is_empty()
    }

    /// Returns the number of requests in line. Goes through all of them.
    pub(super) fn len(&self) -> usize {
        let in_line = |slot: &&Slot| matches!(slot.state, Some(State::Waiting(_)));
        self.slots.iter().filter(in_line).count()
    }

    /// Returns how much the request at the front wants.
    pub(super) fn front_want(&self) -> Option<usize> {
        self.slots.get(self.front).map(|slot| slot.want)
    }

    /// Appends a request and returns its key.
    pub(super) fn push(&mut self, want: usize, waker: Waker) -> Key {
        let (state, ticket) = (Some(State::Waiting(waker)), self.ticket);
        self.ticket += 1;
        let slot = Slot { state, ticket, want, prev: self.back, next: NONE };
        let at = match self.slots.get_mut(self.free) {
            Some(free) => {
                let at = mem::replace(&mut self.free, free.next);
                *free = slot;
                at
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.used += 1;
        match self.slots.get_mut(self.back) {
            Some(back) => back.next = at,
            None => self.front = at,
        }
        self.back = at;
        Key { at, ticket }
    }

    /// Removes the request at the front, which is granted, and returns its waker.
    pub(super) fn grant_front(&mut self) -> Option<Waker> {
        waker_of(self.free(self.front))
    }

    /// Refuses the request at the front and returns its waker. The refusal stays until it is
    /// [removed](Self::remove).
    pub(super) fn refuse_front(&mut self, kind: PushErrorKind) -> Option<Waker> {
        let front = self.front;
        let old = self.slots.get_mut(front)?.state.replace(State::Refused(kind));
        self.unlink(front);
        waker_of(old)
    }

    /// Returns the state of a request, or `None` if it was granted.
    pub(super) fn state(&mut self, key: Key) -> Option<&mut State> {
        self.slots.get_mut(key.at).filter(|slot| slot.ticket == key.ticket)?.state.as_mut()
    }

    /// Returns `true` if the request is the first in line.
    pub(super) fn is_front(&self, key: Key) -> bool {
        self.slots.get(self.front).is_some_and(|slot| slot.ticket == key.ticket)
    }

    /// Removes a request and returns its state, or `None` if it was granted.
    pub(super) fn remove(&mut self, key: Key) -> Option<State> {
        self.state(key)?;
        self.free(key.at)
    }

    /// Frees a slot and returns its state.
    fn free(&mut self, at: usize) -> Option<State> {
        let state = self.slots.get_mut(at)?.state.take()?;
        if let State::Waiting(_) = state {
            self.unlink(at);
        }
        self.used -= 1;
        if self.used == 0 && self.slots.len() > KEPT {
            *self = Self { ticket: self.ticket, ..Self::new() };
        } else {
            self.slots[at].next = mem::replace(&mut self.free, at);
        }
        Some(state)
    }

    fn unlink(&mut self, at: usize) {
        let (prev, next) = (self.slots[at].prev, self.slots[at].next);
        match self.slots.get_mut(prev) {
            Some(slot) => slot.next = next,
            None => self.front = next,
        }
        match self.slots.get_mut(next) {
            Some(slot) => slot.prev = prev,
            None => self.back = prev,
        }
    }
}

fn waker_of(state: Option<State>) -> Option<Waker> {
    match state {
        Some(State::Waiting(waker)) => Some(waker),
        _ => None,
    }
}

/// Wakers to call after the slow lock is open, in order. A single waker needs no allocation.
#[must_use = "the tasks are waiting"]
#[derive(Default)]
pub(in crate::bounded) struct Wakers {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakers {
    pub(in crate::bounded) fn push(&mut self, waker: Option<Waker>) {
        match self.first {
            None => self.first = waker,
            Some(_) => self.more.extend(waker),
        }
    }

    /// Calls all wakers, also if one of them panics.
    #[inline]
    pub(in crate::bounded) fn wake(self) {
        let Some(first) = self.first else { return };
        if self.more.is_empty() {
            first.wake();
        } else {
            wake_all(first, self.more);
        }
    }
}

#[cold]
fn wake_all(first: Waker, more: Vec<Waker>) {
    let wake_rest = |rest: &mut vec::IntoIter<Waker>| rest.for_each(Waker::wake);
    let mut rest = Finally(more.into_iter(), wake_rest);
    first.wake();
    wake_rest(&mut rest.0);
}
