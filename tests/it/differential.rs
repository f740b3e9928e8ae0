//! The push list compared with the model. Random sequences of operations must give equal results,
//! wake the waiting cursors, and drop each value exactly once.

use crate::{
    ledger::{Ledger, Tracked, values},
    model::{self, NoItem, Refused},
    waker::{Counting, poll},
};
use aiter::{
    Cursor, PushError, Pusher, SharedCursor, TryNextError, TryPushError, WeakPusher, push_list,
};
use core::{
    pin::pin,
    task::{Context, Poll},
};
use futures_core::{FusedStream, Stream};
use proptest::prelude::*;
use std::env;

/// An operation. A number selects a handle, modulo the number of handles.
#[derive(Clone, Debug)]
enum Op {
    Push(u8),
    TryPush(u8),
    Reserve(u8, u8),
    PushAll(u8, u8),
    Extend(u8, u8),
    UniquePush(u8),
    UniquePushAll(u8, u8),
    ClonePusher(u8),
    DropPusher(u8),
    Downgrade(u8),
    Upgrade(u8),
    DropWeak(u8),
    Stop(u8),
    Subscribe(u8),
    Fork(u8),
    DropCursor(u8),
    TryNext(u8),
    Poll(u8),
    /// Polls through a preflight that pushes.
    PollPreflight(u8, u8),
    TryNextMany(u8, u8),
    PollNextMany(u8, u8),
    /// Polls a `NextMany` once and drops it.
    NextMany(u8, u8),
    Available(u8),
    Share(u8),
    CloneTaker(u8),
    DropTaker(u8),
    PollTaker(u8),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let i = any::<u8>;
    let run = || 0..80_u8;
    let op = prop_oneof![
        24 => i().prop_map(Op::Push),
        4 => i().prop_map(Op::TryPush),
        1 => (i(), run()).prop_map(|(p, n)| Op::Reserve(p, n)),
        5 => (i(), run()).prop_map(|(p, n)| Op::PushAll(p, n)),
        1 => (i(), run()).prop_map(|(p, n)| Op::Extend(p, n)),
        4 => i().prop_map(Op::UniquePush),
        3 => (i(), run()).prop_map(|(p, n)| Op::UniquePushAll(p, n)),
        2 => i().prop_map(Op::ClonePusher),
        2 => i().prop_map(Op::DropPusher),
        1 => i().prop_map(Op::Downgrade),
        1 => i().prop_map(Op::Upgrade),
        2 => i().prop_map(Op::DropWeak),
        1 => (0..64_u8).prop_map(Op::Stop),
        4 => i().prop_map(Op::Subscribe),
        5 => i().prop_map(Op::Fork),
        7 => i().prop_map(Op::DropCursor),
        16 => i().prop_map(Op::TryNext),
        24 => i().prop_map(Op::Poll),
        2 => (i(), i()).prop_map(|(c, p)| Op::PollPreflight(c, p)),
        6 => (i(), run()).prop_map(|(c, n)| Op::TryNextMany(c, n)),
        5 => (i(), run()).prop_map(|(c, n)| Op::PollNextMany(c, n)),
        3 => (i(), run()).prop_map(|(c, n)| Op::NextMany(c, n)),
        2 => i().prop_map(Op::Available),
        1 => i().prop_map(Op::Share),
        3 => i().prop_map(Op::CloneTaker),
        3 => i().prop_map(Op::DropTaker),
        12 => i().prop_map(Op::PollTaker),
    ];
    prop::collection::vec(op, 1..200)
}

/// The waker of the last pending poll, until a later poll is ready or the wait is cancelled.
#[derive(Default)]
struct Wait(Option<Counting>);

impl Wait {
    fn is_woken(&self) -> bool {
        self.0.as_ref().is_some_and(|counting| counting.wakes() > 0)
    }

    /// Records the outcome of a poll.
    fn after<T>(&mut self, counting: Counting, outcome: &Poll<T>) {
        assert!(outcome.is_ready() || counting.held() > 0, "pending poll must keep the waker");
        self.0 = outcome.is_pending().then_some(counting);
    }
}

struct Reader {
    real: Cursor<Tracked>,
    model: model::Cursor<u64>,
    wait: Wait,
}

struct Taker {
    real: SharedCursor<Tracked>,
    wait: Wait,
}

/// The takers of one shared cursor.
struct Group {
    model: model::Cursor<u64>,
    takers: Vec<Taker>,
}

struct World<'a> {
    ledger: &'a Ledger,
    next: u64,
    pushers: Vec<(Pusher<Tracked>, model::Pusher<u64>)>,
    weaks: Vec<(WeakPusher<Tracked>, model::WeakPusher<u64>)>,
    readers: Vec<Reader>,
    groups: Vec<Group>,
    /// Lower bound on the number of `try_push` calls that find room.
    room: usize,
    /// `true` if there were never two cursors at once.
    single_cursor: bool,
}

/// Index of the element that `i` selects, or `None` if `of` is empty.
fn pick<T>(of: &[T], i: u8) -> Option<usize> {
    (!of.is_empty()).then(|| usize::from(i) % of.len())
}

fn refused(error: PushError<Tracked>) -> (Refused, u64) {
    match error {
        PushError::Stopped(item) => (Refused::Stopped, item.value),
        PushError::NoCursor(item) => (Refused::NoCursor, item.value),
    }
}

fn no_item(error: TryNextError) -> NoItem {
    match error {
        TryNextError::Empty => NoItem::Empty,
        TryNextError::Ended => NoItem::Ended,
        TryNextError::Contended => unreachable!("no other thread"),
    }
}

/// Converts the result of `try_next` to the expected result of a poll.
fn polled<T>(next: Result<T, NoItem>) -> Poll<Option<T>> {
    match next {
        Ok(item) => Poll::Ready(Some(item)),
        Err(NoItem::Ended) => Poll::Ready(None),
        Err(NoItem::Empty) => Poll::Pending,
    }
}

fn value(outcome: &Poll<Option<Tracked>>) -> Poll<Option<u64>> {
    match outcome {
        Poll::Ready(item) => Poll::Ready(item.as_ref().map(|item| item.value)),
        Poll::Pending => Poll::Pending,
    }
}

impl<'a> World<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        let (real, real_cursor) = push_list();
        let (model, model_cursor) = model::push_list();
        Self {
            ledger,
            next: 0,
            pushers: vec![(real, model)],
            weaks: Vec::new(),
            readers: vec![Reader { real: real_cursor, model: model_cursor, wait: Wait::default() }],
            groups: Vec::new(),
            room: 0,
            single_cursor: true,
        }
    }

    fn item(&mut self) -> (u64, Tracked) {
        self.next += 1;
        (self.next, self.ledger.item(self.next))
    }

    fn run(&mut self, n: u8) -> (Vec<u64>, Vec<Tracked>) {
        (0..n).map(|_| self.item()).unzip()
    }

    fn cursors(&self) -> usize {
        self.readers.len() + self.groups.len()
    }

    /// Runs an operation. Returns `None` if there is no handle for it.
    fn step(&mut self, op: &Op) -> Option<()> {
        match *op {
            Op::Push(p)
            | Op::TryPush(p)
            | Op::UniquePush(p)
            | Op::Reserve(p, _)
            | Op::PushAll(p, _)
            | Op::Extend(p, _)
            | Op::UniquePushAll(p, _) => {
                let p = pick(&self.pushers, p)?;
                self.push(op, p);
            }
            Op::ClonePusher(p) => {
                let (real, model) = &self.pushers[pick(&self.pushers, p)?];
                self.pushers.push((real.clone(), model.clone()));
            }
            Op::DropPusher(p) => drop(self.pushers.swap_remove(pick(&self.pushers, p)?)),
            Op::Downgrade(p) => {
                let (real, model) = &self.pushers[pick(&self.pushers, p)?];
                self.weaks.push((real.downgrade(), model.downgrade()));
            }
            Op::Upgrade(w) => {
                let (real, model) = &self.weaks[pick(&self.weaks, w)?];
                let (real, model) = (real.upgrade(), model.upgrade());
                assert_eq!(real.is_some(), model.is_some());
                self.pushers.extend(real.zip(model));
            }
            Op::DropWeak(w) => drop(self.weaks.swap_remove(pick(&self.weaks, w)?)),
            // An early stop is rare, because otherwise most sequences would stop at once.
            Op::Stop(p) => {
                let p = pick(&self.pushers, p)?;
                if self.next > 100 || self.cursors() > 3 {
                    self.pushers[p].0.stop();
                    self.pushers[p].1.stop();
                }
            }
            Op::Subscribe(p) => {
                let (real, model) = &self.pushers[pick(&self.pushers, p)?];
                let (real, model) = (real.subscribe(), model.subscribe());
                self.room = self.room.saturating_sub(1);
                self.enter(real, model);
            }
            Op::Fork(c) => {
                let reader = &self.readers[pick(&self.readers, c)?];
                let (real, model) = (reader.real.fork(), reader.model.fork());
                self.enter(real, model);
            }
            Op::DropCursor(c) => drop(self.readers.swap_remove(pick(&self.readers, c)?)),
            Op::TryNext(c)
            | Op::Poll(c)
            | Op::PollPreflight(c, _)
            | Op::TryNextMany(c, _)
            | Op::PollNextMany(c, _)
            | Op::NextMany(c, _)
            | Op::Available(c) => {
                let c = pick(&self.readers, c)?;
                self.read(op, c);
            }
            Op::Share(c) => {
                let Reader { real, model, .. } = self.readers.swap_remove(pick(&self.readers, c)?);
                let taker = Taker { real: real.share(), wait: Wait::default() };
                self.groups.push(Group { model, takers: vec![taker] });
            }
            Op::CloneTaker(t) => {
                let group = pick(&self.groups, t)?;
                let takers = &mut self.groups[group].takers;
                let real = takers[pick(takers, t / 3)?].real.clone();
                takers.push(Taker { real, wait: Wait::default() });
            }
            Op::DropTaker(t) => {
                let group = pick(&self.groups, t)?;
                let takers = &mut self.groups[group].takers;
                drop(takers.swap_remove(pick(takers, t / 3)?));
                if takers.is_empty() {
                    drop(self.groups.swap_remove(group));
                }
            }
            Op::PollTaker(t) => {
                let group = pick(&self.groups, t)?;
                let Group { model, takers } = &mut self.groups[group];
                let i = pick(takers, t / 3)?;
                let Taker { real, wait } = &mut takers[i];
                let counting = Counting::new();
                let outcome = poll(real, counting.waker());
                assert_eq!(value(&outcome), polled(model.try_next()));
                if let Poll::Ready(None) = outcome {
                    assert!(real.is_terminated());
                }
                wait.after(counting, &outcome);
            }
        }
        Some(())
    }

    fn push(&mut self, op: &Op, p: usize) {
        let before = self.next;
        match *op {
            Op::Push(_) => {
                let (value, item) = self.item();
                let (real, model) = &self.pushers[p];
                assert_eq!(real.push(item).map_err(refused), model.push(value));
            }
            Op::TryPush(_) => {
                let (value, item) = self.item();
                let (real, model) = &self.pushers[p];
                match real.try_push(item) {
                    Ok(()) => assert_eq!(model.push(value), Ok(())),
                    Err(TryPushError::Full(item)) => {
                        assert_eq!(item.value, value);
                        assert_eq!(self.room, 0, "reserved push must not find the list full");
                        assert!(!model.is_stopped() && model.cursor_count() > 0);
                    }
                    Err(TryPushError::Stopped(item)) => {
                        assert_eq!(model.push(value), Err((Refused::Stopped, item.value)));
                    }
                    Err(TryPushError::NoCursor(item)) => {
                        assert_eq!(model.push(value), Err((Refused::NoCursor, item.value)));
                    }
                }
            }
            Op::Reserve(_, n) => {
                self.pushers[p].0.reserve(n.into());
                if self.cursors() > 0 {
                    self.room = self.room.max(n.into());
                }
            }
            Op::PushAll(_, n) | Op::UniquePushAll(_, n) => {
                let (values_, items) = self.run(n);
                let (real, model) = &mut self.pushers[p];
                let result = if let Op::PushAll(..) = op {
                    real.push_all(items)
                } else if let Some(mut unique) = real.unique() {
                    assert!(model.is_unique());
                    unique.push_all(items)
                } else {
                    assert!(!model.is_unique());
                    real.push_all(items)
                };
                match (result, model.push_all(values_)) {
                    (Ok(real), Ok(model)) => assert_eq!(real, model),
                    (Err(real), Err((_, model))) => {
                        assert_eq!(real.pushed(), 0);
                        let back: Vec<_> = real.into_unpushed().collect();
                        assert_eq!(values(&back), model);
                    }
                    // An empty batch to a stopped list may be refused or accepted.
                    (Err(real), Ok(0)) => assert_eq!(real.pushed(), 0),
                    (real, model) => panic!("list returned {real:?}, model {model:?}"),
                }
            }
            Op::Extend(_, n) => {
                let (values_, items) = self.run(n);
                let (real, model) = &mut self.pushers[p];
                real.extend(items);
                drop(model.push_all(values_));
            }
            Op::UniquePush(_) => {
                let (value, item) = self.item();
                let (real, model) = &mut self.pushers[p];
                let result = match real.unique() {
                    Some(mut unique) => {
                        assert!(model.is_unique());
                        unique.push(item)
                    }
                    None => {
                        assert!(!model.is_unique());
                        real.push(item)
                    }
                };
                assert_eq!(result.map_err(refused), model.push(value));
            }
            _ => unreachable!("{op:?} is not a push"),
        }
        self.room = self.room.saturating_sub((self.next - before) as usize);
    }

    fn read(&mut self, op: &Op, c: usize) {
        let Reader { real, model, wait } = &mut self.readers[c];
        let counting = Counting::new();
        let cx = &mut Context::from_waker(counting.waker());
        let mut buf = Vec::new();
        match *op {
            Op::TryNext(_) => {
                let real = real.try_next().map(|item| item.value).map_err(no_item);
                assert_eq!(real, model.try_next());
            }
            Op::Poll(_) => {
                let outcome = poll(real, counting.waker());
                assert_eq!(value(&outcome), polled(model.try_next()));
                wait.after(counting, &outcome);
            }
            Op::PollPreflight(_, p) => {
                let Some(p) = pick(&self.pushers, p) else { return };
                let Reader { real, mut model, mut wait } = self.readers.swap_remove(c);
                self.next += 1;
                self.room = self.room.saturating_sub(1);
                let (real_pusher, model_pusher) = &self.pushers[p];
                let mut item = Some(self.ledger.item(self.next));
                let mut real = real.preflight(|_: &mut Context<'_>| {
                    drop(item.take().map(|item| real_pusher.push(item)));
                });
                drop(model_pusher.push(self.next));
                let outcome = poll(&mut real, counting.waker());
                assert_eq!(value(&outcome), polled(model.try_next()));
                wait.after(counting, &outcome);
                let real = real.into_inner();
                self.readers.push(Reader { real, model, wait });
            }
            Op::TryNextMany(_, max) => {
                let ready = model.len();
                let taken = real.try_next_many(&mut buf, max.into());
                assert_eq!(taken == 0, ready == 0 || max == 0);
                take(model, &buf, taken, max);
            }
            Op::PollNextMany(_, max) => {
                let outcome = real.poll_next_many(cx, &mut buf, max.into());
                assert_eq!(outcome.is_ready(), max == 0 || model.is_ready());
                if let Poll::Ready(taken) = outcome {
                    assert_eq!(taken == 0, max == 0 || model.is_drained());
                    take(model, &buf, taken, max);
                }
                if max > 0 {
                    wait.after(counting, &outcome);
                }
            }
            Op::NextMany(_, max) => {
                let outcome = pin!(real.next_many(&mut buf, max.into())).poll(cx);
                assert_eq!(outcome.is_ready(), max == 0 || model.is_ready());
                if let Poll::Ready(taken) = outcome {
                    assert_eq!(taken == 0, max == 0 || model.is_drained());
                    take(model, &buf, taken, max);
                }
                // The future is dropped, so its wait is cancelled.
                *wait = Wait::default();
            }
            Op::Available(_) => {
                let mut all = real.available_iter().map(|item| item.value);
                assert_eq!(all.by_ref().collect::<Vec<_>>(), model.available());
                assert_eq!(all.next(), None);
            }
            _ => unreachable!("{op:?} is not a read"),
        }
    }

    fn enter(&mut self, real: Cursor<Tracked>, model: model::Cursor<u64>) {
        self.readers.push(Reader { real, model, wait: Wait::default() });
        self.single_cursor &= self.cursors() == 1;
    }

    /// Checks the invariants that hold after every step.
    fn check(&mut self) {
        if self.cursors() == 0 {
            self.room = 0;
        }
        for (real, model) in &mut self.pushers {
            assert_eq!(real.is_stopped(), model.is_stopped());
            assert_eq!(real.cursor_count(), model.cursor_count());
            assert_eq!(real.unique().is_some(), model.is_unique());
        }
        for Reader { real, model, wait } in &self.readers {
            let len = model.len();
            assert_eq!(real.len(), len);
            assert_eq!(real.is_empty(), len == 0);
            assert_eq!(real.is_item_available(), len > 0);
            assert!(real.is_len_at_least(len) && !real.is_len_at_least(len + 1));
            assert_eq!(real.is_stopped(), model.is_stopped());
            assert_eq!(real.is_drained(), model.is_drained());
            assert!(model.is_drained() || !real.is_terminated());
            let (lower, upper) = real.size_hint();
            assert!(lower <= len);
            assert_eq!(upper.is_some(), model.is_stopped());
            assert!(upper.is_none_or(|upper| upper >= len));
            if wait.0.is_some() && model.is_ready() {
                assert!(wait.is_woken(), "waiting cursor must be woken if it is ready");
            }
        }
        for Group { model, takers } in &self.groups {
            let waiting = takers.iter().any(|taker| taker.wait.0.is_some());
            if waiting && model.is_ready() {
                let woken = takers.iter().any(|taker| taker.wait.is_woken());
                assert!(woken, "one waiting taker must be woken if an item is ready");
            }
        }
        if let Some((real, _)) = self.pushers.first() {
            let lag = self.readers.iter().map(|reader| reader.model.len()).max();
            assert!(real.retained() >= lag.unwrap_or(0));
        }
    }
}

/// Checks that the model yields the items that the list returned.
fn take(model: &mut model::Cursor<u64>, buf: &[Tracked], taken: usize, max: u8) {
    assert_eq!(buf.len(), taken);
    assert!(taken <= max.into());
    for item in buf {
        assert_eq!(Ok(item.value), model.try_next());
    }
}

/// Runs `ops`, then drops all handles, the kinds in `order` first.
fn run(ops: &[Op], order: [u8; 4]) {
    let ledger = Ledger::new();
    let mut world = World::new(&ledger);
    for op in ops {
        world.step(op);
        world.check();
    }
    for kind in order {
        match kind % 4 {
            0 => world.pushers.clear(),
            1 => world.readers.clear(),
            2 => world.groups.clear(),
            _ => world.weaks.clear(),
        }
        world.check();
    }
    let single_cursor = world.single_cursor;
    drop(world);
    ledger.assert_all_dropped();
    assert!(!single_cursor || ledger.clones() == 0, "single cursor must not clone items");
}

/// Number of sequences: a thousand times `AITER_STRESS`.
fn cases() -> u32 {
    if cfg!(miri) {
        return 8;
    }
    let factor = env::var("AITER_STRESS").ok().and_then(|text| text.parse().ok());
    1000 * factor.unwrap_or(1)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        // Under Miri there is no file system for the seeds.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_operations_match_model(ops in ops(), order: [u8; 4]) {
        run(&ops, order);
    }
}

#[test]
fn model_matches_hand_written_results() {
    // The expected results are written by hand, so they check the model without the list.
    let (pusher, mut cursor) = model::push_list();
    assert_eq!(pusher.push_all((1..=5).collect()), Ok(5));
    assert_eq!((0..3).map(|_| cursor.try_next()).collect::<Vec<_>>(), [Ok(1), Ok(2), Ok(3)]);
    let mut fork = cursor.fork();
    assert_eq!(pusher.push(6), Ok(()));
    pusher.stop();
    assert_eq!(pusher.push(7), Err((Refused::Stopped, 7)));
    assert!(!cursor.is_drained());
    assert_eq!(cursor.available(), [4, 5, 6]);
    assert_eq!((fork.len(), fork.try_next()), (3, Ok(4)));
    assert_eq!(fork.try_next().and(fork.try_next()), Ok(6));
    assert_eq!(fork.try_next(), Err(NoItem::Ended));
    assert_eq!(cursor.len(), 3);
    drop((cursor, fork));
    assert_eq!(pusher.cursor_count(), 0);
}

#[test]
fn long_walk_with_few_handles_matches_model() {
    // Random sequences rarely run thousands of steps through many blocks.
    let mut ops = Vec::new();
    let mut random = 1_u32;
    for _ in 0..if cfg!(miri) { 300 } else { 20_000 } {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (choice, i) = (random >> 24, (random >> 16) as u8);
        ops.push(match choice {
            0..=69 => Op::Push(i),
            70..=79 => Op::PushAll(i, i % 9),
            80..=84 => Op::UniquePushAll(i, i % 9),
            85..=119 => Op::TryNext(i),
            120..=179 => Op::Poll(i),
            180..=209 => Op::PollNextMany(i, i % 50),
            210..=214 => Op::Fork(i),
            215..=216 => Op::Subscribe(i),
            217..=224 => Op::DropCursor(i),
            225 => Op::Share(i),
            226 => Op::CloneTaker(i),
            227..=228 => Op::DropTaker(i),
            229..=240 => Op::PollTaker(i),
            241..=245 => Op::UniquePush(i),
            246..=249 => Op::TryPush(i),
            250 => Op::Reserve(i, i % 50),
            _ => Op::Available(i),
        });
    }
    run(&ops, [1, 0, 3, 2]);
}
