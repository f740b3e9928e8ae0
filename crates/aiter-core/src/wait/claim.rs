//! How a notifier claims the waiters that it calls.

use crate::{
    sync::Ordering,
    wait::{
        slot::{BITS, Claimed},
        slots::{MORE, Slots},
    },
};

impl Slots {
    /// Returns `true` if a slot is armed: a look.
    #[inline]
    pub(crate) fn is_any_armed(&self) -> bool {
        // Relaxed, both: `claim` synchronizes.
        match self.armed.load(Ordering::Relaxed) {
            0 => false,
            MORE => self.segments().any(|segment| segment.armed.load(Ordering::Relaxed) != 0),
            _ => true,
        }
    }

    /// Takes the first slot if it is armed, and says whether there are others. If the caller looks
    /// first, it takes the slot only if there are none. If not, the word of the slot is changed in
    /// any case.
    #[inline]
    pub(crate) fn claim_first(&self, look: Look) -> (Option<Claimed<'_>>, bool) {
        // Relaxed: a look.
        let seen = if look == Look::First { self.armed.load(Ordering::Relaxed) } else { 1 };
        if seen != 1 {
            return (None, seen & MORE != 0);
        }
        // Acquire: partner of `arm`, for the waker and for slots in segments. Release: partner of
        // the same, see `queue.rs`.
        let before = self.armed.fetch_and(!1, Ordering::AcqRel);
        ((before & 1 != 0).then(|| Claimed(&self.first)), before & MORE != 0)
    }

    /// The number behind that of the last slot there is.
    pub(crate) fn end(&self) -> usize {
        (1 + self.segments().count()) * BITS
    }

    /// Takes the armed slots with the numbers `from..to`, one after the other, and passes each one
    /// on before it takes the next one. The caller need not have counted the slots by `end`.
    pub(crate) fn claim(&self, from: usize, to: usize, mut found: impl FnMut(Claimed<'_>)) {
        let (mut armed, mut slots) = (&self.armed, core::slice::from_ref(&self.first));
        let (mut link, mut base) = (&self.more, 0);
        while base < to {
            // Relaxed: a look.
            let mut bits = if from < base + BITS { armed.load(Ordering::Relaxed) } else { 0 };
            if bits != 0 {
                bits &= below(to - base) & !below(from.saturating_sub(base)) & below(slots.len());
            }
            while bits != 0 {
                let number = bits.trailing_zeros() as usize;
                let bit = 1 << number;
                bits &= !bit;
                // Acquire: partner of `arm`, for the waker. No Release: what the notifier did before
                // is handed on by another word, see `queue.rs`. If the bit is clear, the waiter
                // has taken the slot back, or another notifier has it.
                if armed.fetch_and(!bit, Ordering::Acquire) & bit != 0 {
                    found(Claimed(&slots[number]));
                }
            }
            base += BITS;
            if base < to {
                // SAFETY: null, or a segment, which lives as long as the queue. Acquire: partner of
                // `take_in_segment`.
                let Some(next) = (unsafe { link.load(Ordering::Acquire).as_ref() }) else { return };
                (armed, slots, link) = (&next.armed, &next.slots, &next.next);
            }
        }
    }
}

/// Whether a notifier changes the word of the armed slots if it need not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It looks first.
    First,
    /// It changes the word in any case.
    Change,
}

/// The lowest `count` bits.
fn below(count: usize) -> usize {
    if count >= BITS { usize::MAX } else { (1 << count) - 1 }
}
