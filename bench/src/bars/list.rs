//! The bars: which ratio each limits. `bounded.rs` holds those of the bounded list.

/// What a measured value is divided by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Against {
    /// The best peer of the same group.
    BestPeer,
    /// The best peer of this other group.
    BestPeerOf(&'static str),
    /// This contestant of the same group.
    Named(&'static str),
    /// The same contestant in this other group.
    Group(&'static str),
}

/// A limit on a ratio, at several points of a scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    /// Title.
    pub(super) what: &'static str,
    /// Largest ratio that meets the bar.
    pub(super) limit: f64,
    /// Contestant from this repository.
    pub(super) entry: &'static str,
    /// Divisor of the ratio.
    pub(super) against: Against,
    /// Prefix of the names of the groups.
    pub(super) group: &'static str,
    /// Suffix of each of them.
    pub(super) points: &'static [&'static str],
}

pub(super) const fn bar(
    what: &'static str,
    limit: f64,
    entry: &'static str,
    group: &'static str,
    points: &'static [&'static str],
) -> Bar {
    Bar { what, limit, entry, against: Against::BestPeer, group, points }
}

pub(super) const fn bar_of(bar: Bar, against: Against) -> Bar {
    Bar { against, ..bar }
}

pub(super) const PUSHER: &str = "aiter push";
const UNIQUE_PUSHER: &str = "aiter unique";
const IN_RUNS: &str = "aiter push (push_all, try_next_many)";
const UNIQUE_IN_RUNS: &str = "aiter unique (push_all, try_next_many)";
const FORKS: &str = "aiter push, try_next";
const FORKS_IN_RUNS: &str = "aiter push, try_next_many";
const JOIN: &str = "aiter join_streams";
const FORKER: &str = "aiter forker";
const MAP: &str = "aiter map_par";
const BLOCKING: &str = "aiter_to_iter, park_thread";

const ONE_BY_ONE: &str = "s1/one-by-one/u64/burst-";
const BURSTS: &[&str] = &["1", "32", "1000", "all"];
const READERS: &[&str] = &["1", "8", "64", "1000"];
const STREAMS: &[&str] = &["10", "100", "1000", "10000"];
const WINDOWS: &[&str] = &["16", "256"];

/// All bars, except those of the bounded list and on resident memory.
pub(super) const BARS: [Bar; 26] = [
    bar("`push`, one thread", 0.9, PUSHER, ONE_BY_ONE, BURSTS),
    bar("unique pusher, one thread", 0.5, UNIQUE_PUSHER, ONE_BY_ONE, BURSTS),
    bar("64-byte items, one thread", 0.7, PUSHER, "s1/one-by-one/64-byte/burst-", BURSTS),
    bar_of(
        bar("`push_all` and `next_many`, one thread", 0.25, IN_RUNS, "s1/runs/u64/burst-", &["32"]),
        Against::BestPeerOf("s1/one-by-one/u64/burst-32"),
    ),
    bar_of(
        bar(
            "`push_all` and `next_many`, one thread",
            0.25,
            IN_RUNS,
            "s1/runs/u64/burst-",
            &["1000"],
        ),
        Against::BestPeerOf("s1/one-by-one/u64/burst-1000"),
    ),
    bar(
        "the same, against the peers' own runs",
        0.25,
        IN_RUNS,
        "s1/runs/u64/burst-",
        &["32", "1000"],
    ),
    bar(
        "unique pusher, against the peers' own runs",
        0.25,
        UNIQUE_IN_RUNS,
        "s1/runs/u64/burst-",
        &["32", "1000"],
    ),
    bar("a stream across two threads", 0.6, PUSHER, "s2/stream", &[""]),
    bar("ping-pong across two threads, asleep", 1.0, PUSHER, "s2/ping-pong", &[""]),
    bar("ping-pong, spinning", 1.0, PUSHER, "s2/ping-pong-spinning", &[""]),
    bar("several producers", 0.8, PUSHER, "s3/producers-", &["2", "4", "8"]),
    bar("shared consumers", 0.9, "aiter push, share", "s4/consumers-", &["2", "4"]),
    bar("readers that all see everything", 0.2, FORKS, "s5/readers-", READERS),
    bar("the same, in runs", 0.2, FORKS_IN_RUNS, "s5/readers-", READERS),
    bar(
        "readers on a thread of their own",
        0.2,
        FORKS,
        "s5/two-threads/readers-",
        &["8", "64", "1000"],
    ),
    bar("these in runs", 0.2, FORKS_IN_RUNS, "s5/two-threads/readers-", &["8", "64", "1000"]),
    bar_of(
        bar(
            "a fork at a backlog of 100,000, against one at none",
            2.0,
            "aiter fork",
            "fork/backlog-",
            &["100k"],
        ),
        Against::Group("fork/backlog-0"),
    ),
    bar("join of streams that are ready", 0.2, JOIN, "s6/ready-", STREAMS),
    bar("join of streams that are woken one by one", 0.8, JOIN, "s6/woken-", STREAMS),
    bar("`map_par`, calls that are done at once", 0.6, MAP, "s7/in-task-", WINDOWS),
    bar("`map_par`, calls that wait once", 0.6, MAP, "s7/yielding-", WINDOWS),
    bar_of(
        bar(
            "`map_par_with`, a slow consumer, against its body alone",
            1.05,
            "aiter map_par_with",
            "s7/slow-consumer-",
            &["1", "2", "8"],
        ),
        Against::Named("the body alone"),
    ),
    bar("iterating over what is ready", 1.0, BLOCKING, "s8/", &["ready", "dyn"]),
    bar("iterating, across threads", 1.0, BLOCKING, "s8/", &["two-threads", "asleep"]),
    bar_of(
        bar("forks of a stream, one thread", 0.3, FORKER, "s9/forks-", &["1", "2", "8", "64"]),
        Against::Named("fork_stream"),
    ),
    bar_of(
        bar("forks of a stream, two threads", 0.3, FORKER, "s9/two-threads", &[""]),
        Against::Named("fork_stream"),
    ),
];
