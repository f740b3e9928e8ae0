use alloc::format;
use core::fmt;

/// A law that every stream adapter should keep, or a promise of an adapter.
///
/// # Examples
/// ```
/// use stream_laws::Law;
///
/// for law in Law::ALL {
///     println!("{law}: {}", law.text());
/// }
/// assert_eq!((Law::L9.to_string(), Law::L9.text()), ("L9".into(), "no busy polling"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Law {
    /// The source is never polled after its end.
    ///
    /// After its own end an adapter may poll the source, unless it is [fused](crate::Laws::fused).
    L1,
    /// `Pending` means that the waker of the latest poll is registered.
    L2,
    /// One wake yields progress within one poll.
    ///
    /// If a source has woken the task, the next poll returns an item or the end, polls that source,
    /// or wakes another task.
    L3,
    /// `size_hint` is correct at each step: lower bound <= remaining items <= upper bound.
    L4,
    /// If the adapter is dropped at any step, every item is freed exactly once, and every source is
    /// dropped.
    L5,
    /// After a panic at any step, no task hangs: later polls return an item, the end or a panic.
    ///
    /// Every item is freed. Tasks other than the one that panicked do not panic.
    L6,
    /// A wake after the drop has no effect, and the drop releases the wakers of the tasks.
    L7,
    /// A drop of one reader loses no wake of another reader.
    L8,
    /// No busy polling.
    ///
    /// A task is woken no more often than the events of the run explain. A waiting source is polled
    /// once per poll of the task.
    L9,
    /// After `None`, every poll returns `None`.
    L10,
    /// A reader that is kept but never polled again stops no other reader.
    ///
    /// The abandoned reader may have been woken since its latest poll, or may wait for the next
    /// item. In both cases the other readers receive every item and the end, without the wake of a
    /// later item. If the slowest reader bounds the adapter,
    /// [`Laws::backpressure`](crate::Laws::backpressure) sets how far ahead the others get.
    L11,
    /// The [`Relation`](crate::Relation) of the adapter holds between the items of its sources and
    /// of its readers.
    Items,
    /// While an item of one source is ready, each other source yields at most `n` items.
    ///
    /// Checked only if [`Laws::fair`](crate::Laws::fair) promises it.
    Fair,
    /// The adapter holds at most `n` unread items.
    ///
    /// Checked only if [`Laws::read_ahead`](crate::Laws::read_ahead) promises it.
    ReadAhead,
}

impl Law {
    /// Every law, in order.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
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

    /// Returns a description of the law in one line.
    ///
    /// # Examples
    /// See the [example of the type](Self#examples).
    pub fn text(self) -> &'static str {
        match self {
            Self::L1 => "the source is never polled after its end",
            Self::L2 => "`Pending` means that the latest waker is registered",
            Self::L3 => "one wake yields progress within one poll",
            Self::L4 => "lower bound <= remaining items <= upper bound at each step",
            Self::L5 => "after a drop at any step, everything is freed exactly once",
            Self::L6 => "after a panic at any step, no task hangs and other tasks stay usable",
            Self::L7 => "a wake after the drop has no effect",
            Self::L8 => "a drop of one reader loses no wake of another",
            Self::L9 => "no busy polling",
            Self::L10 => "after `None`, every poll returns `None`",
            Self::L11 => "a reader that is never polled again stops no other reader",
            Self::Items => "the items are related as the adapter promises",
            Self::Fair => "no source is overtaken more often than the adapter promises",
            Self::ReadAhead => "the adapter holds no more unread items than it promises",
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Items => f.pad("items"),
            Self::Fair => f.pad("fair"),
            Self::ReadAhead => f.pad("read_ahead"),
            numbered => f.pad(&format!("{numbered:?}")),
        }
    }
}
