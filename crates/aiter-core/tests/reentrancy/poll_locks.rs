//! Handles of a `PollLock` around a source that the test feeds.

use alloc::rc::Rc;
use core::{
    cell::{Cell, RefCell},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_core::task::PollLock;

use crate::{
    base::{Base, Site, base},
    waker::Registration,
    world::{Operation, Pools},
};

/// The shared state of a source. Items are numbers, counted down.
#[derive(Default)]
pub(crate) struct SourceState {
    ready: Cell<usize>,
    waker: RefCell<Option<Waker>>,
    /// A turn polls the source.
    is_polled: Cell<bool>,
}

struct Source(Rc<SourceState>);

impl Source {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        struct Use<'a>(&'a Cell<bool>);
        impl Drop for Use<'_> {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        let base = base();
        let was_polled = self.0.is_polled.replace(true);
        base.check(!was_polled, format_args!("two turns at once"));
        let _use = Use(&self.0.is_polled);
        base.call_back(Site::Source);
        // Registers before it reads, like each correct source.
        let old = self.0.waker.replace(Some(cx.waker().clone()));
        drop(old);
        let polled = match self.0.ready.get().checked_sub(1) {
            Some(left) => {
                self.0.ready.set(left);
                Poll::Ready(left)
            }
            None => Poll::Pending,
        };
        base.call_back(Site::Source);
        polled
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        base().call_back(Site::Source);
    }
}

/// The kind of registration of a pending handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitsFor {
    Poll,
    Read,
}

pub(crate) struct Handle {
    lock: PollLock<Source>,
    state: Rc<SourceState>,
    registration: Option<(Registration, WaitsFor)>,
}

impl Handle {
    /// Checks the invariants between two operations.
    pub(crate) fn check(&self, base: &Base) {
        let Some((registration, waits_for)) = self.registration else { return };
        let has_news = waits_for == WaitsFor::Read || self.state.ready.get() > 0;
        base.check(
            registration.was_woken(base) || !has_news,
            format_args!("lost wake-up of a lock handle: {registration:?} for a {waits_for:?}"),
        );
    }

    fn turn<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, registration| {
            self.registration = None;
            let cx = &mut Context::from_waker(waker);
            let polled = if pools.base.random.one_in(2) {
                let turn = |(): &mut (), mut source: Pin<&mut Source>, cx: &mut Context<'_>| {
                    source.poll(cx)
                };
                self.lock.poll_locked_or_else(cx, &mut (), turn, |()| {
                    base().call_back(Site::Source);
                    None
                })
            } else {
                self.lock.poll_locked(cx, |mut source, cx| source.poll(cx))
            };
            if polled.is_pending() {
                self.registration = Some((registration, WaitsFor::Poll));
            }
        });
    }

    fn poll_read<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, registration| {
            // If `poll_read` panics, the new waker may have replaced the old one.
            let before = self.registration.take();
            let cx = &mut Context::from_waker(waker);
            let polled = self.lock.poll_read(cx, |_| base().call_back(Site::Source));
            self.registration =
                if polled.is_pending() { Some((registration, WaitsFor::Read)) } else { before };
            self.check_gate(pools, polled.is_ready());
        });
    }

    /// Waits for turns of other handles, and no longer for its own turn.
    fn watch<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, _| {
            self.registration = None;
            self.lock.watch(&Context::from_waker(waker));
        });
    }

    fn try_read<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        let read = self.lock.try_read(|_| base().call_back(Site::Source));
        self.check_gate(pools, read.is_some());
    }

    /// Checks that the gate is open outside of other operations.
    fn check_gate<const PAD: usize>(&self, pools: &Pools<PAD>, is_open: bool) {
        pools.base.check(
            is_open || !pools.base.is_outermost(),
            format_args!("the gate of a lock is left closed"),
        );
    }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const LOCKS: &'static [Operation<PAD>] = &[
        ("lock turn", |pools| pools.with_handle(Handle::turn)),
        ("lock turn again", |pools| pools.with_handle(Handle::turn)),
        ("lock poll_read", |pools| pools.with_handle(Handle::poll_read)),
        ("lock try_read", |pools| pools.with_handle(Handle::try_read)),
        ("lock feed", Self::feed_lock),
        ("lock watch", |pools| pools.with_handle(Handle::watch)),
        ("lock drop_used_waker", |pools| {
            pools.with_handle(|handle, _| {
                handle.lock.drop_used_waker();
            });
        }),
        ("lock notify", |pools| pools.with_handle(|handle, _| handle.lock.notify())),
        ("lock cancel", Self::cancel_lock),
        ("lock clone", Self::clone_lock),
        ("lock drop", |pools| drop(pools.locks.take(&pools.base.random))),
        ("lock into_inner", Self::take_source),
        ("lock new", Self::new_lock),
    ];

    pub(crate) fn new_lock(&self) {
        if self.has_room(&self.locks) {
            self.put_source(Source(Rc::default()));
        }
    }

    fn put_source(&self, source: Source) {
        let state = source.0.clone();
        self.locks.put(Handle { lock: PollLock::new(source), state, registration: None });
    }

    fn with_handle(&self, f: impl FnOnce(&mut Handle, &Self)) {
        if let Some(mut handle) = self.locks.lend(&self.base.random) {
            f(&mut handle, self);
        }
    }

    fn feed_lock(&self) {
        let mut state = None;
        self.with_handle(|handle, _| state = Some(handle.state.clone()));
        let Some(state) = state else { return };
        state.ready.set(state.ready.get() + 1 + self.base.random.below(2));
        let waker = state.waker.take();
        if self.base.random.one_in(2) {
            if let Some(waker) = waker {
                waker.wake();
            }
        } else if let Some(waker) = &waker {
            waker.wake_by_ref();
        }
    }

    fn cancel_lock(&self) {
        let base = &self.base;
        self.with_handle(|handle, _| {
            let registration = handle
                .registration
                .take()
                .filter(|(registration, _)| !registration.was_woken(base));
            let (before, moment) =
                (registration.map(|(registration, _)| registration.clones(base)), base.moment());
            handle.lock.cancel();
            let after = registration.map(|(registration, _)| registration.clones(base));
            base.check(
                registration.is_none() || after < before || moment != base.moment(),
                format_args!("a cancelled handle keeps its waker"),
            );
        });
    }

    fn clone_lock(&self) {
        if !self.has_room(&self.locks) {
            return;
        }
        self.with_handle(|handle, pools| {
            let (lock, state) = (handle.lock.clone(), handle.state.clone());
            pools.locks.put(Handle { lock, state, registration: None });
        });
    }

    /// Moves the source into a new lock, or puts the handle back if it is not the last.
    fn take_source(&self) {
        let Some(Handle { lock, state, .. }) = self.locks.take(&self.base.random) else {
            return;
        };
        match lock.try_into_inner() {
            Ok(source) => self.put_source(source),
            Err(lock) => self.locks.put(Handle { lock, state, registration: None }),
        }
    }
}
