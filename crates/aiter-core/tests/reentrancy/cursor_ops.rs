//! Operations of cursors.

use alloc::rc::Rc;

use crate::{
    base::Site,
    cursors::Reader,
    oracle::Group,
    takers::Taker,
    world::{Operation, Pools},
};

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const CURSORS: &'static [Operation<PAD>] = &[
        ("try_next", |pools| pools.with_reader(Reader::try_next)),
        ("next_ready", |pools| pools.with_reader(Reader::next_ready)),
        ("poll", |pools| pools.with_reader(Reader::poll_once)),
        ("sleep", |pools| pools.with_reader(Reader::sleep)),
        ("try_next_many", |pools| pools.with_reader(Reader::try_next_many)),
        ("next_many", |pools| pools.with_reader(Reader::next_many)),
        ("skip_items", Self::skip),
        ("seek_to_end", |pools| pools.with_reader(|reader, pools| reader.skip(pools, None))),
        ("available_iter", Self::available),
        ("fork", Self::fork),
        ("resubscribe", Self::resubscribe),
        ("share", Self::share),
        ("preflight", Self::preflight),
        ("cursor drop", |pools| drop(pools.readers.take(&pools.base.random))),
        ("task drop", Self::drop_task),
    ];

    fn with_reader(&self, f: impl FnOnce(&mut Reader<PAD>, &Self)) {
        if let Some(mut reader) = self.readers.lend(&self.base.random) {
            f(&mut reader, self);
        }
    }

    fn skip(&self) {
        let n = self.base.random.below(12);
        self.with_reader(|reader, pools| reader.skip(pools, Some(n)));
    }

    /// Reads items by reference while call-backs run and the same cursor is forked.
    fn available(&self) {
        self.with_reader(|reader, _| {
            let mut at = reader.tail().map(|tail| tail - reader.cursor().len());
            let mut ahead = None;
            for item in reader.cursor().available_iter().take(8) {
                if let Some(index) = at.as_mut() {
                    self.oracle.see(&self.base, *index, item.id());
                    *index += 1;
                }
                self.base.call_back(Site::Member);
                if self.base.random.one_in(8) && self.has_room(&self.readers) {
                    self.readers.put(reader.fork());
                }
                if self.base.random.one_in(4) {
                    ahead = Some(item.clone());
                }
                item.id();
            }
            drop(ahead);
        });
    }

    fn fork(&self) {
        if !self.has_room(&self.readers) {
            return;
        }
        self.with_reader(|reader, pools| {
            let fork = reader.fork();
            let (len, other) = (reader.cursor().len(), fork.cursor().len());
            pools.base.check(len == other, format_args!("a fork of {len} items has {other}"));
            pools.readers.put(fork);
        });
    }

    fn resubscribe(&self) {
        if !self.has_room(&self.readers) {
            return;
        }
        self.with_reader(|reader, pools| {
            let before = reader.tail();
            let late = reader.cursor().resubscribe();
            let position = reader.tail().and_then(|tail| tail.checked_sub(late.len()));
            pools.base.check(
                before <= position,
                format_args!("a cursor resubscribed at {position:?} before {before:?}"),
            );
            pools.readers.put(Reader::new(late, position));
        });
    }

    fn share(&self) {
        if !self.has_room(&self.takers) {
            return;
        }
        let Some(reader) = self.readers.take(&self.base.random) else { return };
        let (cursor, birth) = reader.into_parts();
        let group = Rc::new(Group::new(birth));
        let taker = Taker::new(cursor.share(), group.clone());
        self.groups.borrow_mut().push(group);
        self.takers.put(taker);
    }

    fn preflight(&self) {
        let Some(reader) = self.readers.lend(&self.base.random) else { return };
        self.readers.put(reader.keep().toggle_preflight());
    }
}
