//! Chapter 5: parallel calls, a consumer that is slow, and a gate before it.

use core::{cell::Cell, future::ready};

use aiter::prelude::*;
use sensor_hub::{Hub, Reading};
use smol::{LocalExecutor, future};

/// Lets other tasks run `turns` times, as a wait for the network does.
async fn wait(turns: usize) {
    for _ in 0..turns {
        future::yield_now().await;
    }
}

/// Looks up a sensor's correction in a slow database.
async fn calibrate(reading: Reading) -> Reading {
    let (turns, correction) = if reading.sensor == "attic" { (9, -1) } else { (2, 1) };
    wait(turns).await;
    Reading { celsius: reading.celsius + correction, ..reading }
}

fn readings() -> impl Stream<Item = Reading> {
    let sensors = ["attic", "cellar", "porch", "roof", "shed", "well"];
    iter_to_aiter(sensors).map(|sensor| Reading::new(sensor, 20))
}

fn main() {
    smol::block_on(async {
        in_order().await;
        consumer_is_slow().await;
        progress().await;
        alarm().await;
    });
}

async fn in_order() {
    let mut first = readings().map_par(3, calibrate);
    println!("first to finish: {}", first.next().await.expect("six readings"));
    let mut first = readings().map_par(3, calibrate).ordered();
    println!("first in order: {}", first.next().await.expect("six readings"));
}

async fn consumer_is_slow() {
    let started = Cell::new(0);
    let calibrate = |reading| {
        started.set(started.get() + 1);
        calibrate(reading)
    };
    let mut here = readings().map_par(2, calibrate);
    here.next().await;
    let before = started.get();
    wait(1000).await; // the consumer is busy with the result
    println!("in this task: {} calls started meanwhile", started.get() - before);
    drop(here);

    started.set(0);
    let executor = LocalExecutor::new();
    let consume = async {
        let mut tasks = readings().map_par_with(2, |task| executor.spawn(task), calibrate);
        tasks.next().await;
        wait(1000).await;
        println!("in tasks: {} started, {} finished", started.get(), tasks.finished());
    };
    executor.run(consume).await;
}

async fn loud(reading: Reading) -> Reading {
    let calibrated = calibrate(reading).await;
    println!("  calibrated {}", reading.sensor);
    calibrated
}

async fn show(reading: Reading) {
    println!("show {reading}");
    wait(20).await; // a slow screen
    println!("{} is shown", reading.sensor);
}

async fn progress() {
    let mut results = readings().take(2).map_par(2, loud);
    while let Some(reading) = results.next().await {
        show(reading).await;
    }
    println!("with progress:");
    readings().take(2).map_par(2, loud).for_each_progress(show).await;
}

async fn alarm() {
    let (hub, mut recorder) = Hub::new(4);
    let hot = hub.dashboard().filter(|reading| ready(reading.celsius >= 60));
    let (gate, mut pages) = hot.gated();

    for celsius in [20, 61, 62] {
        hub.push(Reading::new("boiler", celsius)).await.expect("the recorder reads");
    }
    println!("{:?}", future::poll_once(pages.next()).await);
    gate.push(1).expect("the pager lives"); // the engineer is ready for one page
    println!("page: {}", pages.next().await.expect("it is hot"));

    for celsius in 63..=70 {
        hub.push(Reading::new("boiler", celsius)).await.expect("the recorder reads");
        recorder.seek_to_end();
    }
    gate.push(1).expect("the pager lives");
    println!("page: {}", pages.next().await.expect("it is hot"));
    println!("{} missed", pages.get_ref().get_ref().missed());
}
