//! Chapter 4: each device is a stream, and the hub reads a stream of them.

use aiter::{OnError, prelude::*};
use sensor_hub::{Hub, Reading};
use smol::future;

/// Parses a line that a device has sent, such as `attic 19`.
fn parse(line: &'static str) -> Result<Reading, String> {
    let fields = line.split_once(' ').and_then(|(sensor, n)| Some((sensor, n.parse().ok()?)));
    let (sensor, celsius) = fields.ok_or_else(|| format!("cannot read {line:?}"))?;
    Ok(Reading::new(sensor, celsius))
}

fn main() {
    smol::block_on(async {
        fair().await;
        limited().await;
        broken_lines().await;
        serve().await;
    });
}

async fn fair() {
    let chatty = iter_to_aiter(1..=4).map(|n| format!("chatty {n}"));
    let quiet = iter_to_aiter(1..=2).map(|n| format!("quiet {n}"));
    let mut joined = iter_to_aiter([chatty.left_stream(), quiet.right_stream()]).join_streams();
    while let Some(item) = joined.next().await {
        println!("{item}");
    }
}

async fn limited() {
    let (door, clients) = push_list();
    let (attic, readings) = push_list();
    door.push(readings).expect("the hub accepts");
    let (cellar, readings) = push_list();
    door.push(readings).expect("the hub accepts");

    let mut one_by_one = clients.join_streams().max_inner(1);
    cellar.push(12).expect("the hub reads");
    println!("{:?}", future::poll_once(one_by_one.next()).await);
    drop(attic); // hangs up, so the next client is served
    println!("{:?}", future::poll_once(one_by_one.next()).await);
}

async fn broken_lines() {
    let attic = iter_to_aiter(["attic 19", "attic ?"]).map(parse);
    let cellar = iter_to_aiter(["cellar 12", "cellar 13"]).map(parse);
    let clients = iter_to_aiter([Ok(attic), Err("no handshake".to_owned()), Ok(cellar)]);
    let mut readings = clients.try_join_streams(OnError::Emit);
    while let Some(reading) = readings.next().await {
        match reading {
            Ok(reading) => println!("{reading}"),
            Err(error) => println!("error: {error}"),
        }
    }
}

async fn serve() {
    let (hub, recorder) = Hub::new(8);
    let (door, clients) = push_list();
    let accept = async move {
        for (name, lines) in [("A", vec!["attic 19", "attic 20"]), ("B", vec!["cellar 12"])] {
            door.push((name, iter_to_aiter(lines))).expect("the hub accepts");
        }
    }; // the door is dropped, so the join ends with its last client
    let serve = async move {
        let mut lines = clients.join_streams().keyed();
        while let Some((client, event)) = lines.next().await {
            match event {
                KeyedEvent::Item(line) => match parse(line) {
                    Ok(reading) => hub.push(reading).await.expect("the recorder reads"),
                    Err(error) => println!("client {client}: {error}"),
                },
                KeyedEvent::End => println!("client {client} has left"),
            }
        }
    };
    let record = recorder.for_each(async |reading| println!("recorded {reading}"));
    future::zip(future::zip(accept, serve), record).await;
}
