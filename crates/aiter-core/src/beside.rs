//! The only pusher of a list together with a reader that has seen all: the shortest way in.

use core::fmt;

use crate::{
    block::Block,
    cursor_stream::Cursor,
    list::{Claim, Cleanup, List},
};

/// The only pusher of a list, beside a cursor that had read all there was, for as long as it borrows the
/// two. See [`Pusher::beside`](crate::Pusher::beside).
#[must_use = "it only borrows the pusher and the cursor"]
pub struct BesidePusher<'a, T> {
    list: &'a List<T>,
    /// Where the list's tail word points: only we write it.
    place: (Block<T>, usize),
    /// Stands in our block or before it: so that one is not left by its last reader, who would leave a
    /// mark in the block's state. It was not made by `subscribe`, so that nobody else has left meanwhile.
    _reader: &'a Cursor<T>,
}

impl<'a, T> BesidePusher<'a, T> {
    /// The caller lends its pusher for `'a`.
    #[inline(always)]
    pub(crate) fn new(list: &'a List<T>, reader: &'a Cursor<T>) -> Option<Self> {
        let tail = list.sole_tail();
        let (block, slot) = reader.raw.place();
        let beside = core::ptr::eq(list, &raw const *reader.list)
            && list.handles.has_only_one()
            && tail.is_at(block, slot)
            && !list.was_entered();
        beside.then_some(Self { list, place: (block, slot), _reader: reader })
    }

    /// Appends an item and wakes the cursors that wait for it, but for those who slept through a
    /// [quiet push](Self::push_quietly).
    pub fn push(&mut self, item: T) {
        let claim = self.fill(item);
        // SAFETY: just filled; ours as nobody else pushes.
        unsafe { self.list.publish(claim, Cleanup::Now) };
    }

    /// Appends an item and wakes nobody, without an atomic read-modify-write.
    ///
    /// The list then forgets who sleeps, too. A cursor that sleeps, or goes to sleep while this happens, may sleep on
    /// through this item *and through all that follow, whoever pushes them and in whatever way*, until
    /// [`Cursor::wake_all`] is called or the list is stopped. So it is for callers who see to that, or whose
    /// readers learn of items in another way. Who goes to sleep afterwards is woken as ever.
    ///
    /// # Examples
    /// ```
    /// use aiter_core::push_list;
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    /// use std::task::{Context, Wake, Waker};
    /// use futures_util::StreamExt;
    ///
    /// #[derive(Default)]
    /// struct Wakes(AtomicUsize);
    /// impl Wake for Wakes {
    ///     fn wake(self: Arc<Self>) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    /// }
    ///
    /// let (mut pusher, cursor) = push_list();
    /// let mut sleeper = cursor.fork();
    /// let wakes = Arc::new(Wakes::default());
    /// let waker = Waker::from(wakes.clone());
    /// assert!(sleeper.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
    ///
    /// pusher.beside(&cursor).expect("there is nothing to read").push_quietly(1);
    /// pusher.push(2)?;
    /// assert_eq!(wakes.0.load(Ordering::Relaxed), 0); // not for the second one, either
    /// cursor.wake_all();
    /// assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    /// # Ok::<(), aiter_core::PushError<i32>>(())
    /// ```
    #[inline(always)]
    pub fn push_quietly(&mut self, item: T) {
        let claim = self.fill(item);
        // SAFETY: just filled; ours as nobody else pushes. The slots before it are published: by us, or by
        // others, who are gone. The reader's count keeps the block from being left by its last one.
        unsafe { claim.block.publish_by_store(claim.slot) };
    }

    /// Fills the slot at the tail and moves the tail past it.
    #[inline(always)]
    fn fill(&mut self, item: T) -> Claim<T> {
        // First, as it may unwind.
        let to = self.list.sole_place_behind(self.place, 1);
        let (block, slot) = self.place;
        // SAFETY: this is the only pusher: the slot at the tail is its own, and keeps the block alive.
        unsafe { block.write(slot, item) };
        self.list.advance_sole(&mut self.place, to, 1)
    }

    /// True if the list has no cursor but the one that was lent: the item may as well go there directly.
    #[inline(always)]
    pub fn is_only_reader(&self) -> bool {
        self.list.cursor_count() == 1
    }

    /// Ends the list, as [`Pusher::stop`](crate::Pusher::stop) does.
    pub fn stop(self) {
        self.list.stop();
    }
}

// SAFETY: it is a `&mut Pusher` and a `&Cursor`, of which it uses neither's items.
unsafe impl<T: Send> Send for BesidePusher<'_, T> {}
// SAFETY: nothing happens through `&BesidePusher`.
unsafe impl<T: Send> Sync for BesidePusher<'_, T> {}

impl<T> fmt::Debug for BesidePusher<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BesidePusher").finish_non_exhaustive()
    }
}
