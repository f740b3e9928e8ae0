//! User code that runs inside a read or a push, and uses the list.

use alloc::sync::Arc;
use core::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering},
};
use std::sync::Mutex;

use aiter_adapters::{
    LossyCursor,
    LossyPolicy::{Disconnect, DropOldest},
    LossyPusher, bounded_lossy,
};

use crate::{POLICIES, drain};

type Hook = Arc<dyn Fn(usize) + Send + Sync>;

const PUSHES: usize = if cfg!(miri) { 120 } else { 500 };

/// Calls a hook in `clone`.
struct OnClone(usize, Hook);

impl Clone for OnClone {
    fn clone(&self) -> Self {
        (self.1)(self.0);
        Self(self.0, self.1.clone())
    }
}

fn list_of(
    cap: usize,
    policy: aiter_adapters::LossyPolicy,
) -> (LossyPusher<OnClone>, LossyCursor<OnClone>, Arc<AtomicUsize>) {
    let (pusher, cursor) = bounded_lossy(cap, policy);
    (pusher, cursor, Arc::new(AtomicUsize::new(0)))
}

#[test]
fn cursor_is_not_cut_while_it_copies() {
    for policy in POLICIES {
        let (pusher, mut cursor, pushed) = list_of(20, policy);
        let _other = cursor.fork();
        let silent: Hook = Arc::new(|_| ());
        let hook: Hook = {
            let (pusher, pushed, silent) = (pusher.downgrade(), pushed.clone(), silent.clone());
            Arc::new(move |n| {
                let pusher = pusher.upgrade().unwrap();
                for m in n + 1..n + 31 {
                    pushed.fetch_add(
                        usize::from(pusher.push(OnClone(m, silent.clone())).is_ok()),
                        Ordering::SeqCst,
                    );
                }
            })
        };
        pusher.push(OnClone(0, hook)).unwrap();
        // The item is pinned, although 30 items are pushed meanwhile.
        assert_eq!(cursor.try_next().unwrap().0, 0);
        assert_eq!(pushed.load(Ordering::SeqCst), 30);
        assert_eq!((cursor.missed(), cursor.is_lagged()), (0, false));
        pusher.push(OnClone(31, silent)).unwrap_or(());
        assert!(cursor.is_lagged());
        if policy == DropOldest {
            assert_eq!(cursor.try_next().unwrap().0, 12);
            assert_eq!(cursor.missed(), 11);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "pushes a million items")]
fn read_that_does_not_return_makes_list_full() {
    const MAX_PINNED: usize = 1 << 20;
    for (cap, policy) in [(1, DropOldest), (100, POLICIES[1])] {
        let most = cap + MAX_PINNED;
        let (pusher, mut cursor, pushed) = list_of(cap, policy);
        let mut other = cursor.fork();
        let silent: Hook = Arc::new(|_| ());
        let hook: Hook = {
            let (pusher, pushed, silent) = (pusher.downgrade(), pushed.clone(), silent.clone());
            Arc::new(move |n| {
                let pusher = pusher.upgrade().unwrap();
                for m in n + 1..n + 2 * MAX_PINNED {
                    match pusher.push(OnClone(m, silent.clone())) {
                        Ok(()) => pushed.fetch_add(1, Ordering::SeqCst),
                        Err(error) => {
                            assert!(error.is_full());
                            assert_eq!(error.into_inner().0, m);
                            return;
                        }
                    };
                }
            })
        };
        pusher.push(OnClone(0, hook)).unwrap();
        assert_eq!(cursor.try_next().unwrap().0, 0);
        assert_eq!(pushed.load(Ordering::SeqCst), most - 1, "cap {cap}");
        // The read has returned, so the list accepts items again.
        let late = pusher.push(OnClone(most, silent.clone()));
        assert_eq!(late.is_ok(), policy == DropOldest);
        if policy == DropOldest {
            for cursor in [&mut cursor, &mut other] {
                let items = drain(cursor);
                assert!(items.iter().map(|item| item.0).eq(most + 1 - cap..=most));
            }
            assert_eq!((cursor.missed(), other.missed()), (most - cap, most + 1 - cap));
        }
    }
}

/// Calls a hook in `drop`.
struct OnDrop(usize, Option<Hook>);

impl Clone for OnDrop {
    fn clone(&self) -> Self {
        Self(self.0, None)
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(hook) = self.1.take() {
            hook(self.0);
        }
    }
}

#[test]
fn drop_of_item_may_push_and_read() {
    for forks in [0, 1, 3] {
        let (pusher, cursor) = bounded_lossy(8, DropOldest);
        let stuck: Vec<_> = (0..forks).map(|_| cursor.fork()).collect();
        let cursor = Arc::new(Mutex::new(cursor));
        let drops = Arc::new(AtomicUsize::new(0));
        let hook: Hook = {
            let (pusher, cursor, drops) = (pusher.downgrade(), cursor.clone(), drops.clone());
            Arc::new(move |n| {
                drops.fetch_add(1, Ordering::SeqCst);
                let Some(pusher) = pusher.upgrade() else { return };
                assert!(pusher.len() <= 8 && pusher.cursor_count() >= 1);
                if n % 7 == 0 {
                    let _ = pusher.push(OnDrop(n + 1, None));
                }
                // The lock is held if the item is dropped by the read below.
                if let Ok(mut cursor) = cursor.try_lock() {
                    let _ = cursor.try_next();
                }
            })
        };
        for n in 0..PUSHES {
            pusher.push(OnDrop(n, Some(hook.clone()))).unwrap();
        }
        let read = drain(&mut cursor.lock().unwrap());
        assert!(read.len() <= 8);
        drop((read, stuck));
        drop(pusher);
        assert!(drops.load(Ordering::SeqCst) >= PUSHES - 20);
    }
}

/// The reader finds nothing to read at a slot after the keeper's, so it leaves items before the
/// keeper that are dropped later.
#[test]
fn drop_beside_reader_may_use_list() {
    let (pusher, mut fast) = bounded_lossy(8, DropOldest);
    let stuck = fast.fork();
    let drops = Arc::new(AtomicUsize::new(0));
    let hook: Hook = {
        let (pusher, drops) = (pusher.downgrade(), drops.clone());
        Arc::new(move |_| {
            drops.fetch_add(1, Ordering::SeqCst);
            if let Some(pusher) = pusher.upgrade() {
                assert!(pusher.len() <= 8);
            }
        })
    };
    for n in 0..PUSHES {
        pusher.push(OnDrop(n, Some(hook.clone()))).unwrap();
        if n % 3 > 0 {
            drain(&mut fast);
        }
    }
    assert!(drops.load(Ordering::SeqCst) >= PUSHES - 100);
    drop((fast, stuck));
    assert_eq!(drops.load(Ordering::SeqCst), PUSHES);
}

#[test]
fn drop_of_item_may_drop_cursor() {
    thread_local! {
        static OTHER: RefCell<Option<LossyCursor<OnDrop>>> = const { RefCell::new(None) };
    }
    for policy in POLICIES {
        let (pusher, cursor) = bounded_lossy(2, policy);
        OTHER.set(Some(cursor.fork()));
        let hook: Hook = Arc::new(|_| drop(OTHER.take()));
        pusher.push(OnDrop(0, Some(hook))).unwrap();
        for n in 1..4 {
            let _ = pusher.push(OnDrop(n, None));
        }
        drop(cursor);
        assert!(OTHER.take().is_none());
        assert_eq!(pusher.cursor_count(), 0);
    }
    let (pusher, cursor) = bounded_lossy::<u32>(2, Disconnect);
    drop((pusher, cursor));
}
