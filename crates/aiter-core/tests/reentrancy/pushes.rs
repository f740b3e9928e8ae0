//! Operations of pushers.

use core::cell::RefCell;

use alloc::{rc::Rc, vec::Vec};

use aiter_core::{PushAllError, PushError, TryPushError};

use crate::{
    base::Site,
    cursors::Reader,
    item::Item,
    oracle::Fate,
    world::{Operation, Pools},
};

/// An iterator that calls back, and whose `size_hint` may be wrong.
struct CallbackIterator<'a, const PAD: usize> {
    pools: &'a Pools<PAD>,
    left: usize,
    hint: usize,
    /// The ids that were yielded.
    yielded: Rc<RefCell<Vec<usize>>>,
}

impl<const PAD: usize> Iterator for CallbackIterator<'_, PAD> {
    type Item = Item<PAD>;

    fn next(&mut self) -> Option<Item<PAD>> {
        self.pools.base.call_back(Site::Iterator);
        self.left = self.left.checked_sub(1)?;
        let item = self.pools.item();
        self.yielded.borrow_mut().push(item.id());
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.hint, None)
    }
}

impl<const PAD: usize> Pools<PAD> {
    pub(crate) const PUSHES: &'static [Operation<PAD>] = &[
        ("push", Self::push),
        ("push again", Self::push),
        ("try_push", Self::try_push),
        ("push_all", Self::push_all),
        ("unique push", Self::push_unique),
        ("unique push_all", Self::push_all_unique),
        ("extend", Self::extend),
        ("reserve", Self::reserve),
        ("subscribe", Self::subscribe),
        ("pusher clone", Self::clone_pusher),
        ("pusher drop", Self::drop_pusher),
        ("downgrade", Self::downgrade),
        ("upgrade", Self::upgrade),
        ("weak drop", Self::drop_weak),
    ];

    pub(crate) fn item(&self) -> Item<PAD> {
        Item::new(&self.base, self.oracle.begin())
    }

    fn iterator(&self) -> (CallbackIterator<'_, PAD>, Rc<RefCell<Vec<usize>>>) {
        let yielded = Rc::new(RefCell::new(Vec::new()));
        let most = if PAD == 0 { 100 } else { 12 };
        let (left, hint) = (self.base.random.below(most), self.base.random.below(most));
        (CallbackIterator { pools: self, left, hint, yielded: yielded.clone() }, yielded)
    }

    /// Records the result of a push.
    fn note_push(&self, id: usize, result: Result<(), PushError<Item<PAD>>>) {
        let Err(error) = result else { return self.oracle.end(id, Fate::Pushed) };
        self.oracle.end(id, Fate::Refused);
        let no_cursor = matches!(error, PushError::NoCursor(_));
        self.check_refusal(no_cursor);
        let item = error.into_inner();
        self.base.check(item.id() == id, format_args!("a push returned another item"));
    }

    fn check_refusal(&self, no_cursor: bool) {
        self.base.check(
            !(no_cursor && self.has_reference()),
            format_args!("a push found no cursor, but the reference is alive"),
        );
    }

    fn push(&self) {
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        let item = self.item();
        let id = item.id();
        let result = pusher.push(item);
        self.note_push(id, result);
    }

    fn try_push(&self) {
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        let item = self.item();
        let id = item.id();
        match pusher.try_push(item) {
            Ok(()) => self.oracle.end(id, Fate::Pushed),
            Err(TryPushError::Full(item)) => {
                self.oracle.end(id, Fate::Refused);
                drop(item);
            }
            Err(TryPushError::Stopped(item)) => self.note_push(id, Err(PushError::Stopped(item))),
            Err(TryPushError::NoCursor(item)) => self.note_push(id, Err(PushError::NoCursor(item))),
        }
    }

    /// Records the result of a `push_all`.
    fn note_all(
        &self,
        yielded: &RefCell<Vec<usize>>,
        result: Result<usize, PushAllError<CallbackIterator<'_, PAD>>>,
    ) {
        let pushed = match &result {
            Ok(pushed) => *pushed,
            Err(error) => error.pushed(),
        };
        for (at, &id) in yielded.borrow().iter().enumerate() {
            self.oracle.end(id, if at < pushed { Fate::Pushed } else { Fate::Refused });
        }
        let Err(error) = result else {
            let count = yielded.borrow().len();
            return self.base.check(
                count == pushed,
                format_args!("{count} items were pushed, but {pushed} reported"),
            );
        };
        self.check_refusal(error.kind() == aiter_core::PushErrorKind::NoCursor);
        let mut ids = (pushed..).map(|at| yielded.borrow().get(at).copied());
        for item in error.into_unpushed() {
            let id = ids.next().flatten();
            self.base.check(
                id == Some(item.id()),
                format_args!("item {} was returned in place of {id:?}", item.id()),
            );
            self.oracle.end(item.id(), Fate::Refused);
        }
    }

    fn push_all(&self) {
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        let (iterator, yielded) = self.iterator();
        let result = pusher.push_all(iterator);
        self.note_all(&yielded, result);
    }

    fn push_unique(&self) {
        let Some(mut pusher) = self.pushers.lend(&self.base.random) else { return };
        let Some(mut unique) = pusher.unique() else { return };
        for _ in 0..=self.base.random.below(3) {
            let item = self.item();
            let id = item.id();
            let result = unique.push(item);
            self.note_push(id, result);
        }
    }

    fn push_all_unique(&self) {
        let Some(mut pusher) = self.pushers.lend(&self.base.random) else { return };
        let Some(mut unique) = pusher.unique() else { return };
        let (iterator, yielded) = self.iterator();
        let result = unique.push_all(iterator);
        self.note_all(&yielded, result);
    }

    fn extend(&self) {
        let Some(mut pusher) = self.pushers.lend(&self.base.random) else { return };
        pusher.extend(self.iterator().0);
    }

    fn reserve(&self) {
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        pusher.reserve(self.base.random.below(if PAD == 0 { 150 } else { 15 }));
    }

    fn subscribe(&self) {
        if !self.has_room(&self.readers) {
            return;
        }
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        let cursor = pusher.subscribe();
        let len = cursor.len();
        self.base.check(len == 0, format_args!("a subscriber begins with {len} items"));
        self.readers.put(Reader::new(cursor, self.tail()));
    }

    fn clone_pusher(&self) {
        if !self.has_room(&self.pushers) {
            return;
        }
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        self.pushers.put(pusher.clone());
    }

    fn drop_pusher(&self) {
        if self.may_stop() || self.pushers.len() > 1 {
            drop(self.pushers.take(&self.base.random));
        }
    }

    fn downgrade(&self) {
        if !self.has_room(&self.weak) {
            return;
        }
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        self.weak.put(pusher.downgrade());
    }

    fn upgrade(&self) {
        if !self.has_room(&self.pushers) {
            return;
        }
        let Some(weak) = self.weak.lend(&self.base.random) else { return };
        if let Some(pusher) = weak.upgrade() {
            self.pushers.put(pusher);
        }
    }

    fn drop_weak(&self) {
        drop(self.weak.take(&self.base.random));
    }

    pub(crate) fn stop(&self) {
        self.base.log(format_args!("stop"));
        let Some(pusher) = self.pushers.lend(&self.base.random) else { return };
        pusher.stop();
        self.base.check(pusher.is_stopped(), format_args!("a stopped list is not stopped"));
    }
}
