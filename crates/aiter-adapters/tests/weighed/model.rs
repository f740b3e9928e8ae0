//! Random operations against a model: positions in weight, permits and a line of requests.

use alloc::collections::VecDeque;
use core::task::Poll;

use aiter_adapters::{
    TryReserveError, WeighedCursor, WeighedPermit, WeighedPermitError, WeighedPush, WeighedPusher,
    WeighedReserve, bounded_by,
};
use aiter_core::{PushError, PushErrorKind, TryNextError, TryPushError};

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

/// A unique number and a weight.
type Item = (usize, usize);
type Weigh = fn(&Item) -> usize;

enum Request<'a> {
    Push(WeighedPush<'a, Item>, Item),
    Reserve(WeighedReserve<'a, Item, Weigh>),
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
    pusher: &'a WeighedPusher<Item, Weigh>,
    cap: usize,
    /// The items that were pushed, in order.
    items: Vec<Item>,
    made: usize,
    /// The weight that is admitted and has no item yet.
    out: usize,
    cursors: Vec<(WeighedCursor<Item>, usize)>,
    permits: Vec<WeighedPermit<'a, Item, Weigh>>,
    waiters: Vec<Waiter<'a>>,
    /// The ids of the requests that wait, in order.
    line: VecDeque<usize>,
    ids: usize,
}

impl<'a> Model<'a> {
    /// Makes an item. Its weight may be 0, and above the capacity.
    fn item(&mut self, random: &mut Random) -> Item {
        self.made += 1;
        let most = if random.below(3) == 0 { self.cap + 3 } else { self.cap / 4 + 2 };
        (self.made, random.below(most))
    }

    fn clamp(&self, weight: usize) -> usize {
        weight.clamp(1, self.cap)
    }

    /// The weight of the items that the slowest cursor has not read, and of permits.
    fn used(&self) -> usize {
        let Some(min) = self.cursors.iter().map(|(_, position)| *position).min() else { return 0 };
        self.items[min..].iter().map(|item| self.clamp(item.1)).sum::<usize>() + self.out
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
        assert_eq!(self.pusher.used(), self.used());
        assert!(self.used() <= self.cap);
        let room = if self.cursors.is_empty() { 0 } else { self.cap - self.used() };
        let capacity = if self.line.is_empty() { room } else { 0 };
        assert_eq!(self.pusher.capacity(), capacity);
    }

    /// Returns what `try_push` and `try_reserve` must find.
    fn expected(&self, weight: usize) -> Result<(), TryReserveError> {
        if self.cursors.is_empty() {
            return Err(TryReserveError::NoCursor);
        }
        let fits = self.line.is_empty() && self.used() + self.clamp(weight) <= self.cap;
        if fits { Ok(()) } else { Err(TryReserveError::Full) }
    }

    fn try_push(&mut self, random: &mut Random) {
        let item = self.item(random);
        let expected = self.expected(item.1).map_err(|error| match error {
            TryReserveError::Full => TryPushError::Full(item),
            _ => TryPushError::NoCursor(item),
        });
        assert_eq!(self.pusher.try_push(item), expected);
        self.items.extend(expected.is_ok().then_some(item));
    }

    fn try_reserve(&mut self, random: &mut Random) {
        let weight = random.below(self.cap + 2);
        match (self.pusher.try_reserve(weight), self.expected(weight)) {
            (Ok(permit), Ok(())) => {
                assert_eq!(permit.weight(), self.clamp(weight));
                self.out += permit.weight();
                self.permits.push(permit);
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
        let weight = permit.weight();
        self.out -= weight;
        if random.below(3) == 0 {
            drop(permit);
            return;
        }
        let item = self.item(random);
        let expected = if self.clamp(item.1) > weight {
            Err(WeighedPermitError::TooHeavy(item))
        } else if self.cursors.is_empty() {
            Err(WeighedPermitError::NoCursor(item))
        } else {
            Ok(())
        };
        assert_eq!(permit.push(item), expected);
        self.items.extend(expected.is_ok().then_some(item));
    }

    fn begin(&mut self, random: &mut Random) {
        let (pusher, id, waker) = (self.pusher, self.ids, Counting::new());
        self.ids += 1;
        let (request, weight) = if random.below(2) == 0 {
            let item = self.item(random);
            (Request::Push(pusher.push(item), item), item.1)
        } else {
            let weight = random.below(self.cap + 2);
            (Request::Reserve(pusher.reserve(weight)), weight)
        };
        let want = self.clamp(weight);
        let mut waiter = Waiter { id, want, request, waker, answer: Answer::Waiting };
        match self.expected(weight) {
            Ok(()) => {
                waiter.answer = Answer::Granted;
                self.out += want;
            }
            Err(TryReserveError::Full) => self.line.push_back(id),
            Err(_) => waiter.answer = Answer::Refused,
        }
        if self.poll(&mut waiter).is_pending() {
            self.waiters.push(waiter);
        }
    }

    /// Polls a request, and takes its room.
    fn poll(&mut self, waiter: &mut Waiter<'a>) -> Poll<()> {
        let is_ready = match &mut waiter.request {
            Request::Push(push, item) => match poll(push, waiter.waker.waker()) {
                Poll::Pending => false,
                Poll::Ready(Ok(())) => {
                    assert_eq!(waiter.answer, Answer::Granted);
                    self.items.push(*item);
                    true
                }
                Poll::Ready(Err(error)) => {
                    assert!(self.cursors.is_empty());
                    assert_eq!(error, PushError::NoCursor(*item));
                    true
                }
            },
            Request::Reserve(reserve) => match poll(reserve, waiter.waker.waker()) {
                Poll::Pending => false,
                Poll::Ready(Ok(permit)) => {
                    assert_eq!((waiter.answer, permit.weight()), (Answer::Granted, waiter.want));
                    self.out += waiter.want;
                    self.permits.push(permit);
                    true
                }
                Poll::Ready(Err(error)) => {
                    assert!(self.cursors.is_empty());
                    assert_eq!(error, PushErrorKind::NoCursor);
                    true
                }
            },
        };
        if !is_ready {
            assert_eq!(waiter.answer, Answer::Waiting);
            return Poll::Pending;
        }
        if waiter.answer == Answer::Granted {
            self.out -= waiter.want;
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
        if let Request::Push(push, item) = waiter.request {
            assert_eq!(push.into_inner(), Some(item));
        }
    }

    fn read(&mut self, random: &mut Random) {
        if self.cursors.is_empty() {
            return;
        }
        let index = random.below(self.cursors.len());
        let (cursor, position) = &mut self.cursors[index];
        let unread = &self.items[*position..];
        match random.below(8) {
            0 => {
                let (mut buf, max) = (Vec::new(), 1 + random.below(self.cap));
                let n = match crate::once(&mut cursor.next_many(&mut buf, max)) {
                    Poll::Ready(n) => n,
                    Poll::Pending => 0,
                };
                assert_eq!((n, &*buf), (unread.len().min(max), &unread[..n]));
                *position += n;
            }
            1 => {
                let (mut buf, max) = (Vec::new(), random.below(self.cap + 1));
                let n = cursor.try_next_many(&mut buf, max);
                assert_eq!((n, &*buf), (unread.len().min(max), &unread[..n]));
                *position += n;
            }
            2 if random.below(4) == 0 => {
                assert_eq!(cursor.seek_to_end(), unread.len());
                *position = self.items.len();
            }
            3 if random.below(4) == 0 => {
                let n = random.below(4);
                let skipped = cursor.skip_items(n);
                assert_eq!(skipped, unread.len().min(n));
                *position += skipped;
            }
            _ => match unread.first() {
                Some(item) => {
                    assert_eq!(cursor.try_next(), Ok(*item));
                    *position += 1;
                }
                None => assert_eq!(cursor.try_next(), Err(TryNextError::Empty)),
            },
        }
        assert_eq!(cursor.len(), self.items.len() - *position);
    }

    /// Drops the last cursor rarely, because the list is then of no use.
    fn change_cursors(&mut self, random: &mut Random) {
        let n = self.cursors.len();
        if n > 0 && n < 6 && random.below(2) == 0 {
            let (cursor, position) = &self.cursors[random.below(n)];
            let fork = (cursor.fork(), *position);
            self.cursors.push(fork);
        } else if n > 1 || (n == 1 && random.below(100) == 0) {
            drop(self.cursors.swap_remove(random.below(n)));
        }
    }
}

fn run(cap: usize, seed: u64, steps: usize) {
    let (pusher, cursor) = bounded_by(cap, (|item| item.1) as Weigh);
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
            0..4 => model.try_push(&mut random),
            4..12 => model.read(&mut random),
            12 => model.try_reserve(&mut random),
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
    let (seeds, steps) = if cfg!(miri) { (1, 100) } else { (12, 4000) };
    for cap in [1, 3, 16, 57] {
        for seed in 1..=seeds {
            run(cap, seed * 0x9E37_79B9, steps);
        }
    }
}
