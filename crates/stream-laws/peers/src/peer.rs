use stream_laws::{Law, Laws, Relation};

/// An adapter of another crate, and what has to be said with its results.
pub(crate) struct Peer {
    pub(crate) origin: &'static str,
    pub(crate) name: &'static str,
    pub(crate) laws: Laws,
    pub(crate) readers: Readers,
    pub(crate) notes: Vec<(Law, &'static str)>,
}

/// Whether the laws about several readers, L8 and L11, apply.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    One,
    Several,
}

impl Peer {
    pub(crate) fn new(
        origin: &'static str,
        name: &'static str,
        relation: Relation,
        laws: impl FnOnce(&'static str) -> Laws,
    ) -> Self {
        let laws = laws(name).expect(relation);
        Self { origin, name, laws, readers: Readers::One, notes: Vec::new() }
    }

    pub(crate) fn shared_readers_keep_laws(mut self) -> Self {
        self.readers = Readers::Several;
        self
    }

    /// What to know about this law's result, should it be broken.
    pub(crate) fn note(mut self, law: Law, note: &'static str) -> Self {
        self.notes.push((law, note));
        self
    }
}

pub(crate) const UNFUSED: &str = "What a stream does when it is polled after its end is left open by `Stream`; \
     this one is not fused.";

pub(crate) const LATE_WAKE: &str = "The waker given to a child holds the task's waker for as long as a timer or a \
     channel keeps the former, and then wakes a task with nothing left to poll: spurious, and \
     memory kept.";

pub(crate) const GIVEN_UP: &str = "A child that has panicked is never polled again, nor does it count as ended: the end never \
     comes.";

pub(crate) const POISONED: &str = "The panic poisons the lock that the readers share, and each of them panics in its \
     turn: loud, not a hang.";

pub(crate) const ONE_WAKE: &str =
    "A wake of the source reaches one reader. The others go on only when that one is polled.";
