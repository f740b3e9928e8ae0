//! The bars of the bounded list.

use super::list::{Against, Bar, bar, bar_of};

const BOUNDED_LIST: &str = "aiter bounded";
const LOSSY: &str = "aiter bounded, drop oldest";
const TOKIO: &str = "tokio mpsc (no fork)";
const FLUME: &str = "flume (no fork)";
const KANAL: &str = "kanal (no fork, cancel loses items)";
const BROADCAST: &str = "async-broadcast";

/// A bar on the ratio to one contestant in one group.
const fn against(
    rival: &'static str,
    what: &'static str,
    limit: f64,
    group: &'static str,
    point: &'static [&'static str],
) -> Bar {
    bar_of(bar(what, limit, BOUNDED_LIST, group, point), Against::Named(rival))
}

/// A bar on the ratio to tokio's broadcast with any number of readers that are stuck.
const fn lossy(what: &'static str, limit: f64, group: &'static str) -> Bar {
    let bar = bar(what, limit, LOSSY, group, &["0", "1", "64"]);
    bar_of(bar, Against::Named("tokio broadcast (lossy)"))
}

/// A bar on the growth with the number of readers that are stuck.
const fn flat(group: &'static str, with_one: &'static str) -> Bar {
    let what = "lossy, 64 stuck readers, against itself with one";
    bar_of(bar(what, 1.2, LOSSY, group, &["64"]), Against::Group(with_one))
}

const FILL: &str = "s11/fill/readers-";
const CAP_1: &str = "s11/tasks/cap-1/readers-";
const CAP_16: &str = "s11/tasks/cap-16/readers-";
const CAP_1024: &str = "s11/tasks/cap-1024/readers-";
const THREADS_16: &str = "s11/two-threads/cap-16/readers-";
const THREADS_1024: &str = "s11/two-threads/cap-1024/readers-";
const APART_16: &str = "s11/thread-each/cap-16/readers-";
const APART_1024: &str = "s11/thread-each/cap-1024/readers-";

/// The bars of the bounded list.
pub(super) const BOUNDED: [Bar; 28] = [
    against(TOKIO, "bounded, fill and drain", 0.5, FILL, &["1"]),
    against(FLUME, "the same, against flume", 0.9, FILL, &["1"]),
    against(KANAL, "the same, against kanal", 1.7, FILL, &["1"]),
    against(BROADCAST, "bounded, fill and drain, 3 readers", 0.45, FILL, &["3"]),
    against(BROADCAST, "bounded, fill and drain, 16 readers", 0.55, FILL, &["16"]),
    against(TOKIO, "bounded, tasks of one thread, room for 1", 1.0, CAP_1, &["1"]),
    against(BROADCAST, "the same, 3 readers, room for 1", 0.85, CAP_1, &["3"]),
    against(TOKIO, "bounded, tasks of one thread, room for 16", 0.9, CAP_16, &["1"]),
    against(BROADCAST, "the same, 3 readers, room for 16", 0.75, CAP_16, &["3"]),
    against(BROADCAST, "the same, 16 readers, room for 16", 0.85, CAP_16, &["16"]),
    against(TOKIO, "bounded, tasks of one thread, room for 1024", 0.5, CAP_1024, &["1"]),
    against(BROADCAST, "the same, 3 readers, room for 1024", 0.4, CAP_1024, &["3"]),
    against(BROADCAST, "the same, 16 readers, room for 1024", 0.5, CAP_1024, &["16"]),
    against(TOKIO, "bounded, two threads, room for 16", 1.1, THREADS_16, &["1"]),
    against(BROADCAST, "bounded, two threads, 3 readers, room for 16", 1.3, THREADS_16, &["3"]),
    against(BROADCAST, "bounded, two threads, 16 readers, room for 16", 1.1, THREADS_16, &["16"]),
    against(TOKIO, "bounded, two threads, room for 1024", 0.4, THREADS_1024, &["1"]),
    against(BROADCAST, "bounded, two threads, 3 readers, room for 1024", 0.3, THREADS_1024, &["3"]),
    against(
        BROADCAST,
        "bounded, two threads, 16 readers, room for 1024",
        0.35,
        THREADS_1024,
        &["16"],
    ),
    against(BROADCAST, "bounded, a thread for each reader, room for 16", 1.1, APART_16, &["3"]),
    against(BROADCAST, "bounded, a thread for each reader, room for 1024", 0.4, APART_1024, &["3"]),
    lossy("lossy, room for 1, against tokio broadcast", 1.35, "s11/lossy/cap-1/stuck-"),
    lossy("lossy, room for 16, against tokio broadcast", 1.05, "s11/lossy/cap-16/stuck-"),
    lossy("lossy, room for 1024, against tokio broadcast", 1.05, "s11/lossy/cap-1024/stuck-"),
    flat("s11/lossy/cap-1/stuck-", "s11/lossy/cap-1/stuck-1"),
    flat("s11/lossy/cap-16/stuck-", "s11/lossy/cap-16/stuck-1"),
    flat("s11/lossy/cap-1024/stuck-", "s11/lossy/cap-1024/stuck-1"),
    bar_of(
        bar(
            "bounded, a fork at a backlog, against one at none",
            2.0,
            "aiter bounded fork",
            "s11/fork/backlog-",
            &["1k", "100k"],
        ),
        Against::Group("s11/fork/backlog-0"),
    ),
];
