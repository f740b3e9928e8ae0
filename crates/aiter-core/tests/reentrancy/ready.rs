//! Ready queues with their nodes, by the contract of `ReadyNode`. An idle node is not used until
//! its number was taken.

use alloc::{rc::Rc, vec::Vec};
use core::{
    cell::Cell,
    task::{Context, Poll, Waker},
};

use aiter_core::task::{ReadyNode, ReadyQueue};

use crate::{
    base::{Base, Site, base},
    item::Item,
    waker::Registration,
    world::{Operation, Pools},
};

const NODES: usize = 4;

/// The model of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// The node may be polled.
    #[default]
    Scheduled,
    /// The node was woken after `clear_wakes`.
    ScheduledAndWoken,
    Idle,
    /// The node was woken, so the queue holds its number.
    Queued,
}

type States = Rc<[Cell<State>; NODES]>;

pub(crate) struct Ready<const PAD: usize> {
    queue: ReadyQueue,
    nodes: Vec<ReadyNode<Item<PAD>>>,
    states: States,
    registration: Option<Registration>,
}

/// A waker of a node, with the model of the node.
pub(crate) struct NodeWaker {
    states: States,
    number: usize,
    waker: Waker,
}

impl<const PAD: usize> Ready<PAD> {
    pub(crate) fn new(pools: &Pools<PAD>) -> Self {
        let queue = ReadyQueue::new();
        let mut nodes: Vec<_> = (0..NODES).map(|number| queue.node(number)).collect();
        for node in &mut nodes {
            node.set(Some(pools.private_item()));
        }
        Self { queue, nodes, states: Rc::default(), registration: None }
    }

    fn has_queued(&self) -> bool {
        self.states.iter().any(|state| state.get() == State::Queued)
    }

    pub(crate) fn check(&self, base: &Base) {
        let queued = self.has_queued();
        base.check(queued == self.queue.has_ready(), format_args!("`has_ready` is {}", !queued));
        let was_woken = self.registration.is_none_or(|registration| registration.was_woken(base));
        let text = format_args!("lost wake-up of a ready queue's owner: {:?}", self.registration);
        base.check(was_woken || !queued, text);
    }

    /// Takes all numbers, and checks that they are the numbers of the woken nodes.
    fn take(&mut self, base: &Base) {
        let mut number = self.queue.take();
        while number != ReadyQueue::NONE {
            let state = self.states[number].replace(State::Scheduled);
            base.check(state == State::Queued, format_args!("{number} is taken while {state:?}"));
            if base.has_failed() {
                return;
            }
            number = self.nodes[number].next();
        }
        base.check(!self.has_queued(), format_args!("a queued number was not taken"));
    }

    /// Polls, replaces or empties a scheduled node.
    fn poll_node(&mut self, pools: &Pools<PAD>, number: usize) {
        let (base, node) = (&pools.base, &mut self.nodes[number]);
        let state = &self.states[number];
        if base.random.one_in(4) {
            return node.set(base.random.one_in(2).then(|| pools.private_item()));
        }
        if base.random.one_in(6) {
            return drop(node.take());
        }
        state.set(State::Scheduled);
        if base.random.one_in(4) {
            let item = pools.private_item();
            let panics = Panics(&pools.panicked_polls);
            let polled = node.poll_new(item, |_, cx| {
                poll_member(pools, &self.states, number, cx).map(|()| pools.private_item())
            });
            core::mem::forget(panics);
            if polled.is_ready() {
                return;
            }
        } else {
            node.clear_wakes();
            node.poll(|_, cx| poll_member(pools, &self.states, number, cx));
        }
        let is_scheduled = state.get() == State::ScheduledAndWoken;
        let sleeps = node.set_idle();
        base.check(
            sleeps != is_scheduled,
            format_args!("node {number} idle: {sleeps}, woken: {is_scheduled}"),
        );
        state.set(if sleeps { State::Idle } else { State::Scheduled });
    }

    fn run(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, registration| {
            self.registration = None;
            self.take(&pools.base);
            for number in 0..NODES {
                let is_scheduled = matches!(
                    self.states[number].get(),
                    State::Scheduled | State::ScheduledAndWoken
                );
                if is_scheduled && pools.base.random.below(4) != 0 {
                    self.poll_node(pools, number);
                }
            }
            if self.queue.sleep(waker) {
                self.registration = Some(registration);
            } else {
                pools.base.check(self.has_queued(), format_args!("the owner does not sleep"));
            }
        });
    }
}

/// Counts a call that panics. `forget` it after the call.
struct Panics<'a>(&'a Cell<usize>);

impl Drop for Panics<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Applies a wake-up to the model.
fn note_wake(state: &Cell<State>) {
    state.set(match state.get() {
        State::Scheduled | State::ScheduledAndWoken => State::ScheduledAndWoken,
        State::Idle | State::Queued => State::Queued,
    });
}

fn poll_member<const PAD: usize>(
    pools: &Pools<PAD>,
    states: &States,
    number: usize,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let waker = NodeWaker { states: states.clone(), number, waker: cx.waker().clone() };
    if pools.has_room(&pools.nodes) {
        pools.nodes.put(waker);
    }
    base().call_back(Site::Member);
    if pools.base.random.one_in(3) {
        note_wake(&states[number]);
        cx.waker().wake_by_ref();
    }
    if pools.base.random.one_in(3) { Poll::Ready(()) } else { Poll::Pending }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const READY: &'static [Operation<PAD>] = &[
        ("ready run", Self::run_ready),
        ("ready drop", |pools| drop(pools.ready.take(&pools.base.random))),
        ("ready new", Self::new_ready),
        ("node wake", Self::wake_node),
        ("node wake_by_ref", Self::wake_node_by_ref),
    ];

    /// Returns an item that is never pushed.
    fn private_item(&self) -> Item<PAD> {
        Item::new(&self.base, usize::MAX)
    }

    fn run_ready(&self) {
        if let Some(mut ready) = self.ready.lend(&self.base.random) {
            ready.run(self);
        }
    }

    fn new_ready(&self) {
        if self.has_room(&self.ready) {
            self.ready.put(Ready::new(self));
        }
    }

    fn wake_node(&self) {
        if let Some(NodeWaker { states, number, waker }) = self.nodes.take(&self.base.random) {
            note_wake(&states[number]);
            waker.wake();
        }
    }

    fn wake_node_by_ref(&self) {
        if let Some(node) = self.nodes.lend(&self.base.random) {
            note_wake(&node.states[node.number]);
            node.waker.wake_by_ref();
        }
    }
}
