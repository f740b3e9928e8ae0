//! Chapter 11: what a running hub does, as a table and as a graph.

use aiter::{
    inspect::{Registry, Snapshot},
    prelude::*,
};
use sensor_hub::Reading;
use smol::future;

static HUB: Registry = Registry::new();

/// Prints a snapshot without its times, so that the output is the same in every run.
fn print(mut snapshot: Snapshot) {
    snapshot.lists.iter_mut().for_each(|row| row.oldest = None);
    for row in &mut snapshot.streams {
        (row.oldest, row.idle) = (None, None);
    }
    print!("{snapshot}");
}

fn main() {
    smol::block_on(watch());
}

async fn watch() {
    let (device, readings) = bounded(4);
    let device = HUB.list("readings", device);
    let tablet = HUB.cursor("tablet", readings.fork()); // in a drawer
    let celsius = HUB.cursor("recorder", readings).map(|reading: Reading| reading.celsius);
    let mut hot = HUB.stream("hot", celsius.map_filter(|n| (n >= 60).then_some(n)));

    for celsius in [20, 61, 30, 62] {
        device.push(Reading::new("boiler", celsius)).await.expect("the recorder reads");
    }
    hot.next().await;
    hot.next().await;
    let fifth = device.push(Reading::new("boiler", 63));
    let mut fifth = Box::pin(fifth);
    assert!(future::poll_once(&mut fifth).await.is_none());

    print(HUB.snapshot());
    print!("{}", HUB.snapshot().mermaid());
    drop(tablet);
    fifth.await.expect("the recorder reads");
}
