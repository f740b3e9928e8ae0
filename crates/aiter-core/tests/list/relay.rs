//! A value that tasks drive in turn.

use aiter_core::{Pass, Relay, TurnTaker};
use alloc::{collections::VecDeque, rc::Rc};
use core::{
    cell::{Cell, RefCell},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::panic::catch_unwind;

use crate::{drops::on_a_small_stack, scaled, waker::Counting};

/// A source of numbers, fed from outside.
#[derive(Default)]
struct Feed {
    items: RefCell<VecDeque<u32>>,
    waker: RefCell<Option<Waker>>,
    /// Called in the midst of a poll.
    in_poll: RefCell<Option<Box<dyn FnOnce()>>>,
    polls: Cell<usize>,
}

impl Feed {
    fn give(&self, item: u32) {
        self.items.borrow_mut().push_back(item);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

type Source = Rc<Feed>;

fn source() -> (Relay<Source>, Rc<Feed>) {
    let feed = Rc::new(Feed::default());
    (Relay::new(feed.clone()), feed)
}

fn poll(relay: &mut Relay<Source>, waker: &Waker) -> Poll<u32> {
    relay.poll_turn(&mut Context::from_waker(waker), |feed: Pin<&mut Source>, cx| {
        feed.polls.set(feed.polls.get() + 1);
        let item = feed.items.borrow_mut().pop_front();
        if item.is_none() {
            *feed.waker.borrow_mut() = Some(cx.waker().clone());
        }
        let in_poll = feed.in_poll.borrow_mut().take();
        if let Some(f) = in_poll {
            f();
        }
        item.map_or(Poll::Pending, |item| Poll::Ready((item, Pass::Next)))
    })
}

#[test]
fn the_longest_waiting_is_woken_first() {
    let (one, feed) = source();
    let mut handles = [one.clone(), one.clone(), one];
    let wakers = [Counting::new(), Counting::new(), Counting::new()];
    for (handle, waker) in handles.iter_mut().zip(&wakers) {
        assert!(poll(handle, waker.waker()).is_pending());
    }
    for n in 0..3 {
        feed.give(n);
        assert_eq!(
            wakers.each_ref().map(Counting::wakes),
            [1, usize::from(n > 0), usize::from(n > 1)]
        );
        assert_eq!(poll(&mut handles[n as usize], wakers[n as usize].waker()), Poll::Ready(n));
    }
}

#[test]
fn one_wake_of_the_source_serves_all_who_wait_if_there_is_more() {
    let (mut one, feed) = source();
    let mut two = one.clone();
    let wakers = [Counting::new(), Counting::new()];
    assert!(poll(&mut one, wakers[0].waker()).is_pending());
    assert!(poll(&mut two, wakers[1].waker()).is_pending());
    feed.items.borrow_mut().extend([1, 2]);
    feed.wake();
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 0]);
    assert_eq!(poll(&mut one, wakers[0].waker()), Poll::Ready(1));
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    assert_eq!(poll(&mut two, wakers[1].waker()), Poll::Ready(2));
}

#[test]
fn a_woken_one_that_is_dropped_or_stands_by_passes_its_wake_up_on() {
    for drops in [true, false] {
        let (mut one, feed) = source();
        let mut two = one.clone();
        let wakers = [Counting::new(), Counting::new()];
        assert!(poll(&mut one, wakers[0].waker()).is_pending());
        assert!(poll(&mut two, wakers[1].waker()).is_pending());
        feed.give(1);
        assert_eq!(wakers[1].wakes(), 0);
        if drops {
            drop(one);
        } else {
            one.stand_by();
        }
        assert_eq!(wakers[1].wakes(), 1);
        assert_eq!(poll(&mut two, wakers[1].waker()), Poll::Ready(1));
    }
}

#[test]
fn one_that_goes_without_having_been_woken_wakes_nobody() {
    let (mut one, _feed) = source();
    let mut two = one.clone();
    let waker = Counting::new();
    assert!(poll(&mut one, Waker::noop()).is_pending());
    assert!(poll(&mut two, waker.waker()).is_pending());
    one.stand_by();
    drop(one);
    assert_eq!(waker.wakes(), 0);
}

/// Woken for the news, but the other is at the source, and had asked before the news.
#[test]
fn a_woken_one_that_finds_the_gate_closed_is_not_forgotten() {
    let (mut one, feed) = source();
    let mut two = one.clone();
    let wakers = [Rc::new(Counting::new()), Rc::new(Counting::new())];
    assert!(poll(&mut one, wakers[0].waker()).is_pending());
    let one = Rc::new(RefCell::new(one));
    *feed.in_poll.borrow_mut() = Some(Box::new({
        let (feed, one, waker) = (feed.clone(), one.clone(), wakers[0].clone());
        move || {
            feed.give(7);
            assert_eq!(waker.wakes(), 1);
            assert!(poll(&mut one.borrow_mut(), waker.waker()).is_pending());
        }
    }));
    assert!(poll(&mut two, wakers[1].waker()).is_pending());
    assert_eq!(wakers[0].wakes(), 2, "it was turned away, and may come again");
    assert_eq!(poll(&mut one.borrow_mut(), wakers[0].waker()), Poll::Ready(7));
}

/// A turn may end in waiting for what only another handle can do.
#[test]
fn one_that_was_turned_away_comes_again_when_the_other_waits() {
    let (one, feed) = source();
    let (one, mut two) = (Rc::new(RefCell::new(one.clone())), one);
    let waker = Rc::new(Counting::new());
    *feed.in_poll.borrow_mut() = Some(Box::new({
        let (one, waker) = (one.clone(), waker.clone());
        move || assert!(poll(&mut one.borrow_mut(), waker.waker()).is_pending())
    }));
    assert!(poll(&mut two, Waker::noop()).is_pending());
    assert_eq!(waker.wakes(), 1);
}

/// The wake-up goes on from one to the next in a loop, not by recursion.
#[test]
fn a_wake_up_finds_its_way_past_many_that_need_it_no_more() {
    const N: usize = scaled(20_000, 50);
    on_a_small_stack(|| {
        let (first, feed) = source();
        let mut handles: Vec<_> = (0..2 * N).map(|_| first.clone()).collect();
        let waker = Counting::new();
        for handle in &mut handles {
            assert!(poll(handle, waker.waker()).is_pending());
        }
        let last = Counting::new();
        assert!(poll(&mut handles[2 * N - 1], last.waker()).is_pending());
        // The younger half, but for the last one, is polled first and finds something: each wakes one of the older
        // half, and stays in line.
        feed.items.borrow_mut().extend(1..N as u32);
        for handle in handles[N..2 * N - 1].iter_mut().rev() {
            assert!(poll(handle, waker.waker()).is_ready());
        }
        assert_eq!(waker.wakes(), N - 1);
        let news = feed.waker.take().unwrap();
        news.wake_by_ref();
        assert_eq!((waker.wakes(), last.wakes()), (N, 0));
        news.wake_by_ref();
        assert_eq!(last.wakes(), 1);
    });
}

#[test]
fn the_latest_waker_is_called() {
    let (mut one, feed) = source();
    let wakers = [Counting::new(), Counting::new()];
    for waker in &wakers {
        assert!(poll(&mut one, waker.waker()).is_pending());
    }
    feed.give(1);
    assert_eq!(wakers.each_ref().map(Counting::wakes), [0, 1]);
}

#[test]
fn a_panic_wakes_all_and_leaves_the_gate_open() {
    let (mut one, feed) = source();
    let (mut two, mut three) = (one.clone(), one.clone());
    let wakers = [Counting::new(), Counting::new()];
    assert!(poll(&mut one, wakers[0].waker()).is_pending());
    assert!(poll(&mut two, wakers[1].waker()).is_pending());
    *feed.in_poll.borrow_mut() = Some(Box::new(|| panic!("in the turn")));
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(&mut three, Waker::noop())));
    assert!(panicked.is_err());
    assert_eq!(wakers.each_ref().map(Counting::wakes), [1, 1]);
    feed.give(5);
    assert_eq!(poll(&mut two, wakers[1].waker()), Poll::Ready(5));
}

#[test]
fn a_look_polls_nothing_and_leaves_the_news() {
    let (mut one, feed) = source();
    assert!(poll(&mut one, Waker::noop()).is_pending());
    let polls = feed.polls.get();
    feed.give(1);
    assert_eq!(one.try_look(|feed| feed.items.borrow().len()), Some(1));
    assert_eq!(feed.polls.get(), polls);
    let two = one.clone();
    let closed = Rc::new(Cell::new(false));
    *feed.in_poll.borrow_mut() = Some(Box::new({
        let closed = closed.clone();
        move || closed.set(two.try_look(|_| ()).is_none())
    }));
    assert_eq!(poll(&mut one, Waker::noop()), Poll::Ready(1));
    assert!(closed.get(), "nobody looks while another is at it");
}

#[test]
fn the_last_handle_gives_the_value_back() {
    let (one, feed) = source();
    let two = one.clone();
    let Err(one) = one.try_into_inner() else { panic!("there is another") };
    drop(two);
    assert!(one.try_into_inner().is_ok(), "the last one");
    assert_eq!(Rc::strong_count(&feed), 1);
}

#[test]
fn the_source_may_keep_its_waker_for_ever() {
    let (mut one, feed) = source();
    let waker = Counting::new();
    assert!(poll(&mut one, waker.waker()).is_pending());
    assert_eq!(waker.held(), 1);
    drop(one);
    assert_eq!(waker.held(), 0, "the task's waker went with its handle");
    feed.give(1);
    assert_eq!(waker.wakes(), 0);
    assert_eq!(Rc::strong_count(&feed), 1, "and the source with the last handle");
}

/// Takes a turn, or what it is told that another one got.
#[derive(Default)]
struct Taker {
    elsewhere: Option<u32>,
    looks: usize,
    fences: usize,
}

impl TurnTaker<Source> for Taker {
    type Got = u32;

    fn take_turn(&mut self, feed: Pin<&mut Source>, cx: &mut Context<'_>) -> Poll<(u32, Pass)> {
        let in_poll = feed.in_poll.borrow_mut().take();
        if let Some(f) = in_poll {
            f();
        }
        let item = feed.items.borrow_mut().pop_front();
        if item.is_none() {
            *feed.waker.borrow_mut() = Some(cx.waker().clone());
        }
        item.map_or(Poll::Pending, |item| Poll::Ready((item, Pass::Next)))
    }

    fn look_elsewhere(&mut self) -> Option<u32> {
        self.looks += 1;
        self.elsewhere
    }

    fn fenced(&mut self) {
        self.fences += 1;
    }
}

#[test]
fn a_taker_looks_elsewhere_only_while_another_is_at_it() {
    let (mut one, feed) = source();
    let mut two = one.clone();
    feed.give(1);
    feed.give(2);
    let mut cx = Context::from_waker(Waker::noop());
    let met = Rc::new(RefCell::new(Vec::new()));
    *feed.in_poll.borrow_mut() = Some(Box::new({
        let met = met.clone();
        move || {
            let mut cx = Context::from_waker(Waker::noop());
            for elsewhere in [None, Some(7)] {
                let mut taker = Taker { elsewhere, ..Taker::default() };
                let polled = two.poll_turn_of(&mut cx, &mut taker);
                met.borrow_mut().push((polled, taker.looks));
            }
        }
    }));
    let mut taker = Taker::default();
    assert_eq!(one.poll_turn_of(&mut cx, &mut taker), Poll::Ready(1));
    assert_eq!((taker.looks, taker.fences), (0, 0));
    // Where nobody pauses, nobody looks.
    let looks = met.borrow()[0].1;
    let expected = if looks == 0 { Poll::Pending } else { Poll::Ready(7) };
    assert_eq!(*met.borrow(), [(Poll::Pending, looks), (expected, looks)]);
    assert_eq!(looks == 0, cfg!(miri) || usize::BITS < 64);
}

#[test]
fn a_fence_in_a_turn_is_told_at_its_end_and_no_other() {
    let (mut one, feed) = source();
    let two = one.clone();
    let mut cx = Context::from_waker(Waker::noop());
    let mut taker = Taker::default();
    two.fence();
    feed.give(1);
    assert_eq!(one.poll_turn_of(&mut cx, &mut taker), Poll::Ready(1));
    assert_eq!(taker.fences, 0, "it was drawn before");
    feed.give(2);
    *feed.in_poll.borrow_mut() = Some(Box::new(move || two.fence()));
    assert_eq!(one.poll_turn_of(&mut cx, &mut taker), Poll::Ready(2));
    // The other handle went with the closure.
    assert_eq!(taker.fences, 1);
    let three = one.clone();
    feed.give(3);
    assert_eq!(one.poll_turn_of(&mut cx, &mut taker), Poll::Ready(3));
    assert_eq!(taker.fences, 1);
    drop(three);
}

/// Who is turned away hears of the turn's end, fence or not.
#[test]
fn a_fence_takes_nobodys_wake_up() {
    let (mut one, feed) = source();
    let two = one.clone();
    let mut three = one.clone();
    let waker = Counting::new();
    let kept = Rc::new(RefCell::new(None));
    *feed.in_poll.borrow_mut() = Some(Box::new({
        let (waker, kept) = (waker.waker().clone(), kept.clone());
        move || {
            two.fence();
            assert!(poll(&mut three, &waker).is_pending());
            *kept.borrow_mut() = Some(three);
        }
    }));
    feed.give(1);
    let mut taker = Taker::default();
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(one.poll_turn_of(&mut cx, &mut taker), Poll::Ready(1));
    assert_eq!((taker.fences, waker.wakes()), (1, 1));
}
