//! Producers on two levels of interrupts, and the check of the items that arrive.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use aiter::{Pusher, TryPushError};
use aiter_firmware::board::pend;
use semihosting::print;

/// Level of the timer, which preempts the lower level.
const HIGH: usize = 0;
const LOW: usize = 1;
/// Level number of the items of a second list.
const TICKS: usize = 2;

/// Number of the running push of the low level, counted from 1; 0 if none runs.
static LOW_PUSH: AtomicU32 = AtomicU32::new(0);
static LOW_DONE: AtomicBool = AtomicBool::new(false);

/// An item. Its size makes it likely that the timer preempts its write, and shows torn items.
#[derive(Clone)]
pub struct Item {
    level: usize,
    number: u32,
    /// Value of [`LOW_PUSH`] when this item was pushed.
    preempted: u32,
    filling: [u32; 5],
}

impl Item {
    fn new(level: usize, number: u32, preempted: u32) -> Self {
        Self { level, number, preempted, filling: [!number; 5] }
    }

    /// Returns an item of the second list.
    pub fn tick(number: u32) -> Self {
        Self::new(TICKS, number, 0)
    }
}

/// Cycles between two ticks.
///
/// After an odd tick the lower interrupt runs, and the next tick preempts one of its pushes, each
/// time a little later. After an even tick main has time to read.
pub fn period(tick: u32) -> u32 {
    if is_odd(tick) { 50 + tick / 2 * 37 % 1100 } else { 3500 }
}

fn is_odd(tick: u32) -> bool {
    tick % 2 == 1
}

/// Returns the handlers of the timer and of the lower interrupt.
///
/// Each pushes `count` items in order. When both have done so, the timer stops the list.
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
                // Main makes room before the next interrupt.
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

/// Returns `true` if the list had room. Otherwise a later interrupt pushes the item.
fn try_push(pusher: &Pusher<Item>, item: Item) -> bool {
    let number = item.number;
    match pusher.try_push(item) {
        Ok(()) => true,
        Err(TryPushError::Full(item)) => {
            assert_eq!(item.number, number, "`try_push` returns the item");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// Counts of the items that a reader has read.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    numbers: [u32; 3],
    /// Number of pushes that preempted a low push after its claim.
    after_claim: u32,
    /// Number of pushes that preempted a low push before its claim.
    before_claim: u32,
}

impl Seen {
    /// Checks that the item is whole and the next one of its level.
    pub fn item(&mut self, item: &Item) {
        let Item { level, number, preempted, filling } = item;
        assert_eq!(*filling, [!number; 5], "the item is torn");
        assert_eq!(*number, self.numbers[*level], "level {level}");
        self.numbers[*level] += 1;
        if *preempted > self.numbers[LOW] {
            self.before_claim += 1;
        } else if *preempted > 0 {
            self.after_claim += 1;
        }
    }

    /// Returns the number of items of all levels.
    pub fn len(&self) -> u32 {
        self.numbers.iter().sum()
    }

    /// Checks that all items arrived and that the timer preempted low pushes.
    pub fn check(&self, count: u32) {
        assert_eq!(self.numbers[..TICKS], [count; 2]);
        let Self { after_claim, before_claim, .. } = self;
        assert!(*after_claim >= 10 && *before_claim >= 10, "{self:?}");
        print!("(preempted: {after_claim} times after the claim, {before_claim} times before it) ");
    }
}
