//! Chapter 7: one pipeline on four executors, and code without any.

use core::{ops::Range, time::Duration};
use std::{io::BufRead, panic, thread};

use aiter::{
    Spawn,
    adapters::{DriveTask, IterToAiter},
    forbid_blocking,
    prelude::*,
};
use sensor_hub::Reading;
use smol::LocalExecutor;

/// Adds up the temperatures of a device that measures ahead, in a task of its own.
async fn total(spawn: impl Spawn<DriveTask<IterToAiter<Range<i32>>>>) -> i32 {
    let measured = iter_to_aiter(19..22).active_bounded(2, spawn);
    measured.fold(0, async |sum, celsius| sum + celsius).await
}

fn main() {
    four_executors();
    for_loop();
    blocking_push();
    timeouts();
    serial_port();
    deadlock();
}

fn four_executors() {
    println!("smol: {}", smol::block_on(total(smol::spawn)));

    let local = LocalExecutor::new();
    let sum = smol::block_on(local.run(total(|task| local.spawn(task))));
    println!("a local executor: {sum}");

    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    println!("tokio: {}", runtime.block_on(total(tokio::spawn)));

    let on_a_thread = |task| thread::spawn(|| BlockOn::new().block_on(task));
    println!("threads only: {}", BlockOn::new().block_on(total(on_a_thread)));
}

fn for_loop() {
    let (pusher, readings) = push_list();
    let device = thread::spawn(move || {
        pusher.push_all([19, 20].map(|celsius| Reading::new("attic", celsius))).map(drop)
    });
    for reading in aiter_to_iter(readings, park_thread) {
        println!("{reading}");
    }
    device.join().expect("the device does not panic").expect("the loop reads");
}

fn blocking_push() {
    let (pusher, readings) = bounded(2);
    let device = thread::spawn(move || {
        (1..=100).try_for_each(|n| pusher.push_blocking(n)) // waits while two are unread
    });
    println!("{}", aiter_to_iter(readings, park_thread).sum::<i32>());
    device.join().expect("the device does not panic").expect("the loop reads");
}

fn timeouts() {
    let (device, readings) = push_list();
    let mut readings = BlockOn::new().iter(readings);
    println!("{:?}", readings.next_timeout(Duration::from_millis(1)));
    device.push(19).expect("the loop reads");
    drop(device);
    println!("{:?}", readings.next_timeout(Duration::from_secs(60)));
    println!("{:?}", readings.next_timeout(Duration::from_secs(60)));
}

fn serial_port() {
    let port = "attic 19\ncellar 12\n".as_bytes(); // any `BufRead` whose reads block
    let mut lines = unblock_iter(port.lines(), 16, smol::unblock);
    smol::block_on(async {
        while let Some(line) = lines.next().await {
            println!("{}", line.expect("the port works"));
        }
    });
}

fn deadlock() {
    let (_device, readings) = push_list::<Reading>(); // the pusher is on this thread
    let server = async { aiter_to_iter(readings, park_thread).count() };
    let panicked = panic::catch_unwind(|| smol::block_on(forbid_blocking(server)));
    let message = panicked.expect_err("the first wait panics");
    let message = message.downcast_ref::<String>().expect("a message");
    println!("{}", message.split(". ").next().expect("a sentence"));
}
