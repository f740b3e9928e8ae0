//! The core of the joins: a source of members, and the pool of its members.

use core::{
    fmt, mem,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::util::{Budget, Pool, clear_on_panic, source_hint};

/// The use of an item of the source.
pub(crate) enum Opened<T, R> {
    /// A new member.
    Member(T),
    /// An item to return.
    Item(R),
    /// None.
    Nothing,
}

/// The result of a poll of a member.
pub(crate) enum MemberPoll<R> {
    /// An item to return.
    Item(R),
    /// An item to drop.
    Skip(R),
    /// The last item, to return. The member is dropped.
    Last(R),
    /// The end. The member is dropped.
    End,
}

pin_project_lite::pin_project! {
    pub(crate) struct Joiner<S, T> {
        // Dropped when it ends.
        #[pin]
        source: Option<S>,
        pool: Pool<T>,
        max: Option<NonZeroUsize>,
        // `None` was returned.
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
    pub(crate) fn close(self: Pin<&mut Self>) {
        let mut this = self.project();
        // Dropped last, even if the drop of the source panics.
        let _members = mem::replace(this.pool, Pool::new());
        this.pool.end_source();
        this.source.set(None);
    }

    /// Changes the type of the members. The source must not have been polled.
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
    /// Returns the sum of the members' hints. It has no upper bound while the source may have
    /// items.
    pub(crate) fn size_hint(
        &self,
        of: impl Fn(&T) -> (usize, Option<usize>),
    ) -> (usize, Option<usize>) {
        let source = source_hint(&self.source);
        let none_to_come = if source.1 == Some(0) { Some(0) } else { None };
        self.pool.iter().map(of).fold((0, none_to_come), |(lower, upper), (low, up)| {
            (lower.saturating_add(low), upper.zip(up).and_then(|(a, b)| a.checked_add(b)))
        })
    }

    /// Adds members from the source, then polls members in turn until one returns an item.
    #[inline]
    pub(crate) fn poll_join<R>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        open: impl FnMut(S::Item) -> Opened<T, R>,
        mut poll: impl FnMut(Pin<&mut T>, &mut Context<'_>) -> Poll<MemberPoll<R>>,
    ) -> Poll<Option<R>> {
        let this = self.as_mut().project();
        let pool = this.pool;
        pool.collect();
        if !Self::can_open(pool, *this.max) {
            if let Some(number) = pool.first() {
                let polled = pool.poll(number, &mut poll);
                if let Some(item) = Self::finish_turn(pool, number, polled) {
                    return Poll::Ready(Some(item));
                }
            }
            if !pool.has_queued() && !Self::can_open(pool, *this.max) {
                return self.end_poll(cx);
            }
        }
        self.poll_slow(cx, open, poll)
    }

    #[inline]
    fn can_open(pool: &Pool<T>, max: Option<NonZeroUsize>) -> bool {
        pool.is_source_woken() && pool.len() < max.map_or(usize::MAX, NonZeroUsize::get)
    }

    /// Moves a member after its poll. Returns its item.
    // Always: a call would return the item through memory, which costs more than the move.
    #[inline(always)]
    fn finish_turn<R>(pool: &mut Pool<T>, number: usize, polled: Poll<MemberPoll<R>>) -> Option<R> {
        match polled {
            Poll::Ready(MemberPoll::Item(item)) => {
                pool.rotate();
                return Some(item);
            }
            Poll::Ready(MemberPoll::Skip(item)) => {
                pool.rotate();
                // After the rotation, so a panic in the drop leaves the member queued.
                drop(item);
            }
            Poll::Ready(MemberPoll::Last(item)) => {
                pool.remove(number);
                return Some(item);
            }
            Poll::Ready(MemberPoll::End) => pool.remove(number),
            Poll::Pending => pool.set_pending(number),
        }
        None
    }

    /// Continues if the first member of the queue has no item, or if the source must be polled
    /// first.
    ///
    /// While no member is queued, polls the source as long as it is ready. Otherwise polls it once,
    /// so that a source that is always ready adds no more members than items are returned.
    #[inline(never)]
    fn poll_slow<R>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut open: impl FnMut(S::Item) -> Opened<T, R>,
        mut poll: impl FnMut(Pin<&mut T>, &mut Context<'_>) -> Poll<MemberPoll<R>>,
    ) -> Poll<Option<R>> {
        let this = self.as_mut().project();
        let (mut source, pool) = (this.source, this.pool);
        let can_open = |pool: &Pool<T>| Self::can_open(pool, *this.max);
        let (mut opens, mut polls, mut opened) = (Budget::new(), Budget::new(), false);
        loop {
            let once = pool.has_queued();
            while can_open(pool) && !(once && opened) && opens.take() {
                opened = true;
                let polled = clear_on_panic(source.as_mut(), |source| {
                    pool.poll_source(|cx| source.poll_next(cx))
                });
                match polled.unwrap_or(Poll::Ready(None)) {
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
                can_open(pool) && !(opened && pool.has_queued()) && !opens.is_spent()
            };
            while let Some(number) = pool.first().filter(|_| polls.take()) {
                let polled = pool.poll(number, &mut poll);
                if let Some(item) = Self::finish_turn(pool, number, polled) {
                    return Poll::Ready(Some(item));
                }
                if is_due(pool) {
                    break;
                }
            }
            if !is_due(pool) || polls.is_spent() {
                return self.end_poll(cx);
            }
        }
    }

    /// Returns the end, or `Pending` after it has registered or woken the task.
    #[inline(never)]
    fn end_poll<R>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R>> {
        let this = self.project();
        let (source, pool) = (this.source, this.pool);
        if source.is_none() && pool.len() == 0 {
            *this.ended = true;
            return Poll::Ready(None);
        }
        let can_go_on = |pool: &Pool<T>| pool.has_queued() || Self::can_open(pool, *this.max);
        if !can_go_on(pool) {
            pool.register(cx.waker());
        }
        if can_go_on(pool) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
