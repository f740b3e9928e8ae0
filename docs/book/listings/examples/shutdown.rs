//! Chapter 6: the ways to stop, a dropped future, and a panic.

use std::thread;

use aiter::{PushError, prelude::*};
use sensor_hub::{Hub, Reading};
use smol::future;

fn main() {
    smol::block_on(async {
        stop().await;
        source_goes_on().await;
        last_pages().await;
        cancelled_read().await;
        cancelled_push().await;
        broken_sensor().await;
        device_panics().await;
    });
}

async fn stop() {
    let (hub, recorder) = Hub::new(4);
    let device = hub.clone();
    device.push(Reading::new("attic", 19)).await.expect("the recorder reads");
    hub.stop();
    match device.push(Reading::new("attic", 20)).await {
        Err(PushError::Stopped(reading)) => println!("refused: {reading}"),
        other => println!("{other:?}"),
    }
    println!("recorded {}", recorder.count().await);
}

async fn source_goes_on() {
    let (stopper, mut measure) = iter_to_aiter(19..).stoppable();
    println!("{:?}", measure.next().await);
    stopper.stop();
    println!("{:?}", measure.next().await);
    println!("{:?}", measure.into_inner().next().await);
}

async fn last_pages() {
    let (gate, pages) = iter_to_aiter(["hot", "hotter", "fire"]).gated();
    gate.push(2).expect("the pager lives");
    gate.stop(); // also done by the drop of the last gate
    println!("{:?}", pages.collect::<Vec<_>>().await);
}

async fn cancelled_read() {
    let (device, mut recorder) = push_list();
    let waited = future::poll_once(recorder.next()).await; // polled once, then dropped
    device.push(19).expect("the recorder reads");
    println!("{waited:?}, then {:?}", recorder.next().await);
}

async fn cancelled_push() {
    let (device, mut recorder) = bounded(1);
    device.push("first").await.expect("the recorder reads");
    let pushed = future::poll_once(device.push("second")).await; // the item is dropped as well
    println!("{pushed:?}");
    println!("{:?}", future::poll_once(device.reserve()).await.map(|_| "a permit"));

    println!("{:?}", recorder.next().await);
    let permit = device.reserve().await.expect("the recorder reads");
    permit.push("third").expect("the recorder reads");
    println!("{:?}", recorder.next().await);
}

/// Returns the resistance of a probe.
async fn resistance(millivolts: u32) -> u32 {
    100_000 / millivolts
}

async fn broken_sensor() {
    let measured = iter_to_aiter([20, 0, 50]);
    let mut results = measured.map_par(2, resistance).ordered().catch_panics();
    while let Some(result) = results.next().await {
        match result {
            Ok(ohms) => println!("{ohms} ohms"),
            Err(panic) => println!("panicked: {}", panic.message().unwrap_or("no message")),
        }
    }
}

async fn device_panics() {
    let (pusher, recorder) = push_list();
    let device = thread::spawn(move || {
        for probe in [Some(19), Some(20), None] {
            pusher.push(probe.expect("the probe is connected")).expect("the recorder reads");
        }
    });
    println!("recorded {:?}", recorder.collect::<Vec<i32>>().await);
    println!("the device has panicked: {}", device.join().is_err());
}
