//! A million pushes from two levels of interrupts, as fast as the main loop can read them.
//!
//! Measures the cost of a push, and the longest time with masked interrupts, which shows as a late
//! tick of the timer. The unit is instructions, because the clock of the emulator counts them.

#![no_std]
#![no_main]

extern crate alloc;

use core::cell::Cell;
use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use aiter::{Pusher, TryPushError, push_list};
use aiter_firmware::block_on::block_on;
use aiter_firmware::run::{self, Case};
use aiter_firmware::{board, heap};
use critical_section::Mutex;
use futures_core::Stream;
use semihosting::println;

/// Number of measured pushes: `AITER_SOAK` at build time, or a million.
const PUSHES: u32 = match option_env!("AITER_SOAK") {
    Some(text) => match u32::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("AITER_SOAK is not a number"),
    },
    None => 1_000_000,
};
/// Number of pushes before the measurement, in which the list grows and the rate settles.
const WARM_UP: u32 = 50_000;
const EACH: u32 = (WARM_UP + PUSHES) / 2;
/// Number of pushes of the low level per interrupt, and of ticks between these interrupts.
const BURST: u32 = 8;

/// A pushed item: its level and its number within the level.
type Item = (usize, u32);

/// Cycles between two ticks, before a small variation. A push that finds no room raises them, and
/// successful pushes lower them slowly, so that main just keeps up.
static PERIOD: AtomicU32 = AtomicU32::new(1500);
static FULL: AtomicU32 = AtomicU32::new(0);
static LOW_PUSHES: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicBool = AtomicBool::new(false);

/// Measurements of the timer's handler, in ticks of the timer.
#[derive(Clone, Copy, Default)]
struct Measured {
    ticks: u32,
    /// Number of ticks that preempted a push of the lower level.
    preempting: u32,
    /// Time from the first tick to the last.
    time: u64,
    pushes: u32,
    /// Time of all pushes and of reading the clock.
    pushing: u64,
    longest_push: u32,
    /// Number of ticks that can be late only because interrupts were masked.
    pure: u32,
    /// Maximum and minimum delay of these ticks.
    latest: u32,
    earliest: u32,
    /// Time of a thousand instructions.
    thousand: u32,
    /// Time of reading the clock.
    clock_read: u32,
}

static MEASURED: Mutex<Cell<Option<Measured>>> = Mutex::new(Cell::new(None));

fn period(tick: u32) -> u32 {
    PERIOD.load(SeqCst) - tick * 37 % 61
}

/// Returns `true` if the list had room.
fn try_push(pusher: &Pusher<Item>, item: Item) -> bool {
    match pusher.try_push(item) {
        Ok(()) => return true,
        Err(TryPushError::Full(back)) => assert_eq!(back, item),
        Err(error) => panic!("{error}"),
    }
    FULL.store(FULL.load(SeqCst) + 1, SeqCst);
    PERIOD.store(PERIOD.load(SeqCst) * 9 / 8, SeqCst);
    false
}

fn low_handler(pusher: Pusher<Item>) -> impl FnMut() + Send {
    let mut number = 0;
    move || {
        for _ in 0..BURST {
            if number == EACH {
                return;
            }
            LOW_PUSHES.store(true, SeqCst);
            let pushed = try_push(&pusher, (1, number));
            LOW_PUSHES.store(false, SeqCst);
            if !pushed {
                return;
            }
            number += 1;
        }
    }
}

fn timer_handler(pusher: Pusher<Item>) -> impl FnMut() + Send {
    let mut all = Measured::default();
    let mut number = 0;
    let mut last_period = 0;
    move || {
        let late = board::late();
        if !STARTED.load(SeqCst) {
            let Measured { mut thousand, clock_read, .. } = all;
            if thousand == 0 {
                let before = board::late();
                board::thousand_instructions();
                thousand = board::ticks_since(before) - clock_read;
            }
            let clock_read = board::ticks_since(board::late());
            all = Measured { thousand, clock_read, earliest: u32::MAX, ..Measured::default() };
        } else {
            all.ticks += 1;
            all.time += u64::from(board::ticks(last_period));
            all.preempting += u32::from(LOW_PUSHES.load(SeqCst));
            if board::is_pure() {
                all.pure += 1;
                all.latest = all.latest.max(late);
                all.earliest = all.earliest.min(late);
            }
        }
        if number < EACH {
            let before = board::late();
            let pushed = try_push(&pusher, (0, number));
            let cost = board::ticks_since(before);
            if pushed {
                number += 1;
                all.pushes += 1;
                all.pushing += u64::from(cost);
                all.longest_push = all.longest_push.max(cost);
            }
            critical_section::with(|cs| MEASURED.borrow(cs).set(Some(all)));
        }
        if all.ticks % 16 == 0 {
            PERIOD.store(PERIOD.load(SeqCst) - 1, SeqCst);
        }
        if all.ticks % BURST == 0 {
            board::pend();
        }
        last_period = PERIOD.load(SeqCst);
    }
}

fn soak() {
    let (pusher, mut cursor) = push_list();
    pusher.reserve(64);
    let mut seen = [0; 2];
    let (mut before, mut after) = ((0, 0), (0, 0));
    let heap_now = || (heap::used(), heap::calls());
    let low = low_handler(pusher.clone());
    let timer = timer_handler(pusher.clone());
    board::with_pended(low, || {
        board::with_timer(period, timer, || {
            block_on(async {
                while seen != [EACH; 2] {
                    let next = poll_fn(|cx| Pin::new(&mut cursor).poll_next(cx)).await;
                    let (level, number) = next.expect("the list has not ended");
                    assert_eq!(number, seen[level], "level {level}");
                    seen[level] += 1;
                    if seen[0] + seen[1] == WARM_UP {
                        STARTED.store(true, SeqCst);
                        before = heap_now();
                    }
                }
                after = heap_now();
            });
        });
    });
    let all = critical_section::with(|cs| MEASURED.borrow(cs).get()).expect("the timer has run");
    let instructions = |ticks: u64| ticks * 1000 / u64::from(all.thousand);
    let each = |sum: u64| instructions(sum) / u64::from(all.pushes);
    let push = each(all.pushing) - instructions(all.clock_read.into());
    let masked = instructions((all.latest - all.earliest).into());
    println!();
    println!(
        "  {PUSHES} pushes, {} ticks, {} of them inside a push; {} pushes found no room",
        all.ticks,
        all.preempting,
        FULL.load(SeqCst),
    );
    println!(
        "  a push: {push} instructions, the longest {}; including main's reading: {}",
        instructions((all.longest_push - all.clock_read).into()),
        each(all.time) / 2,
    );
    println!("  interrupts masked: at most {masked} instructions, measured at {} ticks", all.pure);
    let calls = after.1 - before.1;
    println!(
        "  heap: {} bytes, {calls} calls during the measurement; at most {} bytes",
        after.0,
        heap::peak()
    );
    assert_eq!((after.0, calls), (before.0, 0), "the use of the heap changed");
    assert!(all.preempting > 100, "the timer preempted a push {} times", all.preempting);
    // The list masks interrupts only for single atomic operations, and only without native ones.
    assert!(all.pure >= all.ticks / 4, "too few ticks for the measurement");
    assert!(masked <= 32 && push <= 200, "masked {masked} instructions, a push took {push}");
}

#[board::entry]
fn main() -> ! {
    board::init();
    heap::init();
    let case = Case::start("soak");
    soak();
    case.end();
    run::finish()
}
