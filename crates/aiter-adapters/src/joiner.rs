//! A stream of members, and the pool that they go into: what the joins have in common.

use core::{
    fmt, mem,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{budget::Budget, pool::Pool, unwind};

/// What became of an item of the source.
pub(crate) enum Opened<T, R> {
    /// A member.
    Member(T),
    /// Something to hand out.
    Item(R),
    /// Nothing.
    Nothing,
}

/// What a member had when it was polled.
pub(crate) enum Got<R> {
    /// Something, and may have more.
    Item(R),
    /// Something that is dropped, and may have more.
    Skip(R),
    /// Something, and nothing more: it is dropped.
    Last(R),
    /// Nothing more: it is dropped.
    Over,
}

pin_project_lite::pin_project! {
    pub(crate) struct Joiner<S, T> {
        // Dropped at its end.
        #[pin]
        source: Option<S>,
        pool: Pool<T>,
        max: Option<NonZeroUsize>,
        // The end was handed out.
        ended: bool,
    }
}

impl<S, T> fmt::Debug for Joiner<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joiner")
            .field("source_ended", &self.source.is_none())
            .field("open", &self.pool.len())
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

impl<S, T> Joiner<S, T> {
    pub(crate) fn new(source: S) -> Self {
        Self { source: Some(source), pool: Pool::new(), max: None, ended: false }
    }

    pub(crate) fn set_max(&mut self, max: NonZeroUsize) {
        self.max = Some(max);
    }

    pub(crate) fn source(&self) -> Option<&S> {
        self.source.as_ref()
    }

    pub(crate) fn len(&self) -> usize {
        self.pool.len()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &T> {
        self.pool.iter()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Drops the source and all members.
    pub(crate) fn shut(self: Pin<&mut Self>) {
        let mut this = self.project();
        // Dropped last, also if the source's drop panics.
        let _members = mem::replace(this.pool, Pool::new());
        this.pool.end_source();
        this.source.set(None);
    }

    /// The same source, not asked yet, for members of another kind.
    pub(crate) fn with_members<U>(self) -> Joiner<S, U> {
        let Self { source, pool, max, ended } = self;
        // Before the return: if this panics, the source is dropped, not leaked.
        drop(pool);
        Joiner { source, pool: Pool::new(), max, ended }
    }

    pub(crate) fn into_parts(self) -> (Option<S>, alloc::vec::Vec<T>)
    where
        T: Unpin,
    {
        let Self { source, mut pool, .. } = self;
        let members = pool.take_members();
        // Before the return: if the drop of a waker panics, the parts are dropped, not leaked.
        drop(pool);
        (source, members)
    }
}

impl<S: Stream, T> Joiner<S, T> {
    /// The sum of what the members say, and more if the source may have more.
    pub(crate) fn size_hint(
        &self,
        of: impl Fn(&T) -> (usize, Option<usize>),
    ) -> (usize, Option<usize>) {
        let source = self.source.as_ref().map_or((0, Some(0)), Stream::size_hint);
        let none_to_come = if source.1 == Some(0) { Some(0) } else { None };
        self.pool.iter().map(of).fold((0, none_to_come), |(lower, upper), (low, up)| {
            (lower.saturating_add(low), upper.zip(up).and_then(|(a, b)| a.checked_add(b)))
        })
    }

    /// Opens what the source has, then polls members in turn until one has something.
    #[inline]
    pub(crate) fn poll_join<R>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        open: impl FnMut(S::Item) -> Opened<T, R>,
        mut poll: impl FnMut(Pin<&mut T>, &mut Context<'_>) -> Poll<Got<R>>,
    ) -> Poll<Option<R>> {
        let this = self.as_mut().project();
        let pool = this.pool;
        pool.collect();
        if !Self::can_open(pool, *this.max) {
            if let Some(number) = pool.first_in_line() {
                let polled = pool.poll(number, &mut poll);
                if let Some(item) = Self::settle(pool, number, polled) {
                    return Poll::Ready(Some(item));
                }
            }
            if !pool.has_next() && !Self::can_open(pool, *this.max) {
                return self.wait(cx);
            }
        }
        self.poll_on(cx, open, poll)
    }

    #[inline]
    fn can_open(pool: &Pool<T>, max: Option<NonZeroUsize>) -> bool {
        pool.is_source_woken() && pool.len() < max.map_or(usize::MAX, NonZeroUsize::get)
    }

    /// Sees to it that a member has the turn that is due to it after a poll; hands out what it had.
    #[inline]
    fn settle<R>(pool: &mut Pool<T>, number: usize, polled: Poll<Got<R>>) -> Option<R> {
        match polled {
            Poll::Ready(Got::Item(item)) => {
                pool.next_turn();
                return Some(item);
            }
            Poll::Ready(Got::Skip(item)) => {
                pool.next_turn();
                // After the turn: a panic in the drop leaves the member in line.
                drop(item);
            }
            Poll::Ready(Got::Last(item)) => {
                pool.remove(number);
                return Some(item);
            }
            Poll::Ready(Got::Over) => pool.remove(number),
            Poll::Pending => pool.rest(number),
        }
        None
    }

    /// Continues where the first member in line had no item, or the source is to be asked before.
    ///
    /// While no member is in line, asks the source as often as it is ready. While one is, asks it once:
    /// a source that is always ready must not open more members than items are handed out.
    #[inline(never)]
    fn poll_on<R>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut open: impl FnMut(S::Item) -> Opened<T, R>,
        mut poll: impl FnMut(Pin<&mut T>, &mut Context<'_>) -> Poll<Got<R>>,
    ) -> Poll<Option<R>> {
        let this = self.as_mut().project();
        let (mut source, pool) = (this.source, this.pool);
        let can_open = |pool: &Pool<T>| Self::can_open(pool, *this.max);
        let (mut opens, mut polls, mut opened) = (Budget::new(), Budget::new(), false);
        loop {
            let once = pool.has_next();
            while can_open(pool) && !(once && opened) && opens.take() {
                opened = true;
                let asked = unwind::with(source.as_mut(), |source| {
                    pool.poll_source(|cx| source.poll_next(cx))
                });
                match asked.unwrap_or(Poll::Ready(None)) {
                    Poll::Ready(Some(item)) => match open(item) {
                        Opened::Member(member) => pool.insert(member),
                        Opened::Item(item) => return Poll::Ready(Some(item)),
                        Opened::Nothing => {}
                    },
                    Poll::Ready(None) => {
                        pool.end_source();
                        source.set(None);
                    }
                    Poll::Pending => {}
                }
            }
            let is_due = |pool: &Pool<T>| {
                can_open(pool) && !(opened && pool.has_next()) && !opens.is_spent()
            };
            while let Some(number) = pool.first_in_line().filter(|_| polls.take()) {
                let polled = pool.poll(number, &mut poll);
                if let Some(item) = Self::settle(pool, number, polled) {
                    return Poll::Ready(Some(item));
                }
                if is_due(pool) {
                    break;
                }
            }
            if !is_due(pool) || polls.is_spent() {
                return self.wait(cx);
            }
        }
    }

    /// The end, or nothing to hand out now: the task is woken when there may be.
    #[inline(never)]
    fn wait<R>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        let this = self.project();
        let (source, pool) = (this.source, this.pool);
        if source.is_none() && pool.len() == 0 {
            *this.ended = true;
            return Poll::Ready(None);
        }
        let can_go_on = |pool: &Pool<T>| pool.has_next() || Self::can_open(pool, *this.max);
        if !can_go_on(pool) {
            pool.arm(cx.waker());
        }
        if can_go_on(pool) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
