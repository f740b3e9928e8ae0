//! Takers of shared cursors.

use alloc::{rc::Rc, vec::Vec};
use core::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::panic::{catch_unwind, resume_unwind};

use aiter_core::{SharedCursor, TryNextError};
use futures_core::{FusedStream, Stream};

use crate::{
    base::Base,
    item::Item,
    oracle::Group,
    waker::Registration,
    world::{Operation, Pools},
};

pub(crate) struct Taker<const PAD: usize> {
    cursor: SharedCursor<Item<PAD>>,
    group: Rc<Group>,
    /// The number of this taker in its group.
    number: usize,
    registration: Option<Registration>,
}

/// Counts a take that panics, which may lose its item. `forget` it after the take.
struct Take<'a>(&'a Group);

impl Drop for Take<'_> {
    fn drop(&mut self) {
        self.0.panics.set(self.0.panics.get() + 1);
    }
}

impl<const PAD: usize> Taker<PAD> {
    pub(crate) fn new(cursor: SharedCursor<Item<PAD>>, group: Rc<Group>) -> Self {
        let number = group.add_taker();
        Self { cursor, group, number, registration: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.cursor.len()
    }

    /// Takes all ready items.
    pub(crate) fn drain(&mut self) {
        while let Ok(item) = self.cursor.try_next() {
            self.see(item.id());
        }
    }

    /// Polls with a no-op waker, which replaces the last waker.
    pub(crate) fn poll_idle(&mut self) {
        let cx = &mut Context::from_waker(Waker::noop());
        drop(Pin::new(&mut self.cursor).poll_next(cx));
    }

    fn see(&self, id: usize) {
        self.group.takes.borrow_mut()[self.number].push(id);
    }

    fn end(&self, base: &Base) {
        base.check(
            self.cursor.is_drained() && self.cursor.is_terminated(),
            format_args!("a taker ended early, with {} items left", self.cursor.len()),
        );
    }

    pub(crate) fn check(&self, base: &Base, tail: Option<usize>) {
        let len = self.cursor.len();
        // A taker that has returned the end has no more news, so its waker is not called.
        let has_news = len > 0 || (self.cursor.is_drained() && !self.cursor.is_terminated());
        let was_woken = self.registration.is_none_or(|registration| registration.was_woken(base));
        base.check(
            was_woken || !has_news,
            format_args!("lost wake-up of a taker with {len} items: {:?}", self.registration),
        );
        let (Some(tail), Some(birth)) = (tail, self.group.birth.get()) else { return };
        let (taken, most_lost) = (self.group.taken(), self.group.panics.get());
        let claimed = tail.wrapping_sub(birth).wrapping_sub(len);
        base.check(
            taken <= claimed && claimed <= taken + most_lost,
            format_args!("{claimed} items were taken, {taken} seen, at most {most_lost} lost"),
        );
    }

    fn try_next(&mut self, pools: &Pools<PAD>) {
        let (base, len) = (&pools.base, self.cursor.len());
        let moment = base.moment();
        let take = Take(&self.group);
        let result = self.cursor.try_next();
        core::mem::forget(take);
        match result {
            Ok(item) => self.see(item.id()),
            Err(error) => {
                let is_undisturbed = moment == base.moment();
                base.check(!is_undisturbed || len == 0, format_args!("{error:?} with {len} items"));
                base.check(
                    error != TryNextError::Contended,
                    format_args!("the gate is closed while user code runs"),
                );
                if error == TryNextError::Ended {
                    self.end(base);
                }
            }
        }
    }

    fn poll(&mut self, pools: &Pools<PAD>) {
        let (base, len) = (&pools.base, self.cursor.len());
        pools.with_waker(|waker, registration| {
            let moment = base.moment();
            self.registration = None;
            let take = Take(&self.group);
            let polled = Pin::new(&mut self.cursor).poll_next(&mut Context::from_waker(waker));
            core::mem::forget(take);
            match polled {
                Poll::Ready(Some(item)) => self.see(item.id()),
                Poll::Ready(None) => self.end(base),
                Poll::Pending => {
                    self.registration = Some(registration);
                    let is_undisturbed = moment == base.moment();
                    base.check(
                        !is_undisturbed || len == 0,
                        format_args!("pending with {len} items"),
                    );
                }
            }
        });
    }

    /// Takes all items and waits.
    fn sleep(&mut self, pools: &Pools<PAD>) {
        for _ in 0..=self.len() {
            self.poll(pools);
        }
    }

    /// Polls the future `next` once and drops it.
    fn next(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, registration| {
            self.registration = None;
            let (base, group) = (&pools.base, self.group.clone());
            let (before, moment) = (registration.clones(base), base.moment());
            let take = Take(&group);
            let mut next = self.cursor.next();
            let polled = Pin::new(&mut next).poll(&mut Context::from_waker(waker));
            let id = match &polled {
                Poll::Ready(Some(item)) => Some(item.id()),
                _ => None,
            };
            core::mem::forget(take);
            drop(next);
            let is_undisturbed = moment == base.moment() && polled.is_pending();
            base.check(
                !is_undisturbed || registration.clones(base) <= before,
                format_args!("a dropped future keeps its waker"),
            );
            if let Some(id) = id {
                self.see(id);
            } else if polled.is_ready() {
                self.end(base);
            }
        });
    }

    fn try_next_many(&mut self, pools: &Pools<PAD>) {
        let (mut buf, max) = (Vec::new(), pools.base.random.below(12));
        let take = Take(&self.group);
        let many = AssertUnwindSafe(|| self.cursor.try_next_many(&mut buf, max));
        let result = catch_unwind(many);
        for item in &buf {
            self.see(item.id());
        }
        let taken = result.unwrap_or_else(|payload| resume_unwind(payload));
        core::mem::forget(take);
        let len = buf.len();
        pools.base.check(taken == len, format_args!("{len} items, {taken} reported"));
    }

    fn next_many(&mut self, pools: &Pools<PAD>) {
        let (mut buf, max) = (Vec::new(), 1 + pools.base.random.below(12));
        pools.with_waker(|waker, _| {
            self.registration = None;
            let group = self.group.clone();
            let take = Take(&group);
            let result = catch_unwind(AssertUnwindSafe(|| {
                let mut next = self.cursor.next_many(&mut buf, max);
                Pin::new(&mut next).poll(&mut Context::from_waker(waker))
            }));
            for item in &buf {
                self.see(item.id());
            }
            let polled = result.unwrap_or_else(|payload| resume_unwind(payload));
            core::mem::forget(take);
            if polled == Poll::Ready(0) {
                self.end(&pools.base);
            }
            let taken = if let Poll::Ready(taken) = polled { taken } else { 0 };
            let len = buf.len();
            pools.base.check(taken == len, format_args!("{len} items, {taken} reported"));
        });
    }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const TAKERS: &'static [Operation<PAD>] = &[
        ("taker try_next", |pools| pools.with_taker(Taker::try_next)),
        ("taker poll", |pools| pools.with_taker(Taker::poll)),
        ("taker sleep", |pools| pools.with_taker(Taker::sleep)),
        ("taker next", |pools| pools.with_taker(Taker::next)),
        ("taker try_next_many", |pools| pools.with_taker(Taker::try_next_many)),
        ("taker next_many", |pools| pools.with_taker(Taker::next_many)),
        ("taker clone", Self::clone_taker),
        ("taker drop", |pools| drop(pools.takers.take(&pools.base.random))),
    ];

    fn with_taker(&self, f: impl FnOnce(&mut Taker<PAD>, &Self)) {
        if let Some(mut taker) = self.takers.lend(&self.base.random) {
            f(&mut taker, self);
        }
    }

    fn clone_taker(&self) {
        if !self.has_room(&self.takers) {
            return;
        }
        self.with_taker(|taker, pools| {
            pools.takers.put(Taker::new(taker.cursor.clone(), taker.group.clone()));
        });
    }
}
