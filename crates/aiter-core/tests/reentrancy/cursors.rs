//! Cursors with and without a preflight, each with its position in the model.

use alloc::vec::Vec;
use core::{
    future::Future,
    mem::replace,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};
use std::{
    panic::{catch_unwind, resume_unwind},
    thread,
};

use aiter_core::{Cursor, Preflight};
use futures_core::{FusedStream, Stream};

use crate::{
    base::{Base, Site, base},
    item::Item,
    waker::Registration,
    world::Pools,
};

type Function = fn(&mut Context<'_>);

enum Source<const PAD: usize> {
    Plain(Cursor<Item<PAD>>),
    Preflight(Preflight<Item<PAD>, Function>),
}

pub(crate) struct Reader<const PAD: usize> {
    source: Source<PAD>,
    /// The index of the next item. Unknown after a panic in a skip, or if no cursor had a known
    /// index at the subscription.
    position: Option<usize>,
    /// The range of an unknown position.
    range: (usize, usize),
    /// The registration of the last poll, if it was pending.
    registration: Option<Registration>,
}

impl<const PAD: usize> Reader<PAD> {
    /// Wraps a cursor. Its position is unknown if the end of the list is.
    pub(crate) fn new(cursor: Cursor<Item<PAD>>, position: Option<usize>) -> Self {
        Self { source: Source::Plain(cursor), position, range: (0, usize::MAX), registration: None }
    }

    pub(crate) fn cursor(&self) -> &Cursor<Item<PAD>> {
        match &self.source {
            Source::Plain(cursor) => cursor,
            Source::Preflight(preflight) => preflight,
        }
    }

    pub(crate) fn cursor_mut(&mut self) -> &mut Cursor<Item<PAD>> {
        match &mut self.source {
            Source::Plain(cursor) => cursor,
            Source::Preflight(preflight) => preflight,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.cursor().len()
    }

    /// Returns the index of the list's end, derived from this position.
    pub(crate) fn tail(&self) -> Option<usize> {
        self.position.map(|position| position.wrapping_add(self.len()))
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.position.is_none()
    }

    /// Derives the position from the index of the list's end, which is known or chosen.
    pub(crate) fn find(&mut self, base: &Base, tail: usize, is_known: bool) {
        let (len, (from, to)) = (self.cursor().len(), replace(&mut self.range, (0, usize::MAX)));
        self.position = tail.checked_sub(len);
        base.check(
            !is_known || self.position.is_some_and(|at| from <= at && at <= to),
            format_args!("a cursor has {len} items left of {tail}, and was at {from}..={to}"),
        );
    }

    /// Records that the cursor yielded an item.
    pub(crate) fn see(&mut self, pools: &Pools<PAD>, id: usize) {
        let index = self.position.or_else(|| pools.oracle.index_of(id));
        if let Some(index) = index {
            pools.oracle.see(&pools.base, index, id);
        }
        self.position = index.map(|index| index + 1);
        self.range.1 = usize::MAX;
    }

    /// Checks that the cursor may return the end.
    pub(crate) fn end(&self, base: &Base) {
        let cursor = self.cursor();
        base.check(
            cursor.is_drained() && cursor.is_stopped() && cursor.is_empty(),
            format_args!("a cursor ended early, with {} items left", cursor.len()),
        );
    }

    /// Reads all ready items.
    pub(crate) fn drain(&mut self, pools: &Pools<PAD>) {
        while let Ok(item) = self.cursor_mut().try_next() {
            self.see(pools, item.id());
        }
    }

    /// Checks the invariants between two operations.
    pub(crate) fn check(&self, base: &Base) {
        let cursor = self.cursor();
        // A cursor that has returned the end has no more news, so its waker is not called.
        let is_end_news = cursor.is_drained() && !cursor.is_terminated();
        let has_news = cursor.is_item_available() || is_end_news;
        let was_woken = self.registration.is_none_or(|registration| registration.was_woken(base));
        base.check(
            was_woken || !has_news,
            format_args!(
                "lost wake-up of a cursor with {} items: {:?}",
                cursor.len(),
                self.registration
            ),
        );
        let len = cursor.len();
        let agree = cursor.is_empty() == (len == 0)
            && cursor.is_item_available() == (len != 0)
            && cursor.is_len_at_least(len)
            && cursor.available_iter().count() == len
            && cursor.size_hint() == (len, cursor.is_stopped().then_some(len))
            && (!cursor.is_terminated() || cursor.is_drained());
        base.check(agree, format_args!("a cursor of {len} items contradicts itself"));
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item<PAD>>> {
        match &mut self.source {
            Source::Plain(cursor) => Pin::new(cursor).poll_next(cx),
            Source::Preflight(preflight) => Pin::new(preflight).poll_next(cx),
        }
    }

    /// Polls for many items, by a future that is then dropped if `by_future`.
    fn poll_many(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut Vec<Item<PAD>>,
        max: usize,
        by_future: bool,
    ) -> Poll<usize> {
        match (&mut self.source, by_future) {
            (Source::Plain(cursor), true) => Pin::new(&mut cursor.next_many(buf, max)).poll(cx),
            (Source::Plain(cursor), false) => cursor.poll_next_many(cx, buf, max),
            (Source::Preflight(cursor), true) => Pin::new(&mut cursor.next_many(buf, max)).poll(cx),
            (Source::Preflight(cursor), false) => cursor.poll_next_many(cx, buf, max),
        }
    }

    /// Records the items that a call left in `buf`, then resumes its panic.
    fn see_many<R>(
        &mut self,
        pools: &Pools<PAD>,
        buf: &[Item<PAD>],
        result: thread::Result<R>,
    ) -> R {
        for item in buf {
            self.see(pools, item.id());
        }
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// Returns a second cursor at the same position.
    pub(crate) fn fork(&self) -> Self {
        let source = match &self.source {
            Source::Plain(cursor) => Source::Plain(cursor.fork()),
            Source::Preflight(preflight) => Source::Preflight(preflight.fork()),
        };
        Self { source, position: self.position, range: self.range, registration: None }
    }

    /// Returns the cursor and its position.
    pub(crate) fn into_parts(self) -> (Cursor<Item<PAD>>, Option<usize>) {
        let cursor = match self.source {
            Source::Plain(cursor) => cursor,
            Source::Preflight(preflight) => preflight.into_inner(),
        };
        (cursor, self.position)
    }

    /// Adds a preflight to the cursor, or removes it.
    pub(crate) fn toggle_preflight(mut self) -> Self {
        let function: Function = |_| base().call_back(Site::Preflight);
        self.source = match self.source {
            Source::Plain(cursor) => Source::Preflight(cursor.preflight(function)),
            Source::Preflight(preflight) => Source::Plain(preflight.into_inner()),
        };
        self
    }

    pub(crate) fn try_next(&mut self, pools: &Pools<PAD>) {
        let (base, len) = (&pools.base, self.cursor().len());
        let moment = base.moment();
        match self.cursor_mut().try_next() {
            Ok(item) => self.see(pools, item.id()),
            Err(error) => {
                let is_undisturbed = moment == base.moment();
                base.check(len == 0, format_args!("{error:?} with {len} items"));
                let ended = error == aiter_core::TryNextError::Ended;
                base.check(
                    !is_undisturbed || ended == self.cursor().is_stopped(),
                    format_args!("{error:?} in a list with nothing to read"),
                );
                if ended {
                    self.end(base);
                }
            }
        }
    }

    pub(crate) fn next_ready(&mut self, pools: &Pools<PAD>) {
        let len = self.cursor().len();
        match self.cursor_mut().next_ready() {
            Some(item) => self.see(pools, item.id()),
            None => pools.base.check(len == 0, format_args!("`None` with {len} items")),
        }
    }

    pub(crate) fn poll_once(&mut self, pools: &Pools<PAD>) {
        let len = self.cursor().len();
        pools.with_waker(|waker, registration| {
            self.registration = None;
            match self.poll(&mut Context::from_waker(waker)) {
                Poll::Ready(Some(item)) => self.see(pools, item.id()),
                Poll::Ready(None) => self.end(&pools.base),
                Poll::Pending => {
                    self.registration = Some(registration);
                    pools.base.check(len == 0, format_args!("pending with {len} items"));
                }
            }
        });
    }

    /// Reads all items and waits.
    pub(crate) fn sleep(&mut self, pools: &Pools<PAD>) {
        for _ in 0..=self.len() {
            self.poll_once(pools);
        }
    }

    pub(crate) fn try_next_many(&mut self, pools: &Pools<PAD>) {
        let (mut buf, max) = (Vec::new(), pools.base.random.below(20));
        let least = self.cursor().len().min(max);
        let take = AssertUnwindSafe(|| self.cursor_mut().try_next_many(&mut buf, max));
        let result = catch_unwind(take);
        let taken = self.see_many(pools, &buf, result);
        pools.base.check(
            taken == buf.len() && least <= taken && taken <= max,
            format_args!("try_next_many returned {taken}, took {}, of {least}..={max}", buf.len()),
        );
    }

    pub(crate) fn next_many(&mut self, pools: &Pools<PAD>) {
        let (mut buf, max) = (Vec::new(), 1 + pools.base.random.below(20));
        let least = self.cursor().len().min(max);
        let by_future = pools.base.random.below(2) == 0;
        pools.with_waker(|waker, registration| {
            self.registration = None;
            let cx = &mut Context::from_waker(waker);
            let poll = AssertUnwindSafe(|| self.poll_many(cx, &mut buf, max, by_future));
            let result = catch_unwind(poll);
            match self.see_many(pools, &buf, result) {
                Poll::Ready(0) => self.end(&pools.base),
                Poll::Ready(taken) => pools.base.check(
                    taken == buf.len() && least <= taken && taken <= max,
                    format_args!("next_many returned {taken}, took {} of {least}", buf.len()),
                ),
                Poll::Pending => {
                    // The drop of the future has removed the waker.
                    self.registration = (!by_future).then_some(registration);
                    pools.base.check(least == 0, format_args!("pending with {least} items"));
                }
            }
        });
    }

    /// Skips up to `n` items, or all. A panic leaves the position unknown.
    pub(crate) fn skip(&mut self, pools: &Pools<PAD>, n: Option<usize>) {
        let len = self.cursor().len();
        let before = self.position.take();
        self.range = match before {
            Some(at) => (at, at.saturating_add(n.unwrap_or(usize::MAX))),
            None => (self.range.0, usize::MAX),
        };
        let skipped = match n {
            Some(n) => self.cursor_mut().skip_items(n),
            None => self.cursor_mut().seek_to_end(),
        };
        self.position = before.map(|at| at + skipped);
        pools.base.check(
            skipped >= len.min(n.unwrap_or(len)) && skipped <= n.unwrap_or(len),
            format_args!("{skipped} of {len} items were skipped, not {n:?}"),
        );
    }
}
