//! A million pushes from two levels of interrupts, as fast as the board takes them, read by main.
//!
//! It measures what a push costs, and for how long interrupts were masked at most, which shows as a
//! late tick of the timer. All in instructions, which the emulator's clock counts.

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

/// How many pushes count: a million, unless the build was told otherwise by `AITER_SOAK`.
const PUSHES: u32 = match option_env!("AITER_SOAK") {
    Some(text) => match u32::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("AITER_SOAK is not a number"),
    },
    None => 1_000_000,
};
/// Before those: the list takes its room, and the board finds its rate.
const START: u32 = 50_000;
const EACH: u32 = (START + PUSHES) / 2;
/// The low level pushes so many, after as many ticks.
const BURST: u32 = 8;

/// What is pushed: the level, and the level's own number.
type Item = (usize, u32);

/// The cycles between two ticks, but for a little that changes: as few as leave main the time that
/// it needs. A push that finds no room makes them more, many that do make them fewer.
static PERIOD: AtomicU32 = AtomicU32::new(1500);
static FULL: AtomicU32 = AtomicU32::new(0);
static LOW_PUSHES: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicBool = AtomicBool::new(false);

/// What the timer's handler measures, in ticks of the timer.
#[derive(Clone, Copy, Default)]
struct Measured {
    ticks: u32,
    /// How many of them came while the lower level pushed.
    preempting: u32,
    /// From the first to the last.
    time: u64,
    pushes: u32,
    /// What those took, and to look at the clock.
    pushing: u64,
    longest_push: u32,
    /// How many ticks tell of masked interrupts, and by how much those were late.
    pure: u32,
    latest: u32,
    earliest: u32,
    /// What a thousand instructions take, and to look at the clock.
    thousand: u32,
    look: u32,
}

static MEASURED: Mutex<Cell<Option<Measured>>> = Mutex::new(Cell::new(None));

fn period(tick: u32) -> u32 {
    PERIOD.load(SeqCst) - tick * 37 % 61
}

/// Whether there was room.
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
            let Measured { mut thousand, look, .. } = all;
            if thousand == 0 {
                let before = board::late();
                board::thousand_instructions();
                thousand = board::ticks_since(before) - look;
            }
            let look = board::ticks_since(board::late());
            all = Measured { thousand, look, earliest: u32::MAX, ..Measured::default() };
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
                    let (level, number) = next.expect("the list goes on");
                    assert_eq!(number, seen[level], "level {level}");
                    seen[level] += 1;
                    if seen[0] + seen[1] == START {
                        STARTED.store(true, SeqCst);
                        before = heap_now();
                    }
                }
                after = heap_now();
            });
        });
    });
    let all = critical_section::with(|cs| MEASURED.borrow(cs).get()).expect("it ran");
    let instructions = |ticks: u64| ticks * 1000 / u64::from(all.thousand);
    let each = |sum: u64| instructions(sum) / u64::from(all.pushes);
    let push = each(all.pushing) - instructions(all.look.into());
    let masked = instructions((all.latest - all.earliest).into());
    println!();
    println!(
        "  {PUSHES} pushes, {} ticks, {} of them inside a push; no room for {}",
        all.ticks,
        all.preempting,
        FULL.load(SeqCst),
    );
    println!(
        "  a push: {push} instructions, the longest {}; with all else, main's reading too: {}",
        instructions((all.longest_push - all.look).into()),
        each(all.time) / 2,
    );
    println!("  interrupts masked: at most {masked} instructions, by {} ticks", all.pure);
    let calls = after.1 - before.1;
    println!("  heap: {} bytes, {calls} calls meanwhile; at most {} bytes", after.0, heap::most());
    assert_eq!((after.0, calls), (before.0, 0), "the heap's use is not flat");
    assert!(all.preempting > 100, "the timer came inside a push {} times", all.preempting);
    // Single operations, also where those are critical sections.
    assert!(all.pure >= all.ticks / 4, "too few ticks to tell");
    assert!(masked <= 32 && push <= 200, "too long");
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
