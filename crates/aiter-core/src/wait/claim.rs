//! Methods of [`Slots`] by which a notifier finds and claims armed slots.
//!
//! # Ordering policy
//! A claim is a read-modify-write of the word that contains the slot's `armed` bit. It acquires the
//! waker from `Slots::arm`. `claim_first` also releases the notifier's earlier writes (see
//! `queue.rs`).

use crate::{
    sync::Ordering,
    wait::{
        slot::{BITS, Claimed},
        slots::{FIRST, SEGMENTS, Slots},
    },
};

impl Slots {
    /// Returns `true` if a slot is armed.
    #[inline]
    pub(crate) fn is_any_armed(&self) -> bool {
        // Relaxed, both: a hint. A claim synchronizes with the waiter.
        match self.armed.load(Ordering::Relaxed) {
            0 => false,
            SEGMENTS => self.segments().any(|segment| segment.armed.load(Ordering::Relaxed) != 0),
            _ => true,
        }
    }

    /// Claims the first slot if it is armed. Returns it, and `true` if a slot in a segment may be
    /// armed. With [`ClaimFirst::IfLone`], leaves the first slot to a later `claim` in that case.
    #[inline]
    pub(crate) fn claim_first(&self, mode: ClaimFirst) -> (Option<Claimed<'_>>, bool) {
        // Relaxed: a hint. The `fetch_and` decides.
        let seen =
            if mode == ClaimFirst::IfLone { self.armed.load(Ordering::Relaxed) } else { FIRST };
        if seen != FIRST {
            return (None, seen & SEGMENTS != 0);
        }
        // Acquire: partner of `arm`, for the waker and for armed slots in segments. Release:
        // partner of `arm`, for this notifier's earlier writes (see `queue.rs`).
        let before = self.armed.fetch_and(!FIRST, Ordering::AcqRel);
        ((before & FIRST != 0).then(|| Claimed(&self.first_slot)), before & SEGMENTS != 0)
    }

    /// Returns a number that is larger than that of every slot.
    pub(crate) fn end(&self) -> usize {
        (1 + self.segments().count()) * BITS
    }

    /// Claims the armed slots with the numbers `from..to`. Passes each slot to `f` before it claims
    /// the next one. `to` may exceed `end`.
    pub(crate) fn claim(&self, from: usize, to: usize, mut f: impl FnMut(Claimed<'_>)) {
        let (mut armed, mut slots) = (&self.armed, core::slice::from_ref(&self.first_slot));
        let (mut link, mut base) = (&self.first_segment, 0);
        while base < to {
            // Relaxed: a hint. The `fetch_and` decides.
            let mut bits = if from < base + BITS { armed.load(Ordering::Relaxed) } else { 0 };
            if bits != 0 {
                bits &= low_bits(to - base)
                    & !low_bits(from.saturating_sub(base))
                    & low_bits(slots.len());
            }
            while bits != 0 {
                let number = bits.trailing_zeros() as usize;
                let bit = 1 << number;
                bits &= !bit;
                // Acquire: partner of `arm`, for the waker. No Release: another word hands on the
                // notifier's earlier writes (see `queue.rs`). If the bit is clear, the waiter has
                // disarmed the slot, or another notifier has claimed it.
                if armed.fetch_and(!bit, Ordering::Acquire) & bit != 0 {
                    f(Claimed(&slots[number]));
                }
            }
            base += BITS;
            if base < to {
                // SAFETY: the link is null, or a segment, which is freed with `self`. Acquire:
                // partner of `take_in_segment`, for the segment.
                let Some(next) = (unsafe { link.load(Ordering::Acquire).as_ref() }) else { return };
                (armed, slots, link) = (&next.armed, &next.slots, &next.next);
            }
        }
    }
}

/// The condition for `Slots::claim_first` to change the word of the first slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClaimFirst {
    /// Only if the first slot is armed, and no slot in a segment ever was.
    IfLone,
    /// Always, also if the first slot is not armed.
    Always,
}

/// Returns a word whose lowest `count` bits are set.
fn low_bits(count: usize) -> usize {
    if count >= BITS { usize::MAX } else { (1 << count) - 1 }
}
