//! Chapter 2: dashboards fork, recorders share, late readers join.

use core::iter;

use aiter::{SharedCursor, prelude::*};
use sensor_hub::Reading;

/// A dashboard: shows all readings that are ready.
fn show(dashboard: &str, readings: &mut Cursor<Reading>) {
    let ready = iter::from_fn(|| readings.next_ready());
    let shown: Vec<String> = ready.map(|reading| reading.to_string()).collect();
    println!("{dashboard}: {}", shown.join(", "));
}

/// A recorder: takes one reading.
fn record(disk: &str, readings: &mut SharedCursor<Reading>) {
    match readings.try_next() {
        Ok(reading) => println!("{disk}: {reading}"),
        Err(error) => println!("{disk}: {error}"),
    }
}

fn main() {
    let (device, mut wall) = push_list();
    dashboards(&device, &mut wall);
    recorders(&device);
    late(&device);
    passive();
}

fn dashboards(device: &Pusher<Reading>, wall: &mut Cursor<Reading>) {
    let mut phone = wall.fork();
    device.push(Reading::new("attic", 19)).expect("dashboards read");
    device.push(Reading::new("cellar", 12)).expect("dashboards read");
    show("wall", wall);

    device.push(Reading::new("attic", 20)).expect("dashboards read");
    let mut tablet = wall.fork(); // where the wall stands
    show("phone", &mut phone);
    show("tablet", &mut tablet);
    show("wall", wall);
}

fn recorders(device: &Pusher<Reading>) {
    let mut disk = device.subscribe().share();
    let mut backup = disk.clone();
    for celsius in 21..=23 {
        device.push(Reading::new("attic", celsius)).expect("recorders read");
    }
    record("disk", &mut disk);
    record("backup", &mut backup);
    record("disk", &mut disk);
    record("backup", &mut backup);
    println!("{} cursors", device.cursor_count());
}

fn late(device: &Pusher<Reading>) {
    let later = device.subscriber(); // holds no reading
    let mut history = device.replay(2); // holds the last two
    for celsius in 24..=26 {
        history.push(Reading::new("attic", celsius)).expect("the history reads");
    }
    let mut guest = later.subscribe();
    let mut kiosk = history.subscribe();
    history.push(Reading::new("attic", 27)).expect("the history reads");
    show("guest", &mut guest);
    show("kiosk", &mut kiosk);
}

fn passive() {
    let measure = iter_to_aiter(30..33).inspect(|celsius| println!("measured {celsius} °C"));
    let mut screen = measure.forker();
    let mut log = screen.fork_passive(); // never makes the device measure
    BlockOn::new().block_on(async {
        println!("the screen wants a reading");
        println!("screen {:?}", screen.next().await);
        println!("log {:?}", log.next().await);
        drop(screen);
        println!("log {:?}", log.next().await);
    });
}
