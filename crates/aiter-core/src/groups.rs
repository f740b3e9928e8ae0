//! Who waits at shared cursors.

use alloc::boxed::Box;

use crate::{
    sync::{AtomicBool, AtomicPtr, Ordering, retry_hint},
    waiters::WaitQueue,
};

/// The waiters of one shared cursor. It stays with the list, for the next shared cursor, as a
/// producer may be looking at it at any time.
pub(crate) struct Group {
    pub(crate) queue: WaitQueue,
    in_use: AtomicBool,
    next: *mut Group,
}

impl Group {
    /// Leaves it to the next shared cursor.
    pub(crate) fn leave(&self) {
        // Release: partner of `Groups::join`.
        self.in_use.store(false, Ordering::Release);
    }
}

/// The groups of a list: pushed, never removed.
pub(crate) struct Groups(AtomicPtr<Group>);

impl Groups {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        // Acquire: partner of `join`.
        let mut next = self.0.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            // SAFETY: groups live as long as the list.
            let group = unsafe { next.as_ref() }?;
            next = group.next;
            Some(group)
        })
    }

    /// A group for a new shared cursor.
    pub(crate) fn join(&self) -> &Group {
        for group in self.iter() {
            // Acquire: partner of `Group::leave`.
            if !group.in_use.swap(true, Ordering::Acquire) {
                return group;
            }
        }
        let group = Box::into_raw(Box::new(Group {
            queue: WaitQueue::new(),
            in_use: AtomicBool::new(true),
            next: core::ptr::null_mut(),
        }));
        let mut head = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: ours until it is linked.
            unsafe { (*group).next = head };
            // Release: partner of `iter`.
            match self.0.compare_exchange_weak(head, group, Ordering::AcqRel, Ordering::Relaxed) {
                // SAFETY: groups live as long as the list.
                Ok(_) => return unsafe { &*group },
                Err(now) => head = now,
            }
            retry_hint();
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // Relaxed: whoever drops them comes after everybody else.
        let mut group = self.0.load(Ordering::Relaxed);
        // SAFETY: `join` made them from boxes; nobody looks at them any more.
        while let Some(boxed) = unsafe { (!group.is_null()).then(|| Box::from_raw(group)) } {
            group = boxed.next;
        }
    }
}
