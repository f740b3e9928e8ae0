//! Chapter 1: devices push readings, the hub reads them.

use std::thread;

use aiter::{PushError, prelude::*};
use sensor_hub::Reading;

/// A device: pushes a reading for each temperature that it measures.
fn device(sensor: &'static str, temperatures: &[i32], readings: &Pusher<Reading>) {
    for &celsius in temperatures {
        readings.push(Reading::new(sensor, celsius)).expect("the hub reads");
    }
}

fn main() {
    one_device();
    two_devices();
}

fn one_device() {
    let (pusher, mut readings) = push_list();
    let attic = thread::spawn(move || device("attic", &[19, 20, 23], &pusher));

    BlockOn::new().block_on(async {
        while let Some(reading) = readings.next().await {
            println!("{reading}");
        }
        println!("the list has ended");
    });
    attic.join().expect("the device does not panic");
}

fn two_devices() {
    let (attic, mut readings) = push_list();
    let cellar = attic.clone();
    device("attic", &[24], &attic);
    device("cellar", &[12], &cellar);
    println!("{} unread, the first is {:?}", readings.len(), readings.try_next());

    drop(attic); // the other pusher keeps the list open
    println!("{:?}, then {:?}", readings.try_next(), readings.try_next());

    cellar.stop(); // ends the list for all pushers
    match cellar.push(Reading::new("cellar", 13)) {
        Err(PushError::Stopped(reading)) => println!("refused: {reading}"),
        other => println!("{other:?}"),
    }
    println!("{:?}", readings.try_next());
}
