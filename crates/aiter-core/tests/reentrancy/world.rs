//! The pools of handles, how an operation is chosen, and the checks between operations.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{
    any::Any,
    cell::{Cell, RefCell},
    task::Waker,
};

use aiter_core::{Pusher, WeakPusher, push_list};

use crate::{
    RESULTS_MAY_LEAK,
    base::{Base, World},
    cells::WakerCell,
    cursors::Reader,
    item::Item,
    oracle::{Group, Oracle},
    pool::Pool,
    random::Random,
    ready::{NodeWaker, Ready},
    relays::Handle,
    takers::Taker,
    waker::Nap,
};

pub(crate) struct Pools<const PAD: usize> {
    pub(crate) base: Rc<Base>,
    pub(crate) pushers: Pool<Pusher<Item<PAD>>>,
    pub(crate) weak: Pool<WeakPusher<Item<PAD>>>,
    pub(crate) readers: Pool<Reader<PAD>>,
    pub(crate) takers: Pool<Taker<PAD>>,
    pub(crate) relays: Pool<Handle>,
    pub(crate) cells: Pool<Rc<WakerCell>>,
    pub(crate) ready: Pool<Ready<PAD>>,
    pub(crate) nodes: Pool<NodeWaker>,
    pub(crate) tasks: Pool<Waker>,
    pub(crate) oracle: Oracle,
    pub(crate) groups: RefCell<Vec<Rc<Group>>>,
    reference: RefCell<Option<Reader<PAD>>>,
    /// Calls of `poll_new` that panicked.
    pub(crate) panicked_polls: Cell<usize>,
    /// No kind of handle gets more than this.
    most_handles: usize,
    /// The list is not stopped before so many operations.
    begins_to_stop: usize,
    operations: Vec<Operation<PAD>>,
    /// Sums of the operations' weights.
    weights: Vec<usize>,
}

/// A name for the trace, and what to do.
pub(crate) type Operation<const PAD: usize> = (&'static str, fn(&Pools<PAD>));

impl<const PAD: usize> World for Pools<PAD> {
    fn step(&self) {
        let sum = *self.weights.last().expect("there are operations");
        let drawn = self.base.random.below(sum);
        let (name, operation) = self.operations[self.weights.partition_point(|&to| to <= drawn)];
        self.base.log(format_args!("{name}"));
        operation(self);
    }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) fn new(base: &Rc<Base>) -> Self {
        let (pusher, cursor) = push_list();
        let has_reference = base.random.one_in(2);
        base.log(format_args!("reference: {has_reference}, {PAD} bytes more an item"));
        let reference = has_reference.then(|| Reader::new(cursor.fork(), Some(0)));
        let (operations, weights) = Self::weigh(&base.random);
        let most_handles = base.random.pick(&[1, 2, 3, 4, 6]);
        let begins_to_stop = base.random.below(base.longest());
        let tell = format_args!("{most_handles} handles of a kind, stops after {begins_to_stop}");
        base.log(tell);
        let pools = Self {
            base: base.clone(),
            pushers: Pool::new(),
            weak: Pool::new(),
            readers: Pool::new(),
            takers: Pool::new(),
            relays: Pool::new(),
            cells: Pool::new(),
            ready: Pool::new(),
            nodes: Pool::new(),
            tasks: Pool::new(),
            oracle: Oracle::default(),
            groups: RefCell::new(Vec::new()),
            reference: RefCell::new(reference),
            panicked_polls: Cell::new(0),
            most_handles,
            begins_to_stop,
            operations,
            weights,
        };
        pools.pushers.put(pusher);
        pools.readers.put(Reader::new(cursor, Some(0)));
        pools.cells.put(Rc::new(WakerCell::new()));
        pools.ready.put(Ready::new(&pools));
        pools.new_relay();
        pools
    }

    /// All operations, and sums of their weights. Some operations, and some kinds of handles, are
    /// left out, for others to meet more often.
    fn weigh(random: &Random) -> (Vec<Operation<PAD>>, Vec<usize>) {
        let lists = [Self::PUSHES, Self::CURSORS];
        let others = [Self::TAKERS, Self::RELAYS, Self::CELLS, Self::READY];
        let others = others.into_iter().filter(|_| random.one_in(2));
        let all = lists.into_iter().chain(others);
        let operations: Vec<_> = all.flat_map(|kind| kind.iter().copied()).collect();
        let mut sum = 0;
        let mut weights = Vec::new();
        for _ in &operations {
            sum += random.pick(&[0, 1, 5, 20]);
            weights.push(sum.max(1));
        }
        (operations, weights)
    }

    /// Whether the list may be stopped by now.
    pub(crate) fn may_stop(&self) -> bool {
        self.base.moment().0 >= self.begins_to_stop
    }

    /// Whether one more of these handles is welcome.
    pub(crate) fn has_room<H>(&self, pool: &Pool<H>) -> bool {
        pool.len() < self.most_handles
    }

    /// Calls `f` with a waker: a new one, or one that other handles may have.
    pub(crate) fn with_waker<R>(&self, f: impl FnOnce(&Waker, Nap) -> R) -> R {
        let random = &self.base.random;
        let is_new = self.tasks.len() == 0 || random.one_in(3);
        if is_new && self.has_room(&self.tasks) {
            let waker = self.base.wakers.new_waker();
            if random.one_in(4) {
                self.let_own(&waker);
            }
            self.tasks.put(waker);
        }
        let Some(waker) = self.tasks.lend(random) else {
            let waker = self.base.wakers.new_waker();
            return f(&waker, Nap::new(&self.base, &waker));
        };
        f(&waker, Nap::new(&self.base, &waker))
    }

    /// Gives the waker a handle: what drops the waker drops that one.
    fn let_own(&self, waker: &Waker) {
        let (random, wakers) = (&self.base.random, &self.base.wakers);
        let handle: Option<Box<dyn Any>> = match random.below(4) {
            0 => self.readers.take(random).map(|reader| Box::new(reader) as _),
            1 => self.takers.take(random).map(|taker| Box::new(taker) as _),
            2 => self.relays.take(random).map(|relay| Box::new(relay) as _),
            _ if self.pushers.len() < 2 => None,
            _ => self.pushers.take(random).map(|pusher| Box::new(pusher) as _),
        };
        if let Some(handle) = handle {
            wakers.give(waker, handle);
        }
    }

    pub(crate) fn drop_task(&self) {
        drop(self.tasks.take(&self.base.random));
    }

    /// The index of the list's end, if a cursor is at hand whose index is known.
    pub(crate) fn tail(&self) -> Option<usize> {
        let mut tail = self.reference.borrow().as_ref().and_then(Reader::tail);
        self.readers.for_each(|reader| {
            if let Some(other) = reader.tail() {
                let known = *tail.get_or_insert(other);
                let text = format_args!("cursors say that the list ends at {known} and {other}");
                self.base.check(known == other, text);
            }
        });
        tail
    }

    pub(crate) fn has_reference(&self) -> bool {
        self.reference.borrow().is_some()
    }

    /// Marks what is known of the list's end, and reads the reference.
    pub(crate) fn read_reference(&self) {
        let Some(mut reader) = self.reference.take() else { return };
        self.base.mute(|| reader.drain(self));
        // A list with a reader that is not stopped has refused nothing.
        if !reader.cursor().is_stopped() {
            self.oracle.end_panicked();
        }
        self.reference.replace(Some(reader));
    }

    /// What must hold between two operations.
    pub(crate) fn settle(&self) {
        if self.base.random.one_in(2) {
            self.read_reference();
        }
        let tail = self.tail();
        let mut anew = None;
        self.readers.for_each(|reader| {
            if reader.is_lost() {
                let end = tail.unwrap_or_else(|| *anew.get_or_insert_with(|| self.begin_anew()));
                reader.find(&self.base, end, tail.is_some());
            }
            reader.check(&self.base);
        });
        self.takers.for_each(|taker| taker.check(&self.base, tail));
        self.check_retained();
        self.relays.for_each(|relay| relay.check(&self.base));
        self.ready.for_each(|ready| ready.check(&self.base));
    }

    /// The list holds what the slowest cursor needs, within a block.
    fn check_retained(&self) {
        let mut most = self.reference.borrow().as_ref().map(Reader::len);
        self.readers.for_each(|reader| most = most.max(Some(reader.len())));
        self.takers.for_each(|taker| most = most.max(Some(taker.len())));
        let Some(most) = most.filter(|_| self.base.wakers.own_nothing()) else { return };
        let block = if PAD < 500 { 64 } else { 32 * 1024 / PAD };
        self.pushers.for_each(|pusher| {
            let retained = pusher.retained();
            self.base.check(
                retained <= most + block,
                format_args!("{retained} items are retained for a cursor with {most}"),
            );
        });
    }

    /// Once all cursors have found nothing to read, the list has no item.
    fn check_prompt_drops(&self) {
        drop(self.base.wakers.take_owned());
        let mut count = usize::from(self.has_reference());
        for _ in 0..2 {
            self.read_reference();
            for _ in 0..self.readers.len() {
                count += 1;
                let mut reader = self.readers.take_first();
                reader.drain(self);
                self.readers.put(reader);
            }
            for _ in 0..self.takers.len() {
                count += 1;
                let mut taker = self.takers.take_first();
                taker.drain();
                self.takers.put(taker);
            }
        }
        let mut kept = self.base.items.alive();
        kept.retain(|&id| id != usize::MAX);
        self.base.check(
            count == 0 || kept.len() <= self.most_leaks(),
            format_args!("all is read, and items {kept:?} are kept"),
        );
    }

    /// Results that calls may have leaked as they panicked.
    pub(crate) fn most_leaks(&self) -> usize {
        if RESULTS_MAY_LEAK { self.panicked_takes() } else { 0 }
    }

    /// Calls that may have leaked a result as they panicked.
    fn panicked_takes(&self) -> usize {
        let takes: usize = self.groups.borrow().iter().map(|group| group.panics.get()).sum();
        takes + self.panicked_polls.get()
    }

    fn begin_anew(&self) -> usize {
        for group in self.groups.borrow().iter() {
            group.birth.set(None);
        }
        self.oracle.begin_anew()
    }

    /// Drops every handle, one by one, and checks the books.
    pub(crate) fn finish(&self) {
        let (base, random) = (&self.base, &self.base.random);
        base.log(format_args!("the end"));
        base.end_call_backs();
        base.mute(|| self.check_prompt_drops());
        loop {
            let mut left = 0;
            let mut run = |name: &str, len: usize, operation: &dyn Fn()| {
                left += len;
                base.log(format_args!("{name} drop, {len} left"));
                base.run(operation);
            };
            run("node waker", self.nodes.len(), &|| drop(self.nodes.take(random)));
            run("cursor", self.readers.len(), &|| drop(self.readers.take(random)));
            run("relay", self.relays.len(), &|| drop(self.relays.take(random)));
            run("taker", self.takers.len(), &|| drop(self.takers.take(random)));
            run("task", self.tasks.len(), &|| drop(self.tasks.take(random)));
            run("ready", self.ready.len(), &|| drop(self.ready.take(random)));
            run("cell", self.cells.len(), &|| drop(self.cells.take(random)));
            run("weak", self.weak.len(), &|| drop(self.weak.take(random)));
            run("pusher", self.pushers.len(), &|| drop(self.pushers.take(random)));
            if left == 0 {
                let owned = base.wakers.take_owned();
                if owned.is_empty() {
                    break;
                }
                base.run(|| drop(owned));
            }
            self.read_reference();
        }
        self.read_reference();
        self.oracle.check_order(base);
        if self.has_reference() {
            self.oracle.check_all_seen(base);
        }
        for group in self.groups.borrow().iter() {
            self.oracle.check_group(base, group);
        }
        base.mute(|| drop(self.reference.take()));
    }
}
