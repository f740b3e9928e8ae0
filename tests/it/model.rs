//! The reference model of the push list: a chain of `Rc` nodes on one thread.
//!
//! A cursor points to the last node that it has read. The `next` of a node holds the item that
//! follows it. All other state is derived from the chain.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Stopped,
    NoCursor,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoItem {
    Empty,
    Ended,
}

struct Node<T> {
    next: RefCell<Option<(T, Rc<Node<T>>)>>,
}

impl<T> Node<T> {
    fn last() -> Rc<Self> {
        Rc::new(Self { next: RefCell::new(None) })
    }

    fn following(&self) -> Option<Rc<Self>> {
        self.next.borrow().as_ref().map(|(_, node)| Rc::clone(node))
    }
}

impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        // A loop, because recursion over a long chain would overflow the stack.
        let mut next = self.next.take();
        while let Some((_, node)) = next {
            next = Rc::try_unwrap(node).ok().and_then(|node| node.next.take());
        }
    }
}

struct List<T> {
    last: RefCell<Rc<Node<T>>>,
    stopped: Cell<bool>,
    pushers: Cell<usize>,
    weaks: Cell<usize>,
    cursors: Cell<usize>,
}

fn add(count: &Cell<usize>) {
    count.set(count.get() + 1);
}

fn sub(count: &Cell<usize>) {
    count.set(count.get() - 1);
}

pub(crate) struct Pusher<T>(Rc<List<T>>);

pub(crate) struct WeakPusher<T>(Rc<List<T>>);

pub(crate) struct Cursor<T> {
    list: Rc<List<T>>,
    at: Rc<Node<T>>,
}

pub(crate) fn push_list<T>() -> (Pusher<T>, Cursor<T>) {
    let at = Node::last();
    let list = Rc::new(List {
        last: RefCell::new(Rc::clone(&at)),
        stopped: Cell::new(false),
        pushers: Cell::new(1),
        weaks: Cell::new(0),
        cursors: Cell::new(1),
    });
    (Pusher(Rc::clone(&list)), Cursor { list, at })
}

impl<T> Pusher<T> {
    pub(crate) fn push(&self, item: T) -> Result<(), (Refused, T)> {
        if self.is_stopped() {
            return Err((Refused::Stopped, item));
        }
        if self.cursor_count() == 0 {
            return Err((Refused::NoCursor, item));
        }
        let node = Node::last();
        let before = self.0.last.replace(Rc::clone(&node));
        *before.next.borrow_mut() = Some((item, node));
        Ok(())
    }

    /// Pushes all items or none, as a single thread pushes nothing in between.
    pub(crate) fn push_all(&self, items: Vec<T>) -> Result<usize, (Refused, Vec<T>)> {
        let mut items = items.into_iter();
        let mut pushed = 0;
        while let Some(item) = items.next() {
            if let Err((refused, item)) = self.push(item) {
                return Err((refused, [item].into_iter().chain(items).collect()));
            }
            pushed += 1;
        }
        Ok(pushed)
    }

    pub(crate) fn is_unique(&self) -> bool {
        self.0.pushers.get() == 1 && self.0.weaks.get() == 0
    }

    pub(crate) fn stop(&self) {
        self.0.stopped.set(true);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.0.stopped.get()
    }

    pub(crate) fn cursor_count(&self) -> usize {
        self.0.cursors.get()
    }

    pub(crate) fn subscribe(&self) -> Cursor<T> {
        add(&self.0.cursors);
        Cursor { list: Rc::clone(&self.0), at: Rc::clone(&self.0.last.borrow()) }
    }

    pub(crate) fn downgrade(&self) -> WeakPusher<T> {
        add(&self.0.weaks);
        WeakPusher(Rc::clone(&self.0))
    }
}

impl<T> Clone for Pusher<T> {
    fn clone(&self) -> Self {
        add(&self.0.pushers);
        Self(Rc::clone(&self.0))
    }
}

impl<T> Drop for Pusher<T> {
    fn drop(&mut self) {
        sub(&self.0.pushers);
        if self.0.pushers.get() == 0 {
            self.stop();
        }
    }
}

impl<T> WeakPusher<T> {
    pub(crate) fn upgrade(&self) -> Option<Pusher<T>> {
        (self.0.pushers.get() > 0).then(|| {
            add(&self.0.pushers);
            Pusher(Rc::clone(&self.0))
        })
    }
}

impl<T> Drop for WeakPusher<T> {
    fn drop(&mut self) {
        sub(&self.0.weaks);
    }
}

impl<T: Clone> Cursor<T> {
    pub(crate) fn try_next(&mut self) -> Result<T, NoItem> {
        let next = self.at.next.borrow().clone();
        match next {
            Some((item, node)) => {
                self.at = node;
                Ok(item)
            }
            None if self.is_stopped() => Err(NoItem::Ended),
            None => Err(NoItem::Empty),
        }
    }

    pub(crate) fn available(&self) -> Vec<T> {
        let mut ahead = self.fork();
        core::iter::from_fn(|| ahead.try_next().ok()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        let mut len = 0;
        let mut at = Rc::clone(&self.at);
        while let Some(next) = at.following() {
            at = next;
            len += 1;
        }
        len
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.list.stopped.get()
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.is_stopped() && self.at.following().is_none()
    }

    /// Returns `true` if a poll would not be pending.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_stopped() || self.at.following().is_some()
    }

    pub(crate) fn fork(&self) -> Self {
        add(&self.list.cursors);
        Self { list: Rc::clone(&self.list), at: Rc::clone(&self.at) }
    }
}

impl<T> Drop for Cursor<T> {
    fn drop(&mut self) {
        sub(&self.list.cursors);
    }
}
