//! The operations. Each runs many times between the marks.

mod adapters;
mod bounded;
mod inspect;
mod list;
mod readers;
mod wakes;

/// Runs the work between the marks.
pub(crate) type Marks<'a> = &'a mut dyn FnMut(&mut dyn FnMut());

/// An operation to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    /// Name in the budget.
    pub(crate) name: &'static str,
    /// Number of repetitions between the marks.
    pub(crate) times: u64,
    /// Prepares, then repeats the operation between the marks.
    pub(crate) run: fn(u64, Marks<'_>),
}

const fn operation(name: &'static str, run: fn(u64, Marks<'_>)) -> Operation {
    Operation { name, times: 12_800, run }
}

/// All operations.
pub(crate) const OPERATIONS: [Operation; 38] = [
    operation("push", list::push),
    operation("pop", list::pop),
    operation("push and pop, bursts of 32", list::bursts),
    operation("push and pop, 64 bytes, bursts of 32", list::large_bursts),
    operation("push and pop, unique pusher, bursts of 32", list::unique_bursts),
    operation("push and pop, reserve of 100,000", list::reserved::<100_000>),
    operation("push and pop, reserve of 10 million", list::reserved::<10_000_000>),
    operation("push_all and try_next_many, runs of 32", list::runs),
    operation("unique push_all and try_next_many, runs of 32", list::unique_runs),
    operation("push that wakes, and the next sleep", wakes::wakes),
    operation("push that wakes a new waker each time", wakes::wakes_others),
    operation("a cursor that sleeps, polled in vain", wakes::polls_in_vain),
    operation("burst of 12800, pushed and popped", list::long_burst),
    operation("fork and drop", readers::fork),
    operation("delivered item, 8 forks", readers::delivered),
    operation("delivered item, 8 forks, in runs of 32", readers::delivered_in_runs),
    operation("push and take, shared cursor", readers::shared),
    Operation { name: "item for 2 takers that sleep", times: 6400, run: wakes::wakes_takers::<2> },
    Operation { name: "item for 16 takers that sleep", times: 800, run: wakes::wakes_takers::<16> },
    operation("delivered item, forker, 2 forks", adapters::forker),
    operation("burst of 6400 read by 2 forks in turn", adapters::forker_burst),
    operation("join, 100 streams ready", adapters::join_ready),
    operation("join, 1 of 100 lists pushed to", adapters::join_woken),
    operation("map_par, done at once", adapters::map_par),
    operation("map_par, waits once", adapters::map_par_yielding),
    operation("map_par, ordered", adapters::map_par_ordered),
    operation("aiter_to_iter over a list", adapters::to_iter_of_list),
    operation("aiter_to_iter over an iterator", adapters::to_iter_of_iter),
    operation("bounded try_push and try_next", bounded::bursts::<1>),
    operation("bounded try_push and try_next, 3 cursors", bounded::bursts::<3>),
    operation("bounded push with room, and try_next", bounded::awaited),
    operation("lossy push and try_next", bounded::lossy::<u64, 0>),
    operation("lossy push and try_next, 1 stuck", bounded::lossy::<u64, 1>),
    operation("lossy push and try_next, owned item, 1 stuck", bounded::lossy::<bounded::Owned, 1>),
    operation("lossy push, 2 stuck", bounded::lossy_unread::<u64>),
    operation("lossy push, owned item, 2 stuck", bounded::lossy_unread::<bounded::Owned>),
    operation("push and pop, with names, bursts of 32", inspect::bursts),
    operation("snapshot of a list and a cursor", inspect::snapshot),
];

const LISTENING: &str = "a cursor is alive";
const BURST: u64 = 32;
