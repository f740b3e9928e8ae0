//! Adapters with several readers.

use alloc::{collections::VecDeque, sync::Arc, task::Wake};
use core::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker, ready},
};
use std::sync::Mutex;

use futures_core::Stream;
use stream_laws::{Source, Token};

use crate::adapters::lock;

/// The waiting readers that a wake of the source reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WakeReach {
    All,
    /// The reader that has waited longest. It forwards the wake if it is dropped.
    First,
}

/// The wakers that a dropped reader removes from the queue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDrop {
    RemoveOwn,
    RemoveAll,
}

/// The behaviour of a reader after another reader panicked inside the source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poison {
    Ignore,
    Propagate,
}

/// A reader of a shared source. One reader receives each item.
pub(crate) struct SharedReader<S> {
    id: usize,
    state: Arc<SharedState<S>>,
}

struct SharedState<S> {
    source: Mutex<Option<S>>,
    queue: Arc<Queue>,
    on_drop: OnDrop,
    poison: Poison,
}

/// The queue of the waiting readers. As a waker it wakes the readers within its reach.
struct Queue {
    reach: WakeReach,
    waiting: Mutex<VecDeque<(usize, Waker)>>,
}

impl Wake for Queue {
    fn wake(self: Arc<Self>) {
        let woken: Vec<_> = {
            let mut waiting = lock(&self.waiting);
            let count =
                if self.reach == WakeReach::All { waiting.len() } else { waiting.len().min(1) };
            waiting.drain(..count).collect()
        };
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

impl Queue {
    fn new(reach: WakeReach) -> Arc<Self> {
        Arc::new(Self { reach, waiting: Mutex::default() })
    }

    fn enter(&self, id: usize, waker: Waker) {
        let mut waiting = lock(&self.waiting);
        match waiting.iter_mut().find(|(other, _)| *other == id) {
            Some(known) => known.1 = waker,
            None => waiting.push_back((id, waker)),
        }
    }

    fn leave(&self, id: usize) {
        lock(&self.waiting).retain(|(other, _)| *other != id);
    }
}

impl<S> SharedReader<S> {
    pub(crate) fn pair(source: S, reach: WakeReach, on_drop: OnDrop, poison: Poison) -> [Self; 2] {
        let source = Mutex::new(Some(source));
        let state = Arc::new(SharedState { source, queue: Queue::new(reach), on_drop, poison });
        [0, 1].map(|id| Self { id, state: Arc::clone(&state) })
    }
}

impl<S: Stream + Unpin> Stream for SharedReader<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let SharedState { source, queue, poison, .. } = &*self.state;
        let mut source = match poison {
            Poison::Ignore => lock(source),
            Poison::Propagate => source.lock().expect("the lock is poisoned"),
        };
        queue.enter(self.id, cx.waker().clone());
        let waker = Waker::from(Arc::clone(queue));
        let poll = source.as_mut().map_or(Poll::Ready(None), |source| {
            Pin::new(source).poll_next(&mut Context::from_waker(&waker))
        });
        if let Poll::Ready(item) = &poll {
            if item.is_none() {
                *source = None;
            }
            queue.leave(self.id);
            waker.wake();
        }
        poll
    }
}

impl<S> Drop for SharedReader<S> {
    fn drop(&mut self) {
        let SharedState { queue, on_drop, .. } = &*self.state;
        match on_drop {
            OnDrop::RemoveOwn => queue.leave(self.id),
            OnDrop::RemoveAll => lock(&queue.waiting).clear(),
        }
        if queue.reach == WakeReach::First {
            Arc::clone(queue).wake();
        }
    }
}

/// A reader of a shared source. A wake of the source wakes all readers, but reserves the next poll
/// for the reader that has waited longest.
pub(crate) struct TurnReader {
    id: usize,
    state: Arc<TurnState>,
}

struct TurnState {
    source: Mutex<Option<Source>>,
    queue: Arc<Queue>,
    /// The reader for which the next poll is reserved.
    id: Mutex<Option<usize>>,
}

impl Wake for TurnState {
    fn wake(self: Arc<Self>) {
        let first = lock(&self.queue.waiting).front().map(|(id, _)| *id);
        *lock(&self.id) = first;
        Arc::clone(&self.queue).wake();
    }
}

impl TurnReader {
    pub(crate) fn pair(source: Source) -> [Self; 2] {
        let source = Mutex::new(Some(source));
        let queue = Queue::new(WakeReach::All);
        let state = Arc::new(TurnState { source, queue, id: Mutex::default() });
        [0, 1].map(|id| Self { id, state: Arc::clone(&state) })
    }

    /// Ends the turn of this reader. Returns `true` if another reader has the turn.
    fn end_turn(&self) -> bool {
        let mut turn = lock(&self.state.id);
        if *turn == Some(self.id) {
            *turn = None;
        }
        turn.is_some()
    }
}

impl Stream for TurnReader {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let TurnState { source, queue, .. } = &*self.state;
        queue.enter(self.id, cx.waker().clone());
        if self.end_turn() {
            return Poll::Pending;
        }
        let mut source = lock(source);
        let waker = Waker::from(Arc::clone(&self.state));
        let poll = source.as_mut().map_or(Poll::Ready(None), |source| {
            Pin::new(source).poll_next(&mut Context::from_waker(&waker))
        });
        if let Poll::Ready(item) = &poll {
            if item.is_none() {
                *source = None;
            }
            queue.leave(self.id);
            Arc::clone(queue).wake();
        }
        poll
    }
}

impl Drop for TurnReader {
    fn drop(&mut self) {
        self.state.queue.leave(self.id);
        self.end_turn();
        Arc::clone(&self.state.queue).wake();
    }
}

/// A reader of a list that a task fills. A push wakes the readers within `reach`; the end wakes
/// all.
pub(crate) struct ListReader {
    id: usize,
    list: Arc<List>,
}

struct List {
    items: Mutex<VecDeque<Token>>,
    ended: AtomicBool,
    queue: Arc<Queue>,
}

impl List {
    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let waiting = core::mem::take(&mut *lock(&self.queue.waiting));
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

/// Ends the list on drop.
struct EndOnDrop(Arc<List>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl ListReader {
    /// Returns two readers, and the task that fills the list.
    pub(crate) fn pair(
        mut source: Source,
        reach: WakeReach,
    ) -> ([Self; 2], impl Future<Output = ()>) {
        let (items, ended) = (Mutex::default(), AtomicBool::new(false));
        let list = Arc::new(List { items, ended, queue: Queue::new(reach) });
        let list_readers = [0, 1].map(|id| Self { id, list: Arc::clone(&list) });
        let list = EndOnDrop(list);
        let fill = poll_fn(move |cx| {
            while let Some(token) = ready!(Pin::new(&mut source).poll_next(cx)) {
                lock(&list.0.items).push_back(token);
                Arc::clone(&list.0.queue).wake();
            }
            list.0.end();
            Poll::Ready(())
        });
        (list_readers, fill)
    }
}

impl Stream for ListReader {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let List { items, ended, queue } = &*self.list;
        let (item, rest) = {
            let mut items = lock(items);
            (items.pop_front(), items.len())
        };
        queue.leave(self.id);
        if rest > 0 {
            Arc::clone(queue).wake();
        }
        if item.is_none() && !ended.load(Ordering::Relaxed) {
            queue.enter(self.id, cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(item)
    }
}

impl Drop for ListReader {
    fn drop(&mut self) {
        let List { items, queue, .. } = &*self.list;
        queue.leave(self.id);
        if !lock(items).is_empty() {
            Arc::clone(queue).wake();
        }
    }
}

/// A reader of a shared source, which reserves an item for a waiting reader instead of taking it.
pub(crate) struct MailboxReader {
    id: usize,
    state: Arc<MailboxState>,
}

struct MailboxState {
    source: Mutex<Option<Source>>,
    queue: Arc<Queue>,
    mailboxes: Mutex<[VecDeque<Token>; 2]>,
    /// Whether the latest poll of each reader found no item.
    waits: [AtomicBool; 2],
}

impl MailboxReader {
    pub(crate) fn pair(source: Source) -> [Self; 2] {
        let source = Mutex::new(Some(source));
        let queue = Queue::new(WakeReach::All);
        let state = Arc::new(MailboxState {
            source,
            queue,
            mailboxes: Mutex::default(),
            waits: Default::default(),
        });
        [0, 1].map(|id| Self { id, state: Arc::clone(&state) })
    }
}

impl Stream for MailboxReader {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let MailboxState { source, queue, mailboxes, waits } = &*self.state;
        let (id, other) = (self.id, 1 - self.id);
        if let Some(token) = lock(mailboxes)[id].pop_front() {
            return Poll::Ready(Some(token));
        }
        let mut source = lock(source);
        let waker = Waker::from(Arc::clone(queue));
        loop {
            queue.enter(id, cx.waker().clone());
            waits[id].store(true, Ordering::Relaxed);
            let poll = source.as_mut().map_or(Poll::Ready(None), |source| {
                Pin::new(source).poll_next(&mut Context::from_waker(&waker))
            });
            let item = ready!(poll);
            match item {
                Some(token) if waits[other].swap(false, Ordering::Relaxed) => {
                    lock(mailboxes)[other].push_back(token);
                    Arc::clone(queue).wake();
                }
                item => {
                    if item.is_none() {
                        *source = None;
                    }
                    waits[id].store(false, Ordering::Relaxed);
                    queue.leave(id);
                    Arc::clone(queue).wake();
                    return Poll::Ready(item);
                }
            }
        }
    }
}

impl Drop for MailboxReader {
    fn drop(&mut self) {
        self.state.queue.leave(self.id);
    }
}

/// A reader that receives all items, but is at most `cap` items ahead of the other reader.
pub(crate) struct BoundedReader {
    id: usize,
    state: Arc<BoundedState>,
}

struct BoundedState {
    source: Mutex<Option<Source>>,
    cap: usize,
    queue: Arc<Queue>,
    buffers: Mutex<[VecDeque<Token>; 2]>,
    dropped: [AtomicBool; 2],
}

impl BoundedReader {
    pub(crate) fn pair(source: Source, cap: usize) -> [Self; 2] {
        let source = Mutex::new(Some(source));
        let (buffers, dropped) = (Mutex::default(), Default::default());
        let queue = Queue::new(WakeReach::All);
        let state = Arc::new(BoundedState { source, cap, queue, buffers, dropped });
        [0, 1].map(|id| Self { id, state: Arc::clone(&state) })
    }
}

impl Stream for BoundedReader {
    type Item = Token;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        let BoundedState { source, cap, queue, buffers, dropped } = &*self.state;
        let (id, other) = (self.id, 1 - self.id);
        let mut buffers = lock(buffers);
        if let Some(token) = buffers[id].pop_front() {
            Arc::clone(queue).wake();
            return Poll::Ready(Some(token));
        }
        queue.enter(id, cx.waker().clone());
        let gone = dropped[other].load(Ordering::Relaxed);
        if buffers[other].len() >= *cap && !gone {
            return Poll::Pending;
        }
        let mut source = lock(source);
        let waker = Waker::from(Arc::clone(queue));
        let poll = source.as_mut().map_or(Poll::Ready(None), |source| {
            Pin::new(source).poll_next(&mut Context::from_waker(&waker))
        });
        if let Poll::Ready(item) = &poll {
            match item {
                Some(token) if !gone => buffers[other].push_back(token.clone()),
                Some(_) => {}
                None => *source = None,
            }
            queue.leave(id);
            waker.wake();
        }
        poll
    }
}

impl Drop for BoundedReader {
    fn drop(&mut self) {
        let BoundedState { queue, buffers, dropped, .. } = &*self.state;
        dropped[self.id].store(true, Ordering::Relaxed);
        lock(buffers)[self.id].clear();
        queue.leave(self.id);
        Arc::clone(queue).wake();
    }
}
