use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;
use core::sync::atomic::Ordering;
use core::task::{Poll, Waker};

use crate::case::Move;
use crate::law::Law;
use crate::outer::Stage;
use crate::parts::{Erased, Part, Parts, Role};
use crate::quiet::{message, quiet};
use crate::relation::{Flow, Relation};
use crate::source::{Control, Runaway};
use crate::task::Task;

/// What an adapter promises beyond the laws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) relation: Relation,
    pub(crate) fused: bool,
    pub(crate) lean: bool,
}

/// Items without a source's step, after which an adapter is taken for one that never ends.
const ENDLESS: usize = 1_000;

/// A law seen broken.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) law: Law,
    pub(crate) step: usize,
    pub(crate) why: String,
}

/// One case on the stage.
pub(crate) struct Run {
    stage: Arc<Stage>,
    rules: Rules,
    seats: Vec<Seat>,
    pokes: Vec<Box<dyn FnMut()>>,
    found: Vec<Finding>,
    counts: Counts,
    /// Where the executor looks first, for a task and for a source.
    turn: (usize, usize),
    /// Pokes since the last progress.
    idle_pokes: usize,
    /// A poll that never came back by itself.
    runaway: bool,
    /// The adapter panicked where no source had: what comes of that has been found already.
    spoiled: bool,
}

/// What L9 is reckoned from.
#[derive(Default)]
struct Counts {
    /// Polls, wakes, pokes and drops.
    steps: usize,
    polls: usize,
    /// Polls of tasks that were woken, or had not said `Pending`.
    due: usize,
    items: usize,
    pokes: usize,
    drops: usize,
}

/// A task, and what was seen of it.
struct Seat {
    task: Task<Erased>,
    role: Role,
    state: State,
    /// Sources whose wake has woken it, each with the number of its polls at that time.
    woken_by: Vec<(usize, usize)>,
    items: Vec<Vec<(usize, usize)>>,
    hints: Vec<Seen>,
    /// Its polls have panicked.
    panicked: bool,
}

/// An answer of `size_hint`.
struct Seen {
    step: usize,
    items: usize,
    lower: usize,
    upper: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not yet polled, or its last poll did not say `Pending`.
    Ready,
    Waiting,
    Ended,
    /// Not polled any more: it panicked, or was dropped.
    Closed,
}

impl Seat {
    fn new(part: Part) -> Self {
        Self {
            task: Task::from_pinned(part.stream),
            role: part.role,
            state: State::Ready,
            woken_by: Vec::new(),
            items: Vec::new(),
            hints: Vec::new(),
            panicked: false,
        }
    }

    fn is_due(&self) -> bool {
        match self.state {
            State::Ready => true,
            State::Waiting => self.task.is_woken(),
            State::Ended | State::Closed => false,
        }
    }
}

impl Run {
    pub(crate) fn new(stage: Arc<Stage>, parts: Parts, rules: Rules) -> Self {
        Self {
            stage,
            rules,
            seats: parts.parts.into_iter().map(Seat::new).collect(),
            pokes: parts.pokes,
            found: Vec::new(),
            counts: Counts::default(),
            turn: (0, 0),
            idle_pokes: 0,
            runaway: false,
            spoiled: false,
        }
    }

    /// Plays the case and says what it broke.
    pub(crate) fn play(mut self, moves: &[Move]) -> Vec<Finding> {
        for seat in 0..self.seats.len() {
            self.see_hint(seat);
        }
        let mut all_dropped = false;
        for step in moves {
            match *step {
                Move::Poll(task) => self.poll_anyhow(task),
                Move::PollAnew(task) => {
                    if let Some(n) = self.index(task) {
                        self.seats[n].task.switch_waker();
                    }
                    self.poll_anyhow(task);
                }
                Move::Wake(source) => {
                    let source = source.checked_rem(self.stage.len());
                    source.into_iter().for_each(|source| self.wake(source));
                }
                Move::Turn => {
                    self.turn();
                }
                Move::Poke(poke) => {
                    let poke = poke.checked_rem(self.pokes.len());
                    poke.into_iter().for_each(|poke| self.poke(poke));
                }
                Move::Drop(task) => self.drop_one(task),
                Move::DropAll => all_dropped = true,
            }
            if all_dropped || self.runaway {
                break;
            }
        }
        if !all_dropped {
            self.run_to_the_end();
        }
        self.look_at_sources();
        let found = self.found.len();
        self.drop_all();
        if self.spoiled {
            self.found.truncate(found);
        }
        self.found
    }

    fn find(&mut self, law: Law, why: impl Into<String>) {
        // The first finding of a law explains the later ones.
        if !self.has_found(law) {
            self.found.push(Finding { law, step: self.counts.steps, why: why.into() });
        }
    }

    fn has_found(&self, law: Law) -> bool {
        self.found.iter().any(|found| found.law == law)
    }

    fn index(&self, task: usize) -> Option<usize> {
        task.checked_rem(self.seats.len())
    }

    fn sum(&self, of: impl Fn(&Control) -> usize) -> usize {
        self.stage.controls().iter().map(of).sum()
    }

    fn has_panicked(&self) -> bool {
        self.sum(Control::panics) > 0
    }

    fn poll_anyhow(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        if self.seats[n].state != State::Closed {
            let due = usize::from(self.seats[n].is_due());
            self.poll(n);
            self.counts.due += due;
        }
    }

    /// Does what a fair executor would do next. Says whether there was anything.
    fn turn(&mut self) -> bool {
        let seats = self.seats.len();
        let mut order = (0..seats).map(|n| (self.turn.0 + n) % seats);
        if let Some(n) = order.find(|n| self.seats[*n].is_due()) {
            self.turn.0 = n + 1;
            self.counts.due += 1;
            self.poll(n);
            return !self.runaway;
        }
        let controls = self.stage.controls();
        let sources = controls.len();
        let mut order = (0..sources).map(|n| (self.turn.1 + n) % sources);
        let waits = |n: &usize| controls[*n].is_waiting() && !controls[*n].is_dropped();
        if let Some(n) = order.find(waits) {
            self.turn.1 = n + 1;
            self.wake(n);
            return true;
        }
        let waiting = self.seats.iter().any(|seat| seat.state == State::Waiting);
        if waiting && self.idle_pokes < 3 * self.pokes.len() {
            self.poke(self.counts.pokes % self.pokes.len());
            self.idle_pokes += 1;
            return true;
        }
        false
    }

    fn poll(&mut self, n: usize) {
        self.counts.steps += 1;
        self.counts.polls += 1;
        let seat = &mut self.seats[n];
        let ended = seat.state == State::Ended;
        let meter = &self.stage.meter;
        meter.after_end.store(ended, Ordering::Relaxed);
        meter.polls.store(0, Ordering::Relaxed);
        let before = self.stage.controls();
        let panics = before.iter().map(Control::panics).sum::<usize>();
        let steps = before.iter().map(Control::steps).sum::<usize>();
        let polls: Vec<_> = before.iter().map(Control::polls).collect();
        let result = quiet(|| seat.task.poll());
        if self.sum(Control::steps) > steps {
            self.idle_pokes = 0;
        }
        match result {
            Ok(poll) if ended => {
                if !matches!(poll, Poll::Ready(None)) {
                    let what = if poll.is_pending() { "Pending" } else { "an item" };
                    self.find(Law::L10, format!("task {n} gave {what} after its end"));
                    self.seats[n].state = State::Closed;
                }
            }
            Ok(Poll::Ready(Some(tokens))) => {
                self.counts.items += 1;
                self.idle_pokes = 0;
                let seat = &mut self.seats[n];
                let items = tokens.iter().map(|token| (token.source(), token.number()));
                seat.items.push(items.collect());
                seat.state = State::Ready;
            }
            Ok(Poll::Ready(None)) => self.seats[n].state = State::Ended,
            Ok(Poll::Pending) => {
                self.seats[n].state = State::Waiting;
                self.look_for_progress(n);
                for (source, control) in self.stage.controls().iter().enumerate() {
                    let polled = control.polls() > polls.get(source).copied().unwrap_or(0);
                    let seat = &mut self.seats[n];
                    if polled && control.is_self_woken() && seat.task.is_woken() {
                        seat.woken_by.push((source, control.polls()));
                    }
                }
            }
            Err(panic) if panic.is::<Runaway>() => {
                self.find(
                    Law::L9,
                    format!("a single poll of task {n} polled its sources for ever"),
                );
                self.runaway = true;
            }
            Err(_) if self.sum(Control::panics) > panics => {
                let seat = &mut self.seats[n];
                seat.panicked = true;
                seat.state = if ended { State::Closed } else { State::Ready };
            }
            Err(panic) => self.look_at_panic(n, ended, &*panic),
        }
        self.see_hint(n);
        self.look_for_waste();
        let no_end = ENDLESS + 16 * self.sum(Control::steps);
        if self.counts.items > no_end {
            self.runaway = true;
            if !matches!(self.rules.relation, Relation::Any) {
                self.find(Law::Items, format!("no end after {no_end} items"));
            }
        }
    }

    /// A panic that no source began in this poll.
    fn look_at_panic(&mut self, n: usize, ended: bool, panic: &(dyn Any + Send)) {
        let text = message(panic);
        self.spoiled |= ended || !self.has_panicked();
        if ended {
            self.find(Law::L10, format!("task {n} panicked after its end: {text}"));
        } else if !self.has_panicked() {
            self.find(Law::L6, format!("task {n} panicked, and no source had: {text}"));
        } else if !self.seats[n].panicked {
            self.find(Law::L6, format!("task {n} panicked because another one had: {text}"));
        }
        self.seats[n].state = State::Closed;
    }

    /// L3, when task `n` has just said `Pending`.
    fn look_for_progress(&mut self, n: usize) {
        let woken_by = mem::take(&mut self.seats[n].woken_by);
        if self.seats.iter().any(|seat| seat.state == State::Waiting && seat.task.is_woken()) {
            return;
        }
        for (source, polls) in woken_by {
            let Some(control) = self.stage.control(source) else { continue };
            if control.polls() == polls && !control.is_dropped() {
                let why = format!("source {source} woke task {n}, whose poll left it alone");
                self.find(Law::L3, why);
            }
        }
    }

    /// L9, after each poll.
    fn look_for_waste(&mut self) {
        let Counts { polls, due, items, pokes, drops, .. } = self.counts;
        let tasks = self.seats.len();
        let happened = self.sum(Control::steps) + pokes + drops + (polls - due);
        let polls_each = if self.rules.lean { 1 } else { 2 };
        let explained = polls_each * tasks * (happened + 1) + items + 2;
        if due > explained {
            let why = format!("{due} polls of woken tasks, where {explained} can be explained");
            self.find(Law::L9, why);
            self.runaway = true;
        }
        for (n, control) in self.stage.controls().iter().enumerate() {
            let waiting = control.waiting_polls();
            if waiting > polls + 2 {
                let why =
                    format!("source {n}, waiting, was polled {waiting} times in {polls} polls");
                self.find(Law::L9, why);
            }
        }
    }

    fn see_hint(&mut self, n: usize) {
        let seat = &mut self.seats[n];
        if seat.role == Role::Driver || seat.state == State::Closed || seat.panicked {
            return;
        }
        match quiet(|| seat.task.size_hint()) {
            Ok((lower, upper)) => {
                let (step, items) = (self.counts.steps, seat.items.len());
                seat.hints.push(Seen { step, items, lower, upper });
                if upper.is_some_and(|upper| upper < lower) {
                    self.find(Law::L4, format!("size_hint is ({lower}, {upper:?})"));
                }
            }
            Err(panic) => {
                let why = format!("size_hint panicked: {}", message(&*panic));
                self.find(Law::L4, why);
                self.spoiled = true;
                self.seats[n].state = State::Closed;
            }
        }
    }

    fn wake(&mut self, source: usize) {
        let Some(control) = self.stage.control(source) else { return };
        if !control.is_waiting() {
            return;
        }
        self.counts.steps += 1;
        let polls = control.polls();
        let woken: Vec<bool> = self.seats.iter().map(|seat| seat.task.is_woken()).collect();
        if let Err(panic) = quiet(|| control.wake()) {
            let why = format!("the wake of source {source} panicked: {}", message(&*panic));
            self.find(Law::L2, why);
        }
        for (seat, before) in self.seats.iter_mut().zip(woken) {
            if !before && seat.state == State::Waiting && seat.task.is_woken() {
                seat.woken_by.push((source, polls));
            }
        }
    }

    fn poke(&mut self, poke: usize) {
        self.counts.steps += 1;
        self.counts.pokes += 1;
        if let Err(panic) = quiet(&mut self.pokes[poke]) {
            let why = format!("poke {poke} panicked: {}", message(&*panic));
            self.find(Law::L6, why);
        }
    }

    fn drop_one(&mut self, task: usize) {
        let Some(n) = self.index(task) else { return };
        if self.seats[n].task.is_dropped() {
            return;
        }
        self.counts.steps += 1;
        self.counts.drops += 1;
        self.drop_stream(n);
    }

    fn drop_stream(&mut self, n: usize) {
        let seat = &mut self.seats[n];
        seat.state = State::Closed;
        if let (Err(panic), false) = (quiet(|| seat.task.drop_stream()), self.spoiled) {
            let why = format!("the drop of task {n}'s stream panicked: {}", message(&*panic));
            self.find(Law::L5, why);
        }
    }

    fn run_to_the_end(&mut self) {
        while !self.runaway && self.turn() {}
        if self.runaway {
            return;
        }
        if self.spoiled {
            return;
        }
        let hangs = self.seats.iter().position(|seat| seat.state == State::Waiting);
        if let Some(n) = hangs {
            // A wake that led to no progress has already been found.
            if !self.has_found(Law::L3) {
                let wakers = self.seats[n].task.wakers();
                let older = &wakers[..wakers.len() - 1];
                let why = if older.iter().any(|waker| waker.wakes() > 0) {
                    format!(
                        "task {n} waits for ever: an older waker was woken instead of its latest"
                    )
                } else {
                    format!("task {n} waits for ever: no source waits and nothing will wake it")
                };
                self.find(Law::L2, why);
            }
            return;
        }
        if self.has_panicked() {
            return;
        }
        for n in 0..self.seats.len() {
            for _ in 0..2 {
                if self.seats[n].state == State::Ended {
                    self.poll(n);
                }
            }
        }
        if self.counts.drops == 0 && self.seats.iter().all(|seat| seat.state == State::Ended) {
            self.look_at_hints();
            self.look_at_items();
        }
    }

    /// L4, once it is known how many items were still to come.
    fn look_at_hints(&mut self) {
        for n in 0..self.seats.len() {
            let seat = &self.seats[n];
            let wrong = seat.hints.iter().find_map(|seen| {
                let left = seat.items.len() - seen.items;
                let Seen { step, lower, upper, .. } = *seen;
                let wrong = left < lower || upper.is_some_and(|upper| left > upper);
                wrong.then(|| {
                    format!("({lower}, {upper:?}) after step {step}, and {left} items came")
                })
            });
            wrong.into_iter().for_each(|why| self.find(Law::L4, why));
        }
    }

    fn look_at_items(&mut self) {
        let controls = self.stage.controls();
        let readers = self.seats.iter().filter(|seat| seat.role == Role::Reader);
        let flow = Flow {
            sources: controls.iter().map(Control::tokens_in_script).collect(),
            readers: readers.map(|seat| seat.items.clone()).collect(),
        };
        let mut result = self.rules.relation.check(&flow);
        let whole = !matches!(self.rules.relation, Relation::Any | Relation::Subset);
        let to_come = self.sum(Control::sources_to_come);
        if whole && to_come > 0 {
            result = Err(format!("{to_come} items of the outer source were not asked for"));
        }
        if let Err(why) = result {
            self.find(Law::Items, why);
        }
    }

    /// L1, for as long as the sources were polled.
    fn look_at_sources(&mut self) {
        for (n, control) in self.stage.controls().iter().enumerate() {
            let early = control.early_polls_after_end();
            if early > 0 {
                self.find(Law::L1, format!("source {n} was polled after its end"));
            } else if self.rules.fused && control.polls_after_end() > 0 {
                let why = format!("source {n} was polled after its end, and after the adapter's");
                self.find(Law::L1, why);
            }
        }
    }

    fn drop_all(&mut self) {
        self.counts.steps += 1;
        for n in 0..self.seats.len() {
            self.drop_stream(n);
        }
        let controls = self.stage.controls();
        // What a dropped source would have told its timer or its peer to forget: a task's own
        // waker. One that the adapter has made may be kept by anybody for any time.
        let is_own = |waker: &Waker| {
            self.seats.iter().any(|seat| seat.task.wakers().iter().any(|own| own.is(waker)))
        };
        let wakers = controls.iter().filter_map(Control::take_waker);
        let kept: Vec<_> = wakers.filter(|waker| !is_own(waker)).collect();
        if self.has_panicked() {
            drop(kept);
        } else {
            self.look_for_late_wakes(kept);
        }
        let pokes = mem::take(&mut self.pokes);
        if let Err(panic) = quiet(|| drop(pokes)) {
            self.find(Law::L5, format!("the drop of a handle panicked: {}", message(&*panic)));
        }
        let ledger = &self.stage.meter.ledger;
        let (alive, twice) = (ledger.alive(), ledger.double_drops());
        if alive > 0 {
            self.find(Law::L5, format!("{alive} items were not freed"));
        }
        if twice > 0 {
            self.find(Law::L5, format!("{twice} items were freed twice"));
        }
        if let Some(n) = controls.iter().position(|control| !control.is_dropped()) {
            self.find(Law::L5, format!("source {n} was not dropped"));
        }
    }

    /// L7: everything was dropped, and these wakers of the adapter's own making are still about.
    fn look_for_late_wakes(&mut self, kept: Vec<Waker>) {
        let seats = &self.seats;
        let wakes = || -> usize {
            let wakers = seats.iter().flat_map(|seat| seat.task.wakers());
            wakers.map(|waker| waker.wakes()).sum()
        };
        let holds =
            || seats.iter().any(|seat| seat.task.wakers().iter().any(|waker| !waker.is_released()));
        let mut why = None;
        let pokes = mem::take(&mut self.pokes);
        let poke_all = || pokes.into_iter().for_each(|mut poke| poke());
        if let Err(panic) = quiet(poke_all) {
            why = Some(format!("a poke after the drop panicked: {}", message(&*panic)));
        }
        if holds() {
            why = Some("dropped, it still holds a task's waker".to_string());
        }
        let before = wakes();
        for waker in kept {
            if let Err(panic) = quiet(|| waker.wake()) {
                why = Some(format!("a wake after the drop panicked: {}", message(&*panic)));
            }
        }
        if wakes() > before {
            why = Some("a wake after the drop woke a task".to_string());
        }
        why.into_iter().for_each(|why| self.find(Law::L7, why));
    }
}
