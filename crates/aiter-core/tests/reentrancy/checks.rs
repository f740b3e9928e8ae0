//! Invariants between two operations and at the end of a seed.

use core::task::{Context, Waker};

use crate::{cursors::Reader, world::Pools};

impl<const PAD: usize> Pools<PAD> {
    /// Returns the index of the list's end, if the index of some cursor is known.
    pub(crate) fn tail(&self) -> Option<usize> {
        let mut tail = self.reference.borrow().as_ref().and_then(Reader::tail);
        self.readers.for_each(|reader| {
            if let Some(other) = reader.tail() {
                let known = *tail.get_or_insert(other);
                let text = format_args!("cursors disagree on the end: {known} and {other}");
                self.base.check(known == other, text);
            }
        });
        tail
    }

    pub(crate) fn has_reference(&self) -> bool {
        self.reference.borrow().is_some()
    }

    /// Reads all ready items with the reference.
    pub(crate) fn read_reference(&self) {
        let Some(mut reader) = self.reference.take() else { return };
        self.base.mute(|| reader.drain(self));
        // A list that has a cursor and is not stopped has refused no push.
        if !reader.cursor().is_stopped() {
            self.oracle.end_panicked();
        }
        self.reference.replace(Some(reader));
    }

    /// Checks the invariants between two operations.
    pub(crate) fn check_all(&self) {
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
        self.locks.for_each(|lock| lock.check(&self.base));
        self.ready.for_each(|ready| ready.check(&self.base));
    }

    /// Checks that the list retains at most a block more than the slowest cursor needs.
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

    /// Checks that the list has no item after all cursors have found nothing to read.
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
            count == 0 || kept.is_empty(),
            format_args!("all items are read, and {kept:?} are kept"),
        );
    }

    /// Checks that cursors drop earlier wakers once they wait with another waker or have ended.
    fn check_kept_wakers(&self) {
        let random = &self.base.random;
        self.nodes.clear();
        self.ready.clear();
        self.cells.clear();
        self.locks.clear();
        for _ in 0..self.readers.len() {
            let mut reader = self.readers.take_first();
            drop(reader.poll(&mut Context::from_waker(Waker::noop())));
            self.readers.put(reader);
        }
        for _ in 0..self.takers.len() {
            let mut taker = self.takers.take_first();
            taker.poll_idle();
            self.takers.put(taker);
        }
        while let Some(task) = self.tasks.take(random) {
            drop(task);
        }
        let kept = self.base.wakers.alive();
        self.base.check(kept.is_empty(), format_args!("unregistered wakers kept: {kept:?}"));
    }

    fn begin_anew(&self) -> usize {
        for group in self.groups.borrow().iter() {
            group.birth.set(None);
        }
        self.oracle.begin_anew()
    }

    /// Drops all handles one by one and checks the model.
    pub(crate) fn finish(&self) {
        let (base, random) = (&self.base, &self.base.random);
        base.log(format_args!("the end"));
        base.end_call_backs();
        base.mute(|| self.check_prompt_drops());
        if base.random.one_in(2) {
            base.mute(|| self.check_kept_wakers());
        }
        loop {
            let mut left = 0;
            let mut run = |name: &str, len: usize, operation: &dyn Fn()| {
                left += len;
                base.log(format_args!("{name} drop, {len} left"));
                base.run(operation);
            };
            run("node waker", self.nodes.len(), &|| drop(self.nodes.take(random)));
            run("cursor", self.readers.len(), &|| drop(self.readers.take(random)));
            run("lock", self.locks.len(), &|| drop(self.locks.take(random)));
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
