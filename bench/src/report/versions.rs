use std::fs;

/// Peers whose versions stand above the tables.
const PEERS: [&str; 19] = [
    "async-broadcast",
    "async-channel",
    "asyncband",
    "chute",
    "crossbeam-channel",
    "crossfire",
    "flume",
    "fork_stream",
    "futures-buffered",
    "futures-channel",
    "futures-concurrency",
    "futures-executor",
    "futures-lite",
    "futures-util",
    "kanal",
    "pollster",
    "smol",
    "tokio",
    "tokio-stream",
];

/// Returns the versions of the peers from the lock file, or `None` if there is none.
pub(super) fn of_peers() -> Option<String> {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).ok()?;
    let mut found = Vec::new();
    let mut lines = lock.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("name = ").map(|name| name.trim_matches('"')) else {
            continue;
        };
        if PEERS.contains(&name) {
            let version = lines.next()?.strip_prefix("version = ")?.trim_matches('"');
            found.push(format!("{name} {version}"));
        }
    }
    Some(found.join(", "))
}
