//! Many streams or futures in one task, of which only the woken ones are polled.
//!
//! Every member has a number, and lives in a [`ReadyNode`] with a waker of its own. The pool takes the numbers of
//! those that were woken, puts them in line, and polls whoever is first. Who has something goes to the
//! end of the line, which makes the turns exactly fair. Who is pending falls asleep. If it was woken
//! since it came in line, maybe by itself, it does not: it is polled once more, in the next poll of the
//! pool, as it may only want to let others have their turn.
//!
//! The line is a ring through the slots: going to its end moves the mark of who is first, and nobody
//! else.
//!
//! The place of a member that goes, with its waker, is kept for the next one, so that members that come
//! and go allocate nothing; places beyond the number of members are freed. An old waker can cause a
//! poll too many of the member that has its place now. The waker of the source, where the members
//! come from, is of the same kind.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use alloc::vec::Vec;

use aiter_core::{ReadyNode, ReadyStack};

/// Nobody, in links.
const NONE: usize = ReadyStack::NONE;
/// The number of the members' source.
const SOURCE: usize = ReadyStack::MAX;
/// Empty places that are kept however few members there are.
const SPARE: usize = 16;

struct Slot<T> {
    /// `None` in a bare slot.
    place: Option<ReadyNode<T>>,
    /// Who is next: in line, of those for later, or of the vacant ones; as a slot is in one of them at
    /// most.
    behind: usize,
}

/// The members, and who is to be polled next.
pub(crate) struct Pool<T> {
    ready: ReadyStack,
    slots: Vec<Slot<T>>,
    /// Whose turn it is, `NONE` if nobody is in line. `last` is followed by `first`.
    first: usize,
    last: usize,
    /// Who was woken when it was polled: they go in line before the next poll of the pool.
    first_later: usize,
    last_later: usize,
    /// There are such members, or the source is one.
    later: bool,
    /// Vacant slots with a place, and how many there are.
    spare: usize,
    spares: usize,
    /// Vacant slots without.
    bare: usize,
    len: usize,
    /// For its waker.
    source: ReadyNode<()>,
    source_woken: bool,
    source_later: bool,
}

impl<T> Pool<T> {
    pub(crate) fn new() -> Self {
        let ready = ReadyStack::new();
        let mut source = ready.node(SOURCE);
        source.set(Some(()));
        Self {
            ready,
            slots: Vec::new(),
            first: NONE,
            last: NONE,
            first_later: NONE,
            last_later: NONE,
            later: false,
            spare: NONE,
            spares: 0,
            bare: NONE,
            len: 0,
            source,
            source_woken: true,
            source_later: false,
        }
    }

    /// The number of members.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.place.as_ref()?.get())
    }

    /// Puts a new member at the end of the line.
    #[inline(never)]
    pub(crate) fn insert(&mut self, member: T) {
        let place = self.spare_place();
        // For another member, the wake-ups were.
        place.look();
        place.set(Some(member));
        let number = self.take_spare();
        self.enter_line(number, number);
    }

    /// Polls a new member at once, with its own waker, and lets it rest if it is pending; else it is dropped,
    /// also if it panics.
    #[inline]
    pub(crate) fn poll_aside<R>(
        &mut self,
        member: T,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        // Its place stays a spare one until it is known that it is needed.
        let polled = self.spare_place().poll_new(member, poll);
        if polled.is_pending() {
            let number = self.take_spare();
            self.rest(number);
        }
        polled
    }

    /// The place that the next member gets.
    #[inline]
    fn spare_place(&mut self) -> &mut ReadyNode<T> {
        if self.spare == NONE {
            self.make_place();
        }
        match &mut self.slots[self.spare].place {
            Some(place) => place,
            None => unreachable!("a spare slot has a place"),
        }
    }

    /// The place of `spare_place` is no longer a spare one. Returns its number.
    fn take_spare(&mut self) -> usize {
        let number = self.spare;
        self.spare = self.slots[number].behind;
        self.spares -= 1;
        self.len += 1;
        number
    }

    /// A spare place, where there is none.
    #[cold]
    fn make_place(&mut self) {
        let number = if self.bare == NONE { self.slots.len() } else { self.bare };
        let place = Some(self.ready.node(number));
        match self.slots.get_mut(number) {
            Some(slot) => self.bare = core::mem::replace(slot, Slot { place, behind: NONE }).behind,
            None => self.slots.push(Slot { place, behind: NONE }),
        }
        self.spare = number;
        self.spares += 1;
    }

    /// Drops the member that is first in line. Its place is for the next one.
    #[inline]
    pub(crate) fn remove(&mut self, number: usize) {
        debug_assert_eq!(self.first, number);
        self.leave_line();
        self.len -= 1;
        self.spares += 1;
        self.slots[number].behind = self.spare;
        self.spare = number;
        if self.spares > self.len.max(SPARE) {
            self.free_spares();
        }
        if let Some(place) = &mut self.slots[number].place {
            // User code, with the books already in order.
            place.set(None);
        }
    }

    /// Frees places beyond the number of members, but not the one that was left just now.
    #[cold]
    fn free_spares(&mut self) {
        while self.spares > self.len.max(SPARE) {
            let kept = self.spare;
            let number = self.slots[kept].behind;
            self.slots[kept].behind = self.slots[number].behind;
            self.spares -= 1;
            self.slots[number] = Slot { place: None, behind: self.bare };
            self.bare = number;
        }
    }

    /// Puts a chain of members, or one, at the end of the line.
    #[inline]
    fn enter_line(&mut self, first: usize, last: usize) {
        if self.first == NONE {
            self.first = first;
        } else {
            self.slots[self.last].behind = first;
        }
        self.slots[last].behind = self.first;
        self.last = last;
    }

    /// Takes out who is first in line.
    #[inline]
    fn leave_line(&mut self) {
        if self.first == self.last {
            self.first = NONE;
        } else {
            self.first = self.slots[self.first].behind;
            self.slots[self.last].behind = self.first;
        }
    }

    /// Lets a member rest that is pending and is first in line or was polled aside: it is not polled
    /// before it is woken.
    #[inline(never)]
    pub(crate) fn rest(&mut self, number: usize) {
        if self.first == number {
            self.leave_line();
        }
        let Some(place) = &mut self.slots[number].place else { return };
        if place.fall_asleep() {
            return;
        }
        match self.first_later {
            NONE => self.first_later = number,
            _ => self.slots[self.last_later].behind = number,
        }
        self.last_later = number;
        self.later = true;
    }

    /// Sends who is first to the end of the line.
    #[inline]
    pub(crate) fn next_turn(&mut self) {
        debug_assert!(self.has_next());
        self.last = self.first;
        self.first = self.slots[self.first].behind;
    }

    /// Puts the woken ones in line.
    #[inline]
    pub(crate) fn collect(&mut self) {
        if self.later {
            self.take_later();
        }
        if self.ready.has_ready() {
            self.take_woken();
        }
    }

    #[inline(never)]
    fn take_later(&mut self) {
        self.later = false;
        self.source_woken |= core::mem::take(&mut self.source_later);
        let first = core::mem::replace(&mut self.first_later, NONE);
        if first != NONE {
            self.enter_line(first, self.last_later);
        }
    }

    fn take_woken(&mut self) {
        let mut top = self.ready.take();
        // The stack, turned round.
        let (mut first, mut last) = (NONE, NONE);
        while top != NONE {
            let number = top;
            let Some(slot) = self.slots.get_mut(number) else {
                self.source_woken = true;
                top = self.source.below();
                self.source.look();
                continue;
            };
            slot.behind = first;
            first = number;
            if last == NONE {
                last = number;
            }
            let Some(place) = &mut slot.place else { unreachable!("a place that is freed was up") };
            top = place.below();
            place.look();
        }
        if first != NONE {
            self.enter_line(first, last);
        }
    }

    /// Puts those in line that were woken. If there are none, sees to it that `waker` is called when a
    /// member or the source is.
    pub(crate) fn arm(&mut self, waker: &Waker) {
        if self.later {
            self.take_later();
            if self.has_next() {
                return;
            }
        }
        if !self.ready.sleep(waker) {
            self.take_woken();
        }
    }

    /// True if somebody is in line.
    #[inline]
    pub(crate) fn has_next(&self) -> bool {
        self.first != NONE
    }

    /// Who is first in line, and stays there.
    #[inline]
    pub(crate) fn first_in_line(&self) -> Option<usize> {
        (self.first != NONE).then_some(self.first)
    }

    /// Polls the member that is first in line with its own waker. One that panics is removed.
    #[inline]
    pub(crate) fn poll<R>(
        &mut self,
        number: usize,
        poll: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        /// Removes the member if it panics.
        struct Guard<'a, T>(&'a mut Pool<T>, usize);
        impl<T> Drop for Guard<'_, T> {
            fn drop(&mut self) {
                self.0.remove(self.1);
            }
        }
        let guard = Guard(self, number);
        let place = guard.0.slots[number].place.as_mut();
        let polled = place.and_then(|place| place.poll(poll)).unwrap_or(Poll::Pending);
        core::mem::forget(guard);
        polled
    }

    /// True if the source has not been polled since it was woken.
    #[inline]
    pub(crate) fn is_source_woken(&self) -> bool {
        self.source_woken
    }

    /// Polls the source with its own waker.
    #[inline]
    pub(crate) fn poll_source<R>(
        &mut self,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        let polled = self.source.poll(|_, cx| poll(cx)).unwrap_or(Poll::Pending);
        if polled.is_pending() {
            self.source_woken = false;
            self.source_later = !self.source.fall_asleep();
            self.later |= self.source_later;
        }
        polled
    }

    /// The members, in no order.
    pub(crate) fn take_members(&mut self) -> Vec<T>
    where
        T: Unpin,
    {
        let slots = core::mem::take(&mut self.slots);
        (self.len, self.first, self.first_later) = (0, NONE, NONE);
        (self.spares, self.spare, self.bare) = (0, NONE, NONE);
        slots.into_iter().filter_map(|slot| slot.place?.take()).collect()
    }

    /// The source has ended: it is not asked again.
    pub(crate) fn end_source(&mut self) {
        self.source_woken = false;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use proptest::{collection::vec, prelude::*};

    /// What becomes of a poll.
    #[derive(Clone, Copy, Debug)]
    enum Polled {
        Item,
        Over,
        Pending,
        /// Pending, and woken meanwhile.
        Woken,
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// A member that is put in line.
        Insert,
        /// A member that is polled at once.
        Aside(Polled),
        First(Polled),
        /// One of all wakers there ever were.
        Wake(prop::sample::Index),
        Collect,
        Arm,
    }

    fn step() -> impl Strategy<Value = Step> {
        let polled = || {
            prop_oneof![
                Just(Polled::Item),
                Just(Polled::Over),
                Just(Polled::Pending),
                Just(Polled::Woken)
            ]
        };
        prop_oneof![
            2 => Just(Step::Insert),
            2 => polled().prop_map(Step::Aside),
            6 => polled().prop_map(Step::First),
            5 => any::<prop::sample::Index>().prop_map(Step::Wake),
            2 => Just(Step::Collect),
            1 => Just(Step::Arm),
        ]
    }

    /// The same, of queues of numbers.
    #[derive(Default)]
    struct Model {
        line: VecDeque<usize>,
        later: VecDeque<usize>,
        /// In the order of their wake-ups.
        woken: VecDeque<usize>,
        asleep: Vec<usize>,
        /// Woken while they were up.
        again: Vec<usize>,
    }

    impl Model {
        fn rest(&mut self, number: usize) {
            match self.again.iter().position(|&woken| woken == number) {
                Some(at) => {
                    self.again.swap_remove(at);
                    self.later.push_back(number);
                }
                None => self.asleep.push(number),
            }
        }

        fn wake(&mut self, number: usize) {
            if let Some(at) = self.asleep.iter().position(|&asleep| asleep == number) {
                self.asleep.swap_remove(at);
                self.woken.push_back(number);
            } else if (self.line.contains(&number) || self.later.contains(&number))
                && !self.again.contains(&number)
            {
                self.again.push(number);
            }
        }

        fn collect(&mut self) {
            self.line.append(&mut self.later);
            self.line.append(&mut self.woken);
        }

        fn len(&self) -> usize {
            self.line.len() + self.later.len() + self.woken.len() + self.asleep.len()
        }
    }

    fn chain<T>(pool: &Pool<T>, first: usize) -> Vec<usize> {
        let mut numbers = Vec::new();
        let mut number = first;
        while number != NONE && !numbers.contains(&number) {
            numbers.push(number);
            number = pool.slots[number].behind;
        }
        numbers
    }

    fn poll(pool: &mut Pool<usize>, number: usize, polled: Polled) {
        let _ = pool.poll(number, |member, cx| {
            assert_eq!(*member, number);
            if let Polled::Woken = polled {
                cx.waker().wake_by_ref();
            }
            Poll::Ready(())
        });
    }

    fn note(wakers: &mut Vec<Waker>, waker: &Waker) {
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    fn run(steps: Vec<Step>) {
        let (mut pool, mut model) = (Pool::new(), Model::default());
        let mut wakers: Vec<Waker> = Vec::new();
        for step in steps {
            match step {
                Step::Insert => {
                    pool.insert(NONE);
                    let number = pool.last;
                    let place = pool.slots[number].place.as_mut().unwrap();
                    // Members are known by where they live.
                    place.set(Some(number));
                    note(&mut wakers, &place.waker());
                    model.line.push_back(number);
                }
                Step::Aside(polled) => {
                    pool.spare_place();
                    let number = pool.spare;
                    let _ = pool.poll_aside(number, |_, cx| {
                        note(&mut wakers, cx.waker());
                        if let Polled::Woken = polled {
                            cx.waker().wake_by_ref();
                            model.again.push(number);
                        }
                        match polled {
                            Polled::Item | Polled::Over => Poll::Ready(()),
                            Polled::Pending | Polled::Woken => Poll::Pending,
                        }
                    });
                    if let Polled::Pending | Polled::Woken = polled {
                        model.rest(number);
                    }
                }
                Step::First(polled) => {
                    assert_eq!(pool.first_in_line(), model.line.front().copied());
                    let Some(number) = pool.first_in_line() else { continue };
                    poll(&mut pool, number, polled);
                    match polled {
                        Polled::Item => {
                            pool.next_turn();
                            model.line.rotate_left(1);
                        }
                        Polled::Over => {
                            pool.remove(number);
                            model.line.pop_front();
                            model.again.retain(|&woken| woken != number);
                        }
                        Polled::Pending | Polled::Woken => {
                            if let Polled::Woken = polled {
                                model.wake(number);
                            }
                            pool.rest(number);
                            model.line.pop_front();
                            model.rest(number);
                        }
                    }
                }
                Step::Wake(_) if wakers.is_empty() => {}
                Step::Wake(which) => {
                    let waker = which.get(&wakers);
                    waker.wake_by_ref();
                    let number = pool.slots.iter().position(|slot| {
                        slot.place.as_ref().is_some_and(|place| waker.will_wake(&place.waker()))
                    });
                    if let Some(number) = number {
                        model.wake(number);
                    }
                }
                Step::Collect => {
                    pool.collect();
                    model.collect();
                }
                Step::Arm => {
                    let later = !model.later.is_empty();
                    pool.arm(Waker::noop());
                    model.line.append(&mut model.later);
                    if !later {
                        model.line.append(&mut model.woken);
                    }
                }
            }
            assert_eq!(chain(&pool, pool.first), Vec::from_iter(model.line.iter().copied()));
            assert_eq!(pool.has_next(), !model.line.is_empty());
            assert_eq!((pool.len(), pool.iter().count()), (model.len(), model.len()));
            let (spare, bare) = (chain(&pool, pool.spare), chain(&pool, pool.bare));
            assert_eq!(spare.len(), pool.spares);
            assert!(pool.spares <= pool.len().max(SPARE), "they are freed");
            assert_eq!(spare.len() + bare.len() + pool.len(), pool.slots.len(), "none is lost");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 2 } else { 256 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_line_is_that_of_a_model(steps in vec(step(), 0..if cfg!(miri) { 40 } else { 400 })) {
            run(steps);
        }
    }

    #[test]
    fn places_beyond_the_number_of_members_are_freed() {
        let mut pool = Pool::new();
        (0..100).for_each(|member| pool.insert(member));
        let places = |pool: &Pool<i32>| pool.slots.iter().filter(|s| s.place.is_some()).count();
        for left in (0..100).rev() {
            pool.remove(pool.first);
            assert_eq!(places(&pool), (left + left.max(16)).min(100));
        }
        (0..100).for_each(|member| pool.insert(member));
        assert_eq!((pool.slots.len(), places(&pool)), (100, 100), "numbers are used again");
    }
}
