//! Handles of a relay round a source that is fed from outside.

use alloc::rc::Rc;
use core::{
    cell::{Cell, RefCell},
    pin::Pin,
    task::{Context, Poll, Waker},
};

use aiter_core::task::PollLock;

use crate::{
    base::{Base, Site, base},
    waker::Nap,
    world::{Operation, Pools},
};

/// What feeds the source: items are numbers, counted down.
#[derive(Default)]
pub(crate) struct Supply {
    ready: Cell<usize>,
    waker: RefCell<Option<Waker>>,
    /// The source is in use.
    is_polled: Cell<bool>,
}

struct Source(Rc<Supply>);

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
        // The waker first, then the look: as every source must.
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

/// What a pending handle waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Turn,
    Look,
}

pub(crate) struct Handle {
    relay: PollLock<Source>,
    supply: Rc<Supply>,
    nap: Option<(Nap, For)>,
}

impl Handle {
    /// What must hold while no operation is on.
    pub(crate) fn check(&self, base: &Base) {
        let Some((nap, waits_for)) = self.nap else { return };
        let has_news = waits_for == For::Look || self.supply.ready.get() > 0;
        base.check(
            nap.was_woken(base) || !has_news,
            format_args!("lost wake-up of a relay's handle: {nap:?} for a {waits_for:?}"),
        );
    }

    fn turn<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, nap| {
            self.nap = None;
            let cx = &mut Context::from_waker(waker);
            let polled = if pools.base.random.one_in(2) {
                let turn = |(): &mut (), mut source: Pin<&mut Source>, cx: &mut Context<'_>| {
                    source.poll(cx)
                };
                self.relay.poll_locked_or_else(cx, &mut (), turn, |()| {
                    base().call_back(Site::Source);
                    None
                })
            } else {
                self.relay.poll_locked(cx, |mut source, cx| source.poll(cx))
            };
            if polled.is_pending() {
                self.nap = Some((nap, For::Turn));
            }
        });
    }

    fn look<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, nap| {
            // If it panics, another waker may have taken that one's place.
            let before = self.nap.take();
            let cx = &mut Context::from_waker(waker);
            let polled = self.relay.poll_read(cx, |_| base().call_back(Site::Source));
            self.nap = if polled.is_pending() { Some((nap, For::Look)) } else { before };
            self.check_gate(pools, polled.is_ready());
        });
    }

    /// Waits for turns of other handles, and no longer for its own.
    fn watch<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        pools.with_waker(|waker, _| {
            self.nap = None;
            self.relay.watch(&Context::from_waker(waker));
        });
    }

    fn try_read<const PAD: usize>(&mut self, pools: &Pools<PAD>) {
        let looked = self.relay.try_read(|_| base().call_back(Site::Source));
        self.check_gate(pools, looked.is_some());
    }

    /// With no other operation on, no task is at the value.
    fn check_gate<const PAD: usize>(&self, pools: &Pools<PAD>, is_open: bool) {
        pools.base.check(
            is_open || !pools.base.is_outermost(),
            format_args!("the gate of a relay is left closed"),
        );
    }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const RELAYS: &'static [Operation<PAD>] = &[
        ("relay turn", |pools| pools.with_handle(Handle::turn)),
        ("relay turn again", |pools| pools.with_handle(Handle::turn)),
        ("relay look", |pools| pools.with_handle(Handle::look)),
        ("relay try_read", |pools| pools.with_handle(Handle::try_read)),
        ("relay feed", Self::feed_relay),
        ("relay watch", |pools| pools.with_handle(Handle::watch)),
        ("relay drop_used_waker", |pools| {
            pools.with_handle(|handle, _| {
                handle.relay.drop_used_waker();
            });
        }),
        ("relay notify", |pools| pools.with_handle(|handle, _| handle.relay.notify())),
        ("relay cancel", Self::cancel_relay),
        ("relay clone", Self::clone_relay),
        ("relay drop", |pools| drop(pools.relays.take(&pools.base.random))),
        ("relay into_inner", Self::take_source),
        ("relay new", Self::new_relay),
    ];

    pub(crate) fn new_relay(&self) {
        if self.has_room(&self.relays) {
            self.put_source(Source(Rc::default()));
        }
    }

    fn put_source(&self, source: Source) {
        let supply = source.0.clone();
        self.relays.put(Handle { relay: PollLock::new(source), supply, nap: None });
    }

    fn with_handle(&self, f: impl FnOnce(&mut Handle, &Self)) {
        if let Some(mut handle) = self.relays.lend(&self.base.random) {
            f(&mut handle, self);
        }
    }

    fn feed_relay(&self) {
        let mut supply = None;
        self.with_handle(|handle, _| supply = Some(handle.supply.clone()));
        let Some(supply) = supply else { return };
        supply.ready.set(supply.ready.get() + 1 + self.base.random.below(2));
        let waker = supply.waker.take();
        if self.base.random.one_in(2) {
            if let Some(waker) = waker {
                waker.wake();
            }
        } else if let Some(waker) = &waker {
            waker.wake_by_ref();
        }
    }

    fn cancel_relay(&self) {
        let base = &self.base;
        self.with_handle(|handle, _| {
            let nap = handle.nap.take().filter(|(nap, _)| !nap.was_woken(base));
            let (before, moment) = (nap.map(|(nap, _)| nap.clones(base)), base.moment());
            handle.relay.cancel();
            let after = nap.map(|(nap, _)| nap.clones(base));
            base.check(
                nap.is_none() || after < before || moment != base.moment(),
                format_args!("a handle that was cancelled keeps its waker"),
            );
        });
    }

    fn clone_relay(&self) {
        if !self.has_room(&self.relays) {
            return;
        }
        self.with_handle(|handle, pools| {
            let (relay, supply) = (handle.relay.clone(), handle.supply.clone());
            pools.relays.put(Handle { relay, supply, nap: None });
        });
    }

    /// The source goes into a new relay, or the handle comes back, if there are others.
    fn take_source(&self) {
        let Some(Handle { relay, supply, .. }) = self.relays.take(&self.base.random) else {
            return;
        };
        match relay.try_into_inner() {
            Ok(source) => self.put_source(source),
            Err(relay) => self.relays.put(Handle { relay, supply, nap: None }),
        }
    }
}
