//! Chapter 8: the program of the microcontroller, with a loop in the place of the interrupts.

use aiter::prelude::*;
use sensor_hub_device::{Sampler, send};

fn main() {
    let (samples, cursor) = push_list();
    let mut sampler = Sampler::new(samples, 32);
    let mut sent = Vec::new();
    let mut main_loop = Box::pin(send(cursor, 4, |batch| sent.push(batch.to_vec())));

    let missed = smol::block_on(async {
        for sample in 1..=6 {
            sampler.on_sample(sample);
        }
        smol::future::poll_once(&mut main_loop).await;
        for sample in 1..=1000 {
            sampler.on_sample(sample); // the main loop is busy elsewhere
        }
        let missed = sampler.missed();
        drop(sampler); // the last pusher, so the main loop ends
        main_loop.await;
        missed
    });
    println!("{:?}", &sent[..3]);
    println!("some found no room: {}", missed > 0);
    println!("{} sent or counted", sent.concat().len() + missed as usize);
}
