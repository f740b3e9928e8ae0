//! How producers claim slots of a list and publish them.

use crate::{
    error::PushErrorKind,
    list::{Claim, List, OnFull, Reclaim, block::Block, state::Published, tail::Tail},
    sync::{Ordering, RIVAL_PAUSES, retry_hint},
    wait::queue::Wakers,
};

impl<T> List<T> {
    /// Claims `want` slots of one block, or fewer if the block ends before. `None` in the error:
    /// no block is linked ahead. Lock-free.
    #[inline(always)]
    pub(crate) fn claim(
        &self,
        want: usize,
        on_full: OnFull,
    ) -> Result<Claim<T>, Option<PushErrorKind>> {
        self.claim_fast(want).or_else(|seen| self.claim_after(seen, want, on_full))
    }

    /// Claims `want` slots of the tail block if there is nothing else to do. The tail that was seen in
    /// the error.
    #[inline(always)]
    pub(crate) fn claim_fast(&self, want: usize) -> Result<Claim<T>, Tail<T>> {
        // Relaxed: nothing is looked at before the exchange succeeds.
        let tail = Tail::from_word(self.tail.load(Ordering::Relaxed));
        if tail.has_room(want) && !self.has_no_cursor() {
            // Acquire: see the ordering policy.
            let exchanged = self.tail.compare_exchange_weak(
                tail.word(),
                tail.plus(want).word(),
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if exchanged.is_ok() {
                return Ok(Claim { block: tail.block(), slot: tail.slot(), len: want });
            }
        }
        Err(tail)
    }

    /// `claim`, for one that has tried with this tail.
    #[cold]
    pub(crate) fn claim_after(
        &self,
        seen: Tail<T>,
        want: usize,
        on_full: OnFull,
    ) -> Result<Claim<T>, Option<PushErrorKind>> {
        let mut seen = seen;
        loop {
            self.let_rival_go_on(seen);
            match self.claim_fast(want) {
                Ok(claim) => return Ok(claim),
                Err(tail) if !tail.has_room(want) => return self.claim_at_edge(want, on_full),
                Err(_) if self.has_no_cursor() => return Err(Some(self.no_cursor_kind())),
                Err(tail) => seen = tail,
            }
            retry_hint();
        }
    }

    /// Pauses if a claim that saw this tail was overtaken.
    ///
    /// Two that claim in turn carry the tail and the block from core to core for each item. So who
    /// comes second pauses for a fixed time, whatever the other does meanwhile, and then goes on: the
    /// other's pushes come in runs.
    fn let_rival_go_on(&self, seen: Tail<T>) {
        // Relaxed: as in `claim_fast`.
        if RIVAL_PAUSES > 0 && Tail::from_word(self.tail.load(Ordering::Relaxed)) != seen {
            for _ in 0..RIVAL_PAUSES {
                core::hint::spin_loop();
            }
        }
    }

    /// A claim that may take a block's last slot, and so needs the next block.
    #[cold]
    fn claim_at_edge(
        &self,
        want: usize,
        on_full: OnFull,
    ) -> Result<Claim<T>, Option<PushErrorKind>> {
        let _pin = self.pin();
        loop {
            let tail = self.pinned_tail();
            if tail.is_stopped() {
                return Err(Some(PushErrorKind::Stopped));
            }
            if self.has_no_cursor() {
                return Err(Some(self.no_cursor_kind()));
            }
            let (block, slot) = (tail.block(), tail.slot());
            let len = want.min(Block::<T>::CAP - slot);
            let new = if tail.has_room(len) {
                tail.plus(len)
            } else {
                // SAFETY: it was the tail when we looked, after we pinned: alive.
                match unsafe { block.next() } {
                    Some(next) => Tail::new(next, 0),
                    // SAFETY: as above.
                    None => match unsafe { self.grow(block, on_full) } {
                        Some(next) => Tail::new(next, 0),
                        // SAFETY: pinned once, and the tail was read after that.
                        None if unsafe { self.link_from_limbo(tail) } => continue,
                        None => return Err(None),
                    },
                }
            };
            // AcqRel: see the ordering policy.
            if self
                .tail
                .compare_exchange(tail.word(), new.word(), Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            {
                return Ok(Claim { block, slot, len });
            }
            retry_hint();
        }
    }

    /// Publishes a claim whose slots are all filled, and wakes whoever sleeps.
    ///
    /// # Safety
    /// The caller has filled all slots of the claim.
    #[inline(always)]
    pub(crate) unsafe fn publish(&self, claim: Claim<T>, reclaim: Reclaim) {
        // SAFETY: the claim is the caller's, filled, and consumed here.
        let published = unsafe { claim.block.publish(claim.slot, claim.len) };
        if published.has_flags() {
            self.after_publish(claim.block, published, reclaim);
        }
    }

    #[cold]
    fn after_publish(&self, block: Block<T>, published: Published, reclaim: Reclaim) {
        if published.takes_over::<T>() {
            // SAFETY: the block's last count is now ours, and given to the stack.
            unsafe { self.handed_over.push(block) };
        }
        match reclaim {
            Reclaim::Inline => {
                /// Cleans up after the notification, also if a waker panics.
                struct CleanUp<'a, T>(&'a List<T>, Published);
                impl<T> Drop for CleanUp<'_, T> {
                    fn drop(&mut self) {
                        self.0.release_handed_over();
                        if self.1.is_unreadable::<T>() {
                            self.0.drop_unreadable();
                        }
                    }
                }
                let _clean_up = CleanUp(self, published);
                self.waiters.notify(Wakers::Take);
            }
            Reclaim::Deferred => {
                if published.is_unreadable::<T>() {
                    // Release: partner of `reclaim_deferred`, for the publication. An exchange, so
                    // that all handlers' publications are in it.
                    self.has_unreadable.swap(true, Ordering::Release);
                }
                self.waiters.notify(Wakers::Lend);
            }
        }
    }

    /// Links a block behind `block`, unless another got there first, and returns it.
    ///
    /// The list is as it was if the allocation unwinds.
    ///
    /// # Safety
    /// The block is alive, and with it all that follow.
    unsafe fn append(&self, block: Block<T>) -> Block<T> {
        // SAFETY: by contract.
        let next = unsafe { self.grow(block, OnFull::Allocate) };
        next.expect("an allocation that fails unwinds")
    }

    /// As `append`. Returns `None` if `on_full` forbids to allocate, or the allocator has no memory.
    ///
    /// # Safety
    /// As `append`.
    unsafe fn grow(&self, block: Block<T>, on_full: OnFull) -> Option<Block<T>> {
        if on_full == OnFull::Fail {
            return None;
        }
        // SAFETY: alive, by contract.
        let start = unsafe { block.header() }.start().wrapping_add(Block::<T>::CAP);
        let new = match self.free_list.pop(start) {
            Some(new) => new,
            None if on_full == OnFull::TryAllocate => Block::try_allocate(start)?,
            None => Block::allocate(start),
        };
        // SAFETY: `block` is alive by contract, and `new` is the caller's alone.
        match unsafe { block.link_next(new) } {
            Ok(()) => Some(new),
            Err(other) => {
                // SAFETY: it was never linked.
                unsafe { new.free() };
                Some(other)
            }
        }
    }

    /// Links blocks until `additional` slots can be claimed without allocating, and keeps as many
    /// blocks linked from now on.
    ///
    /// # Panics
    /// If the blocks would take more than `isize::MAX` bytes; the list is then as it was.
    #[track_caller]
    pub(crate) fn reserve(&self, additional: usize) {
        // By blocks, which take memory also for items without a size.
        let bytes = additional.div_ceil(Block::<T>::CAP).checked_mul(Block::<T>::BYTES);
        assert!(bytes.is_some_and(|bytes| bytes <= isize::MAX as usize), "capacity overflow");
        let _pin = self.pin();
        let tail = self.pinned_tail();
        let mut block = tail.block();
        // The last slot of a block can only be claimed when the next is linked.
        let mut free = Block::<T>::CAP - tail.slot() - 1;
        let mut ahead = 0;
        let mut is_last = false;
        // One block at least, as a steady flow needs the next one before the last can be read out.
        while free < additional || (additional > 0 && ahead == 0) {
            // SAFETY: pinned: the tail's block and all that follow are alive.
            block = match unsafe { block.next() } {
                Some(next) => next,
                None => {
                    is_last = true;
                    // SAFETY: as above.
                    unsafe { self.append(block) }
                }
            };
            free += Block::<T>::CAP;
            ahead += 1;
        }
        // Relaxed: a number for `recycle`.
        self.spare.fetch_max(ahead, Ordering::Relaxed);
        if is_last && ahead > 1 {
            // SAFETY: still pinned, and the block is at or behind the tail that was read.
            unsafe { self.note_reserved(block) };
        }
    }
}

/// For the only pusher of a list.
impl<T> List<T> {
    /// The tail, for who knows that nobody else pushes, stops or pins.
    pub(crate) fn unique_tail(&self) -> Tail<T> {
        // Relaxed: only the caller writes it, and it has synchronised with those who did before.
        Tail::from_word(self.tail.load(Ordering::Relaxed))
    }

    /// Moves the tail, for who knows that nobody else pushes, stops or pins. Call it before the
    /// slots are published: a cursor must never be ahead of the tail.
    #[inline(always)]
    fn set_unique_tail(&self, tail: Tail<T>) {
        // Release: partner of `tail`, for the block.
        self.tail.store(tail.word(), Ordering::Release);
    }

    /// Returns where the tail, which is at this place, will be past `len` more slots of its block. If these
    /// are the last ones, the next block is linked.
    ///
    /// May allocate. If that unwinds, nothing has changed. So it comes before an item is written.
    #[inline(always)]
    pub(crate) fn unique_place_behind(
        &self,
        (block, slot): (Block<T>, usize),
        len: usize,
    ) -> (Block<T>, usize) {
        let slot = slot + len;
        if slot == Block::<T>::CAP { (self.unique_next(block), 0) } else { (block, slot) }
    }

    /// Moves the tail from one place to another, `len` slots on: see `unique_place_behind`. Returns the slots.
    #[inline(always)]
    pub(crate) fn advance_unique(
        &self,
        place: &mut (Block<T>, usize),
        to: (Block<T>, usize),
        len: usize,
    ) -> Claim<T> {
        let (block, slot) = core::mem::replace(place, to);
        self.set_unique_tail(Tail::new(to.0, to.1));
        Claim { block, slot, len }
    }

    /// The block behind the tail block, linked now if need be. May allocate, and unwind.
    #[cold]
    fn unique_next(&self, block: Block<T>) -> Block<T> {
        // SAFETY: the tail's block has an unclaimed slot, and nobody else can claim it: no cursor
        // gets past, so the block and what follows are alive.
        unsafe { block.next().unwrap_or_else(|| self.append(block)) }
    }
}
