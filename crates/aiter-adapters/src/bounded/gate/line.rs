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

/// The state of a request.
pub(super) enum State {
    /// In line.
    Waiting(Waker),
    /// The room is admitted in the name of the request.
    Granted,
    Refused(PushErrorKind),
}

struct Slot {
    /// `None` if the slot is free.
    state: Option<State>,
    want: usize,
    /// The neighbours in line. A free slot uses `next` for the list of free slots.
    prev: usize,
    next: usize,
}

/// A line of requests, each for some number of places.
pub(super) struct Line {
    slots: Vec<Slot>,
    /// Number of slots that are not free: requests in line, and answers not yet taken.
    used: usize,
    free: usize,
    front: usize,
    back: usize,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), used: 0, free: NONE, front: NONE, back: NONE }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.front == NONE
    }

    /// Returns `true` if exactly one request is in line.
    pub(super) fn is_single(&self) -> bool {
        self.front == self.back && !self.is_empty()
    }

    /// Returns how much the request at the front wants.
    pub(super) fn front_want(&self) -> Option<usize> {
        self.slots.get(self.front).map(|slot| slot.want)
    }

    /// Appends a request and returns its key.
    pub(super) fn push(&mut self, want: usize, waker: Waker) -> usize {
        let slot = Slot { state: Some(State::Waiting(waker)), want, prev: self.back, next: NONE };
        let key = match self.slots.get_mut(self.free) {
            Some(free) => {
                let key = mem::replace(&mut self.free, free.next);
                *free = slot;
                key
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.used += 1;
        match self.slots.get_mut(self.back) {
            Some(back) => back.next = key,
            None => self.front = key,
        }
        self.back = key;
        key
    }

    /// Answers the request at the front and returns its waker. The answer stays until it is
    /// [removed](Self::remove).
    pub(super) fn answer_front(&mut self, answer: State) -> Option<Waker> {
        let front = self.front;
        let old = self.slots.get_mut(front)?.state.replace(answer);
        self.unlink(front);
        match old {
            Some(State::Waiting(waker)) => Some(waker),
            _ => None,
        }
    }

    /// Returns the state of a request.
    pub(super) fn state(&mut self, key: usize) -> &mut State {
        self.slots[key].state.as_mut().expect("a request has the key of its slot")
    }

    /// Returns `true` if the request is the first in line.
    pub(super) fn is_front(&self, key: usize) -> bool {
        self.front == key
    }

    /// Removes a request and returns its state.
    pub(super) fn remove(&mut self, key: usize) -> State {
        let state = self.slots[key].state.take().expect("a request has the key of its slot");
        if let State::Waiting(_) = state {
            self.unlink(key);
        }
        self.used -= 1;
        if self.used == 0 && self.slots.len() > KEPT {
            *self = Self::new();
        } else {
            self.slots[key].next = mem::replace(&mut self.free, key);
        }
        state
    }

    fn unlink(&mut self, key: usize) {
        let (prev, next) = (self.slots[key].prev, self.slots[key].next);
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
