//! The part of the sensor hub that runs on a microcontroller. It compiles for a Cortex-M0.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

use aiter_core::{Cursor, Pusher, TryPushError};

/// The state of the interrupt handler of a converter.
#[derive(Debug)]
pub struct Sampler {
    samples: Pusher<u16>,
    missed: u32,
}

impl Sampler {
    /// Makes the state, with room for `room` samples that the main loop has not read.
    pub fn new(samples: Pusher<u16>, room: usize) -> Self {
        samples.reserve(room); // the last allocation for the samples
        Self { samples, missed: 0 }
    }

    /// Called by the handler. Lock-free, and neither allocates nor frees.
    pub fn on_sample(&mut self, sample: u16) {
        match self.samples.try_push(sample) {
            Ok(()) => {}
            // The main loop is behind.
            Err(TryPushError::Full(_)) => self.missed += 1,
            // The main loop has stopped the list.
            Err(_) => {}
        }
    }

    /// Returns the number of samples that found no room.
    pub fn missed(&self) -> u32 {
        self.missed
    }
}

/// The main loop: sends the samples in batches of at most `max`, until the list ends.
pub async fn send(mut samples: Cursor<u16>, max: usize, mut radio: impl FnMut(&[u16])) {
    let mut batch = Vec::with_capacity(max);
    while samples.next_many(&mut batch, max).await > 0 {
        radio(&batch);
        batch.clear();
    }
}
