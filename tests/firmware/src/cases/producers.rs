//! What the two levels of interrupts push into one list, and how it has to arrive.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use aiter::{Pusher, TryPushError};
use aiter_firmware::board::pend;
use semihosting::print;

/// The timer's level, which preempts the other one.
const HIGH: usize = 0;
const LOW: usize = 1;
/// Pushed into a list of their own.
const TICKS: usize = 2;

/// The low push that runs, counted from 1; 0 when none does.
static LOW_PUSH: AtomicU32 = AtomicU32::new(0);
static LOW_DONE: AtomicBool = AtomicBool::new(false);

/// Large, so that the timer often comes while one is written, and half of one would show.
#[derive(Clone)]
pub struct Item {
    level: usize,
    number: u32,
    /// The low push that this one preempted, as [`LOW_PUSH`].
    preempted: u32,
    filling: [u32; 5],
}

impl Item {
    fn new(level: usize, number: u32, preempted: u32) -> Self {
        Self { level, number, preempted, filling: [!number; 5] }
    }

    /// One for another list.
    pub fn tick(number: u32) -> Self {
        Self::new(TICKS, number, 0)
    }
}

/// Cycles between two ticks. After an odd one the lower interrupt runs, and the timer comes soon,
/// each time a little later in one of its pushes; after an even one main has time to read.
pub fn period(tick: u32) -> u32 {
    if is_odd(tick) { 50 + tick / 2 * 37 % 1100 } else { 3500 }
}

fn is_odd(tick: u32) -> bool {
    tick % 2 == 1
}

/// The handlers of the timer and of the lower interrupt: each pushes `count` items in order, and
/// then the list is stopped.
pub fn handlers(
    pusher: Pusher<Item>,
    count: u32,
) -> (impl FnMut() + Send + 'static, impl FnMut() + Send + 'static) {
    LOW_DONE.store(false, SeqCst);
    let from_low = pusher.clone();
    let mut number = 0;
    let low = move || {
        for _ in 0..4 {
            if number == count {
                return LOW_DONE.store(true, SeqCst);
            }
            LOW_PUSH.store(number + 1, SeqCst);
            let pushed = try_push(&from_low, Item::new(LOW, number, 0));
            LOW_PUSH.store(0, SeqCst);
            if !pushed {
                // Main has to make room.
                return;
            }
            number += 1;
        }
    };
    let (mut tick, mut number) = (0, 0);
    let high = move || {
        tick += 1;
        if number < count {
            let item = Item::new(HIGH, number, LOW_PUSH.load(SeqCst));
            number += u32::from(try_push(&pusher, item));
        } else if LOW_DONE.load(SeqCst) {
            pusher.stop();
        }
        if is_odd(tick) {
            pend();
        }
    };
    (high, low)
}

/// Whether there was room; what found none is pushed by a later interrupt.
fn try_push(pusher: &Pusher<Item>, item: Item) -> bool {
    let number = item.number;
    match pusher.try_push(item) {
        Ok(()) => true,
        Err(TryPushError::Full(item)) => {
            assert_eq!(item.number, number, "the item comes back");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// What a reader has seen of them.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    numbers: [u32; 3],
    /// How often a push preempted a low one that had its place in the list before.
    in_mid_push: u32,
    /// How often one came before a low push that had begun and had no place yet.
    before_claim: u32,
}

impl Seen {
    /// Checks the next item: whole, and the next of its level.
    pub fn item(&mut self, item: &Item) {
        let Item { level, number, preempted, filling } = item;
        assert_eq!(*filling, [!number; 5], "a torn item");
        assert_eq!(*number, self.numbers[*level], "level {level}");
        self.numbers[*level] += 1;
        if *preempted > self.numbers[LOW] {
            self.before_claim += 1;
        } else if *preempted > 0 {
            self.in_mid_push += 1;
        }
    }

    /// How many items there were, of all kinds.
    pub fn len(&self) -> u32 {
        self.numbers.iter().sum()
    }

    /// Everything has come, and the timer has preempted low pushes indeed.
    pub fn check(&self, count: u32) {
        assert_eq!(self.numbers[..TICKS], [count; 2]);
        let Self { in_mid_push, before_claim, .. } = self;
        assert!(*in_mid_push >= 10 && *before_claim >= 10, "{self:?}");
        print!("(preempted: {in_mid_push} times in mid-push, {before_claim} before its claim) ");
    }
}
