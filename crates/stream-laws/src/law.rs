use core::fmt;

/// What any stream adapter owes its source, its items and the tasks that poll it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Law {
    /// The source is never polled after its end.
    ///
    /// An adapter that has not yet ended itself is held to it always; one that has, only where it
    /// [promises](crate::Laws::fused) to be fused.
    L1,
    /// `Pending` means that a wake is armed, on the waker of the latest poll.
    L2,
    /// One wake gives progress within one poll: when a source has woken the task, the next poll
    /// yields, or ends, or polls that source, or passes the wake on.
    L3,
    /// `size_hint` holds at each step: lower bound <= items still to come <= upper bound.
    L4,
    /// Dropped at any step, every item is freed exactly once, and every source is dropped.
    L5,
    /// After a panic at any step nothing hangs silently: later polls yield, end or panic.
    /// Everything is freed, and siblings of the task that met the panic do not panic.
    L6,
    /// A wake after the drop does nothing, and the drop has released the tasks' wakers.
    L7,
    /// Dropping one of several readers never loses the wake of another reader.
    L8,
    /// No busy polling: a task that is polled only when it is woken is polled no more often than
    /// what happened explains, and a source that waits is polled once in a poll of the task.
    L9,
    /// After `None` comes `None`.
    L10,
    /// A reader that is kept but never polled again never stops the others.
    ///
    /// The abandoned reader may have been woken without being polled since, or may wait for a wake
    /// that the next item brings. Either way the other readers get every item and the end, each
    /// item without the help of a later one. [`Laws::backpressure`](crate::Laws::backpressure)
    /// states how far ahead of it they get where the adapter is bounded by its slowest reader.
    L11,
    /// Between the items that went in and those that came out the adapter's
    /// [`Relation`](crate::Relation) holds.
    Items,
    /// While the item of one source is ready, no other source overtakes it too often.
    ///
    /// Checked only if the adapter promises it: see [`Laws::fair`](crate::Laws::fair).
    Fair,
    /// The adapter holds no more unread items than it promises.
    ///
    /// Checked only if the adapter promises it: see [`Laws::read_ahead`](crate::Laws::read_ahead).
    ReadAhead,
}

impl Law {
    /// Every law, in order.
    pub const ALL: [Self; 14] = [
        Self::L1,
        Self::L2,
        Self::L3,
        Self::L4,
        Self::L5,
        Self::L6,
        Self::L7,
        Self::L8,
        Self::L9,
        Self::L10,
        Self::L11,
        Self::Items,
        Self::Fair,
        Self::ReadAhead,
    ];

    /// The law in a line.
    pub fn text(self) -> &'static str {
        match self {
            Self::L1 => "the source is never polled after its end",
            Self::L2 => "Pending means that a wake is armed on the latest waker",
            Self::L3 => "one wake gives progress within one poll",
            Self::L4 => "lower <= items to come <= upper, at each step",
            Self::L5 => "dropped at any step, everything is freed exactly once",
            Self::L6 => "after a panic at any step nothing hangs, siblings stay usable",
            Self::L7 => "a wake after the drop does nothing",
            Self::L8 => "dropping one reader never loses another's wake",
            Self::L9 => "no busy polling",
            Self::L10 => "after None comes None",
            Self::L11 => "a reader that is never polled again never stops the others",
            Self::Items => "the items are those that the adapter promises",
            Self::Fair => "no source is overtaken more often than the adapter promises",
            Self::ReadAhead => "no more unread items are held than the adapter promises",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::L4 => "L4",
            Self::L5 => "L5",
            Self::L6 => "L6",
            Self::L7 => "L7",
            Self::L8 => "L8",
            Self::L9 => "L9",
            Self::L10 => "L10",
            Self::L11 => "L11",
            Self::Items => "items",
            Self::Fair => "fair",
            Self::ReadAhead => "read_ahead",
        })
    }
}
