//! The pools of handles, and the choice of operations.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{
    any::Any,
    cell::{Cell, RefCell},
    task::Waker,
};

use aiter_core::{Pusher, WeakPusher, push_list};

use crate::{
    base::{Base, Site, World},
    cells::WakerCell,
    cursors::Reader,
    item::Item,
    oracle::{Group, Oracle},
    poll_locks::Handle,
    pool::Pool,
    random::Random,
    ready::{NodeWaker, Ready},
    takers::Taker,
    waker::Registration,
};

pub(crate) struct Pools<const PAD: usize> {
    pub(crate) base: Rc<Base>,
    pub(crate) pushers: Pool<Pusher<Item<PAD>>>,
    pub(crate) weak: Pool<WeakPusher<Item<PAD>>>,
    pub(crate) readers: Pool<Reader<PAD>>,
    pub(crate) takers: Pool<Taker<PAD>>,
    pub(crate) locks: Pool<Handle>,
    pub(crate) cells: Pool<Rc<WakerCell>>,
    pub(crate) ready: Pool<Ready<PAD>>,
    pub(crate) nodes: Pool<NodeWaker>,
    pub(crate) tasks: Pool<Waker>,
    pub(crate) oracle: Oracle,
    pub(crate) groups: RefCell<Vec<Rc<Group>>>,
    pub(crate) reference: RefCell<Option<Reader<PAD>>>,
    /// Number of calls of `poll_new` that panicked.
    pub(crate) panicked_polls: Cell<usize>,
    /// Maximum number of handles of each kind.
    most_handles: usize,
    /// Number of operations before the list may be stopped.
    earliest_stop: usize,
    operations: Vec<Operation<PAD>>,
    /// Running sums of the weights of the operations.
    weights: Vec<usize>,
}

/// The name for the trace, and the operation.
pub(crate) type Operation<const PAD: usize> = (&'static str, fn(&Pools<PAD>));

impl<const PAD: usize> World for Pools<PAD> {
    fn step(&self, site: Option<Site>) {
        let sum = *self.weights.last().expect("the list of operations is not empty");
        let drawn = self.base.random.below(sum);
        // Stops are more frequent while a task registers.
        let rate = if site == Some(Site::WakerClone) { 5 } else { 60 };
        if self.may_stop() && self.base.random.one_in(rate) {
            return self.stop();
        }
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
        let earliest_stop = base.random.below(2 * base.longest());
        let tell = format_args!("{most_handles} handles per kind, stop after {earliest_stop}");
        base.log(tell);
        let pools = Self {
            base: base.clone(),
            pushers: Pool::new(),
            weak: Pool::new(),
            readers: Pool::new(),
            takers: Pool::new(),
            locks: Pool::new(),
            cells: Pool::new(),
            ready: Pool::new(),
            nodes: Pool::new(),
            tasks: Pool::new(),
            oracle: Oracle::default(),
            groups: RefCell::new(Vec::new()),
            reference: RefCell::new(reference),
            panicked_polls: Cell::new(0),
            most_handles,
            earliest_stop,
            operations,
            weights,
        };
        pools.pushers.put(pusher);
        pools.readers.put(Reader::new(cursor, Some(0)));
        pools.cells.put(Rc::new(WakerCell::new()));
        pools.ready.put(Ready::new(&pools));
        pools.new_lock();
        pools
    }

    /// Returns the operations and the running sums of their weights. Some operations and kinds of
    /// handles are left out at random, so the others meet more often.
    fn weigh(random: &Random) -> (Vec<Operation<PAD>>, Vec<usize>) {
        let list = [Self::PUSHES, Self::CURSORS, Self::TAKERS];
        let others = [Self::LOCKS, Self::CELLS, Self::READY];
        let others = others.into_iter().filter(|_| random.one_in(2));
        let mut operations: Vec<_> = others.flatten().copied().collect();
        if operations.is_empty() || !random.one_in(4) {
            operations.extend(list.into_iter().flatten());
        }
        let mut sum = 0;
        let mut weights = Vec::new();
        for _ in &operations {
            sum += random.pick(&[0, 1, 5, 20]);
            weights.push(sum.max(1));
        }
        (operations, weights)
    }

    /// Returns `true` if the list may be stopped.
    pub(crate) fn may_stop(&self) -> bool {
        self.base.moment().0 >= self.earliest_stop
    }

    /// Returns `true` if `pool` may grow.
    pub(crate) fn has_room<H>(&self, pool: &Pool<H>) -> bool {
        pool.len() < self.most_handles
    }

    /// Calls `f` with a new waker, or with a waker that other handles may have registered.
    pub(crate) fn with_waker<R>(&self, f: impl FnOnce(&Waker, Registration) -> R) -> R {
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
            return f(&waker, Registration::new(&self.base, &waker));
        };
        f(&waker, Registration::new(&self.base, &waker))
    }

    /// Makes the waker own a handle, which is dropped with the waker.
    fn let_own(&self, waker: &Waker) {
        let (random, wakers) = (&self.base.random, &self.base.wakers);
        let handle: Option<Box<dyn Any>> = match random.below(4) {
            0 => self.readers.take(random).map(|reader| Box::new(reader) as _),
            1 => self.takers.take(random).map(|taker| Box::new(taker) as _),
            2 => self.locks.take(random).map(|lock| Box::new(lock) as _),
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
}
