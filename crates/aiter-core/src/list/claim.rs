//! Claims and publications of slots by producers. `grow.rs` links the blocks that claims need.
//!
//! # Ordering policy
//! - Each claim is an Acquire. It synchronizes with the `claim_at_edge` (Release) that stored the
//!   tail block, and with each earlier `pinned_tail` (Release).
//! - `claim_at_edge` is AcqRel: it also publishes the header of the next block as the tail block.
//!   The partners of its Release half are `claim_fast`, `List::tail` and `pinned_tail`.
//! - A load whose only use is the expected value of an exchange is Relaxed.

use crate::{
    defer::Defer,
    error::{PushError, PushErrorKind, TryPushError},
    list::{Claim, List, OnFull, Reclaim, block::Block, state::Published, tail::Tail},
    sync::{Ordering, retry_hint},
    tuning::RIVAL_SPIN_HINTS,
    wait::queue::Wakers,
};

impl<T> List<T> {
    /// Appends an item, and stores its index in `index`. May allocate and notify. Lock-free.
    ///
    /// The index is not in the result, because a conversion of the result would move the item.
    ///
    /// # Errors
    /// Returns the item if the list is stopped or has no cursor.
    #[inline(always)]
    pub(crate) fn push(&self, item: T, index: &mut usize) -> Result<(), PushError<T>> {
        // The claim has two steps, so that the fast path is short enough to be inlined. Both are in
        // this function, because each further call would move the item, which may be large.
        let (block, slot) = match self.claim_fast(1) {
            Ok(claim) => (claim.block, claim.slot),
            Err(seen) => match self.claim_slow(seen, 1, OnFull::Allocate) {
                Ok(claim) => (claim.block, claim.slot),
                Err(kind) => return Err(PushError::new(self.refuse(kind), item)),
            },
        };
        // SAFETY: this call has claimed the slot, so the block is alive until it is published, and
        // no other producer writes it. The slot is filled once, then published once.
        unsafe {
            *index = block.header().start().wrapping_add(slot);
            block.write(slot, item);
            self.publish(Claim { block, slot, len: 1 }, Reclaim::Inline);
        }
        Ok(())
    }

    /// Appends an item without an allocation. Leaves all reclamation to later calls. Lock-free.
    ///
    /// # Errors
    /// Returns the item if the list is stopped or has no cursor, or if no slot is free.
    #[inline(always)]
    pub(crate) fn try_push(&self, item: T) -> Result<(), TryPushError<T>> {
        match self.claim(1, OnFull::Fail) {
            Ok(claim) => {
                // SAFETY: this call has claimed the slot, so the block is alive and no other
                // producer writes it. The slot is filled once, then published once.
                unsafe {
                    claim.block.write(claim.slot, item);
                    self.publish(claim, Reclaim::Deferred);
                }
                Ok(())
            }
            Err(kind) => Err(TryPushError::new(kind, item)),
        }
    }

    /// Returns why a claim with `OnFull::Allocate` was refused, after the reclamation that
    /// interrupt handlers deferred.
    #[cold]
    pub(crate) fn refuse(&self, kind: Option<PushErrorKind>) -> PushErrorKind {
        self.reclaim_deferred();
        kind.expect("a claim that may allocate is refused for a reason")
    }

    /// Claims `want` slots of one block, or fewer if the block ends before. Lock-free.
    ///
    /// # Errors
    /// Returns the reason if the list refuses items. Returns `None` if no next block is linked and
    /// `on_full` or a lack of memory prevents its allocation.
    #[inline(always)]
    pub(crate) fn claim(
        &self,
        want: usize,
        on_full: OnFull,
    ) -> Result<Claim<T>, Option<PushErrorKind>> {
        self.claim_fast(want).or_else(|seen| self.claim_slow(seen, want, on_full))
    }

    /// Claims `want` slots of the tail block, by one attempt. Wait-free.
    ///
    /// # Errors
    /// Returns the tail that it loaded if the block has no room, the list is stopped or has no
    /// cursor, or the exchange failed.
    #[inline(always)]
    pub(crate) fn claim_fast(&self, want: usize) -> Result<Claim<T>, Tail<T>> {
        // Relaxed: the tail block is not accessed before the exchange has succeeded.
        let tail = Tail(self.tail.load(Ordering::Relaxed));
        if tail.has_room(want) && !self.has_no_cursor() {
            // Acquire: partner of `claim_at_edge`, for the block; of `pinned_tail`, for the pin.
            let exchanged = self.tail.compare_exchange_weak(
                tail.0,
                tail.plus(want).0,
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if exchanged.is_ok() {
                return Ok(Claim { block: tail.block(), slot: tail.slot(), len: want });
            }
        }
        Err(tail)
    }

    /// `claim`, after a `claim_fast` that failed with the tail `seen`.
    #[cold]
    pub(crate) fn claim_slow(
        &self,
        seen: Tail<T>,
        want: usize,
        on_full: OnFull,
    ) -> Result<Claim<T>, Option<PushErrorKind>> {
        let mut seen = seen;
        loop {
            self.back_off_if_overtaken(seen);
            match self.claim_fast(want) {
                Ok(claim) => return Ok(claim),
                Err(tail) if !tail.has_room(want) => return self.claim_at_edge(want, on_full),
                Err(_) if self.has_no_cursor() => return Err(Some(self.no_cursor_kind())),
                Err(tail) => seen = tail,
            }
            retry_hint();
        }
    }

    /// Spins if another producer has moved the tail since it was `seen`.
    ///
    /// Two producers that claim in turn transfer the cache lines of tail and block for each item.
    /// The spin lets the other producer push a run. Its length is fixed, so it waits for no party.
    fn back_off_if_overtaken(&self, seen: Tail<T>) {
        // Relaxed: the tail is only compared.
        if RIVAL_SPIN_HINTS > 0 && Tail(self.tail.load(Ordering::Relaxed)) != seen {
            for _ in 0..RIVAL_SPIN_HINTS {
                core::hint::spin_loop();
            }
        }
    }

    /// `claim`, if it may take the last slot of the block: that claim needs the next block.
    #[cold]
    fn claim_at_edge(
        &self,
        want: usize,
        on_full: OnFull,
    ) -> Result<Claim<T>, Option<PushErrorKind>> {
        let pin = self.pin();
        loop {
            let tail = self.pinned_tail();
            if tail.is_stopped() {
                return Err(Some(PushErrorKind::Stopped));
            }
            if self.has_no_cursor() {
                // May call wakers, and a waker may take long.
                drop(pin);
                return Err(Some(self.no_cursor_kind()));
            }
            let (block, slot) = (tail.block(), tail.slot());
            let len = want.min(Block::<T>::CAP - slot);
            let new = if tail.has_room(len) {
                tail.plus(len)
            } else {
                // SAFETY: the block is alive, because the tail was read after the list was pinned.
                match unsafe { block.next() } {
                    Some(next) => Tail::new(next, 0),
                    // SAFETY: the pin keeps the block and all later ones alive.
                    None => match unsafe { self.grow(block, on_full) } {
                        Some(next) => Tail::new(next, 0),
                        // SAFETY: this call has pinned the list once, and then read the tail.
                        None if unsafe { self.link_from_limbo(tail) } => continue,
                        None => return Err(None),
                    },
                }
            };
            // AcqRel: see the ordering policy.
            if self
                .tail
                .compare_exchange(tail.0, new.0, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            {
                return Ok(Claim { block, slot, len });
            }
            retry_hint();
        }
    }

    /// Publishes a claim. Notifies the waiters if the block has a flag set. Wait-free if it has
    /// none, otherwise lock-free.
    ///
    /// # Safety
    /// The caller has filled all slots of the claim.
    #[inline(always)]
    pub(crate) unsafe fn publish(&self, claim: Claim<T>, reclaim: Reclaim) {
        // SAFETY: the slots are claimed and, by contract, filled. They are not published yet,
        // because only this call consumes the claim.
        let published = unsafe { claim.block.publish(claim.slot, claim.len) };
        if published.has_flags() {
            self.after_publish(claim.block, published, reclaim);
        }
    }

    /// Does the work that the flags of a publication ask for.
    #[cold]
    fn after_publish(&self, block: Block<T>, published: Published, reclaim: Reclaim) {
        if published.takes_over::<T>() {
            // SAFETY: this producer has taken over the last count, and passes it to the stack.
            unsafe { self.handed_over.push(block) };
        }
        match reclaim {
            Reclaim::Inline => {
                // Cleans up after the notification, even if a waker panics.
                let _clean_up = Defer(|| {
                    self.release_handed_over();
                    if published.is_unreadable::<T>() {
                        self.drop_unreadable();
                    }
                });
                self.waiters.notify(Wakers::Take);
            }
            Reclaim::Deferred => {
                if published.is_unreadable::<T>() {
                    // Release: partner of `reclaim_deferred`, for the publication. A
                    // read-modify-write, so that the partner synchronizes with every handler.
                    self.has_unreadable.swap(true, Ordering::Release);
                }
                self.waiters.notify(Wakers::Lend);
            }
        }
    }
}

/// Claims by plain stores, for the only pusher of a list.
impl<T> List<T> {
    /// Returns the tail. No other party pushes, stops the list or pins it.
    pub(crate) fn unique_tail(&self) -> Tail<T> {
        // Relaxed: only the caller writes the tail. It has synchronized with earlier writers in
        // `PusherCount::has_only_one`, or there were none.
        Tail(self.tail.load(Ordering::Relaxed))
    }

    /// Moves the tail. No other party pushes, stops the list or pins it. The caller publishes the
    /// slots afterwards, because a cursor must never be ahead of the tail.
    #[inline(always)]
    fn set_unique_tail(&self, tail: Tail<T>) {
        // Release: partner of `List::tail` and `claim_fast`, for the block.
        self.tail.store(tail.0, Ordering::Release);
    }

    /// Returns the place of the tail after a claim of `len` slots at its present place. Links the
    /// next block if the claim takes the last slot.
    ///
    /// May allocate. If the allocation unwinds, nothing has changed, so the caller calls this
    /// before it writes an item.
    #[inline(always)]
    pub(crate) fn unique_place_after(
        &self,
        (block, slot): (Block<T>, usize),
        len: usize,
    ) -> (Block<T>, usize) {
        let slot = slot + len;
        if slot == Block::<T>::CAP { (self.unique_next(block), 0) } else { (block, slot) }
    }

    /// Moves the tail from `place` to `to`, which is `unique_place_after` `len` slots. Returns the
    /// claim of these slots.
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

    /// Returns the block after the tail block, and links it first if need be. May allocate and
    /// unwind.
    #[cold]
    fn unique_next(&self, block: Block<T>) -> Block<T> {
        // SAFETY: the tail block has an unclaimed slot that only the caller can claim. No cursor
        // leaves the block before that, so the block and all later ones are alive.
        unsafe { block.next().unwrap_or_else(|| self.append(block)) }
    }
}
