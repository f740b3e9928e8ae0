//! Random operations against a model: positions, permits and a line of requests.

use alloc::collections::VecDeque;
use core::task::Poll;

use aiter_adapters::{
    BoundedCursor, BoundedPusher, Permit, Push, ReserveMany, ReserveManyError, TryReserveError,
    bounded,
};
use aiter_core::{PushError, TryNextError, TryPushError};

use crate::{poll, waker::Counting};

/// Xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

enum Request<'a> {
    /// A push of an item.
    Push(Push<'a, usize>, usize),
    Many(ReserveMany<'a, usize>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Waiting,
    Granted,
    Refused,
}

struct Waiter<'a> {
    id: usize,
    want: usize,
    request: Request<'a>,
    waker: Counting,
    answer: Answer,
}

struct Model<'a> {
    pusher: &'a BoundedPusher<usize>,
    cap: usize,
    /// The items that were pushed, in order. Each item is unique.
    items: Vec<usize>,
    made: usize,
    /// Places that are admitted and have no item yet.
    out: usize,
    cursors: Vec<(BoundedCursor<usize>, usize)>,
    permits: Vec<Permit<'a, usize>>,
    waiters: Vec<Waiter<'a>>,
    /// The ids of the requests that wait, in order.
    line: VecDeque<usize>,
    ids: usize,
}

impl<'a> Model<'a> {
    fn item(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    fn min(&self) -> Option<usize> {
        self.cursors.iter().map(|(_, position)| *position).min()
    }

    fn used(&self) -> usize {
        self.min().map_or(0, |min| self.items.len() + self.out - min)
    }

    fn waiter(&mut self, id: usize) -> &mut Waiter<'a> {
        self.waiters.iter_mut().find(|waiter| waiter.id == id).expect("it is in line")
    }

    /// Answers the line, and checks the counts of the list.
    fn settle(&mut self) {
        while let Some(&id) = self.line.front() {
            let (has_cursor, room) = (!self.cursors.is_empty(), self.cap.wrapping_sub(self.used()));
            let waiter = self.waiter(id);
            let want = waiter.want;
            if has_cursor && want > room {
                break;
            }
            waiter.answer = if has_cursor { Answer::Granted } else { Answer::Refused };
            self.out += if has_cursor { want } else { 0 };
            self.line.pop_front();
        }
        for waiter in &self.waiters {
            let is_answered = waiter.answer != Answer::Waiting;
            assert_eq!(waiter.waker.wakes(), usize::from(is_answered), "wakes of {}", waiter.id);
        }
        assert_eq!(self.pusher.len(), self.used());
        let room = if self.cursors.is_empty() { 0 } else { self.cap - self.used() };
        let capacity = if self.line.is_empty() { room } else { 0 };
        assert_eq!(self.pusher.capacity(), capacity);
        assert!(self.cursors.is_empty() || self.used() <= self.cap);
    }

    /// Returns what `try_push` and `try_reserve` must find.
    fn expected(&self) -> Result<(), TryReserveError> {
        match self.min() {
            None => Err(TryReserveError::NoCursor),
            Some(_) if !self.line.is_empty() || self.used() == self.cap => {
                Err(TryReserveError::Full)
            }
            Some(_) => Ok(()),
        }
    }

    fn try_push(&mut self) {
        let item = self.item();
        let expected = self.expected().map_err(|error| match error {
            TryReserveError::Full => TryPushError::Full(item),
            _ => TryPushError::NoCursor(item),
        });
        assert_eq!(self.pusher.try_push(item), expected);
        self.items.extend(expected.is_ok().then_some(item));
    }

    fn try_reserve(&mut self) {
        match (self.pusher.try_reserve(), self.expected()) {
            (Ok(permit), Ok(())) => {
                self.permits.push(permit);
                self.out += 1;
            }
            (Err(error), expected) => assert_eq!(Err(error), expected),
            (Ok(_), Err(error)) => panic!("must be {error:?}"),
        }
    }

    fn use_permit(&mut self, random: &mut Random) {
        if self.permits.is_empty() {
            return;
        }
        let permit = self.permits.swap_remove(random.below(self.permits.len()));
        self.out -= 1;
        if random.below(2) == 0 {
            drop(permit);
            return;
        }
        let item = self.item();
        match permit.push(item) {
            Ok(()) => self.items.push(item),
            Err(error) => {
                assert!(self.cursors.is_empty());
                assert_eq!(error, PushError::NoCursor(item));
            }
        }
    }

    fn begin(&mut self, random: &mut Random) {
        let want = if random.below(2) == 0 { 1 } else { 1 + random.below(self.cap) };
        let (pusher, id, waker) = (self.pusher, self.ids, Counting::new());
        self.ids += 1;
        let request = if want == 1 {
            let item = self.item();
            Request::Push(pusher.push(item), item)
        } else {
            Request::Many(pusher.reserve_many(want))
        };
        let mut waiter = Waiter { id, want, request, waker, answer: Answer::Waiting };
        let fits = self.line.is_empty() && want <= self.cap.wrapping_sub(self.used());
        if self.cursors.is_empty() {
            waiter.answer = Answer::Refused;
        } else if fits {
            waiter.answer = Answer::Granted;
            self.out += want;
        } else {
            self.line.push_back(id);
        }
        if self.poll(&mut waiter).is_pending() {
            self.waiters.push(waiter);
        }
    }

    /// Polls a request, and takes its places.
    fn poll(&mut self, waiter: &mut Waiter<'a>) -> Poll<()> {
        match &mut waiter.request {
            Request::Push(push, item) => match poll(push, waiter.waker.waker()) {
                Poll::Pending => {
                    assert_eq!(waiter.answer, Answer::Waiting);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) => {
                    assert_eq!(waiter.answer, Answer::Granted);
                    self.out -= 1;
                    self.items.push(*item);
                }
                Poll::Ready(Err(PushError::NoCursor(_))) => {
                    if waiter.answer == Answer::Granted {
                        assert!(self.cursors.is_empty());
                        self.out -= 1;
                    }
                }
                Poll::Ready(Err(PushError::Stopped(_))) => panic!("the list was not stopped"),
            },
            Request::Many(many) => match poll(many, waiter.waker.waker()) {
                Poll::Pending => {
                    assert_eq!(waiter.answer, Answer::Waiting);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(permits)) => {
                    assert_eq!((waiter.answer, permits.len()), (Answer::Granted, waiter.want));
                    assert!(!self.cursors.is_empty());
                    self.permits.extend(permits);
                }
                Poll::Ready(Err(error)) => {
                    assert_eq!(error, ReserveManyError::NoCursor);
                    if waiter.answer == Answer::Granted {
                        assert!(self.cursors.is_empty());
                        self.out -= waiter.want;
                    }
                }
            },
        }
        Poll::Ready(())
    }

    fn poll_or_drop_waiter(&mut self, random: &mut Random) {
        if self.waiters.is_empty() {
            return;
        }
        let mut waiter = self.waiters.swap_remove(random.below(self.waiters.len()));
        if random.below(3) > 0 {
            if self.poll(&mut waiter).is_pending() {
                self.waiters.push(waiter);
            }
            return;
        }
        if waiter.answer == Answer::Granted {
            self.out -= waiter.want;
        }
        self.line.retain(|id| *id != waiter.id);
    }

    fn read(&mut self, random: &mut Random) {
        if self.cursors.is_empty() {
            return;
        }
        let index = random.below(self.cursors.len());
        let (cursor, position) = &mut self.cursors[index];
        if random.below(4) == 0 {
            let (mut buf, max) = (Vec::new(), 1 + random.below(self.cap));
            let unread = self.items.len() - *position;
            let polled = crate::once(&mut cursor.next_many(&mut buf, max));
            if let Poll::Ready(n) = polled {
                assert_eq!(n, buf.len());
                assert!(n <= max && n <= unread);
                assert_eq!(buf, self.items[*position..][..n]);
                *position += n;
            } else {
                assert_eq!(unread, 0);
            }
        } else if random.below(12) == 0 {
            let max = random.below(self.cap + 1);
            let skipped = max.min(self.items.len() - *position);
            assert_eq!(cursor.skip_items(max), skipped);
            *position += skipped;
        } else if random.below(24) == 0 {
            let newest = (*position < self.items.len()).then(|| self.items.last());
            assert_eq!(cursor.latest().ok().as_ref(), newest.flatten());
            *position = self.items.len();
        } else if let Some(item) = self.items.get(*position) {
            assert_eq!(cursor.try_next(), Ok(*item));
            *position += 1;
        } else {
            assert_eq!(cursor.try_next(), Err(TryNextError::Empty));
        }
        assert_eq!(cursor.len(), self.items.len() - *position);
    }

    fn change_cursors(&mut self, random: &mut Random) {
        let n = self.cursors.len();
        match random.below(5) {
            0 if n > 0 && n < 6 => {
                let (cursor, position) = &self.cursors[random.below(n)];
                let fork = (cursor.fork(), *position);
                self.cursors.push(fork);
            }
            4 if n > 0 && n < 6 => {
                let late = self.cursors[random.below(n)].0.resubscribe();
                self.cursors.push((late, self.items.len()));
            }
            1 if n < 6 => self.cursors.push((self.pusher.subscribe(), self.items.len())),
            _ if n > 0 => drop(self.cursors.swap_remove(random.below(n))),
            _ => {}
        }
    }
}

fn run(cap: usize, seed: u64, steps: usize) {
    let (pusher, cursor) = bounded(cap);
    let mut model = Model {
        pusher: &pusher,
        cap,
        items: Vec::new(),
        made: 0,
        out: 0,
        cursors: vec![(cursor, 0)],
        permits: Vec::new(),
        waiters: Vec::new(),
        line: VecDeque::new(),
        ids: 0,
    };
    let mut random = Random(seed);
    for _ in 0..steps {
        match random.below(20) {
            0..4 => model.try_push(),
            4..12 => model.read(&mut random),
            12 => model.try_reserve(),
            13..16 => model.use_permit(&mut random),
            16 => model.begin(&mut random),
            17..19 => model.poll_or_drop_waiter(&mut random),
            _ => model.change_cursors(&mut random),
        }
        model.settle();
    }
}

#[test]
fn random_operations_match_model() {
    let (seeds, steps) = if cfg!(miri) { (1, 60) } else { (12, 4000) };
    for cap in [1, 2, 3, 16, 57, 60] {
        for seed in 1..=seeds {
            run(cap, seed * 0x9E37_79B9, steps);
        }
    }
}
