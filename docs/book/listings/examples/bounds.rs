//! Chapter 3: a slow reader, and three answers to it.

use aiter::{LossyPolicy, bounded_lossy, prelude::*};
use sensor_hub::{Hub, Reading};
use smol::future;

fn main() {
    unbounded();
    producer_waits();
    stalled();
    oldest_go();
    smol::block_on(hub());
}

fn unbounded() {
    let (device, mut recorder) = push_list();
    let forgotten = recorder.fork();
    device.push_all((0..1000).map(|n| Reading::new("attic", n % 40))).expect("a cursor lives");
    println!("the recorder skips {}", recorder.seek_to_end());
    println!("{} readings in memory", device.retained());
    drop(forgotten);
    println!("fewer than 100 in memory: {}", device.retained() < 100);
}

fn producer_waits() {
    let (device, mut recorder) = bounded(2);
    let produce = async move {
        for celsius in 1..=4 {
            device.push(Reading::new("attic", celsius)).await.expect("the recorder reads");
            println!("pushed {celsius}");
        }
    };
    let record = async {
        while let Some(reading) = recorder.next().await {
            println!("recorded {}", reading.celsius);
        }
    };
    smol::block_on(future::zip(produce, record));
}

fn stalled() {
    let (device, mut recorder) = bounded(2);
    let forgotten = recorder.fork();
    device.try_push(Reading::new("attic", 19)).expect("there is room");
    device.try_push(Reading::new("attic", 20)).expect("there is room");
    println!("the recorder skips {}", recorder.seek_to_end());
    let full = device.try_push(Reading::new("attic", 21)).expect_err("the fork has read nothing");
    println!("{full}");
    drop(forgotten);
    println!("{:?}", device.try_push(full.into_inner()));
}

fn oldest_go() {
    let (device, mut dashboard) = bounded_lossy(3, LossyPolicy::DropOldest);
    for celsius in 1..=10 {
        device.push(Reading::new("attic", celsius)).expect("the dashboard lives");
    }
    drop(device);
    while let Ok(reading) = dashboard.try_next() {
        println!("{reading}, {} missed", dashboard.missed());
    }
}

async fn hub() {
    let (hub, mut recorder) = Hub::new(4);
    let mut dashboard = hub.dashboard(); // is never polled below
    let device = async {
        for celsius in 1..=100 {
            hub.push(Reading::new("attic", celsius)).await.expect("the recorder reads");
        }
        hub.stop();
    };
    let (_, recorded) = future::zip(device, recorder.by_ref().count()).await;
    println!("{recorded} recorded");
    let first = dashboard.next().await.expect("the newest are kept");
    println!("the dashboard goes on at {first}, {} missed", dashboard.missed());
}
