use stream_laws::{Law, Laws, Relation};

/// An adapter of another crate, with notes on its results.
pub(crate) struct Peer {
    pub(crate) origin: &'static str,
    pub(crate) name: &'static str,
    pub(crate) laws: Laws,
    pub(crate) readers: Readers,
    pub(crate) notes: Vec<(Law, &'static str)>,
}

/// The number of readers of a peer. L8 and L11 apply to several readers only.
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

    /// Adds a note that is printed if this law is broken.
    pub(crate) fn note(mut self, law: Law, note: &'static str) -> Self {
        self.notes.push((law, note));
        self
    }
}

pub(crate) const UNFUSED: &str =
    "`Stream` leaves polls after the end unspecified, and this stream is not fused.";

pub(crate) const LATE_WAKE: &str = "The waker of a child holds the waker of the task. If a timer \
     or a channel keeps the former, its wake is spurious, and memory is retained.";

pub(crate) const GIVEN_UP: &str = "A child that has panicked is neither polled again nor counted \
     as ended, so the end never comes.";

pub(crate) const POISONED: &str =
    "The panic poisons the lock that the readers share, so each reader panics. No reader hangs.";

pub(crate) const ONE_WAKE: &str = "A wake of the source reaches one reader. The others progress \
     only after that reader is polled.";
