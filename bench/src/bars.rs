//! The ratios that the push list and the adapters have to reach, and whether they did.

use crate::harness::{GroupResult, Role};
use crate::scenarios::memory::{MAY_STAY, NAME as RESIDENT, Resident};

/// What a measured value is divided by.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// The best peer of the same group.
    BestPeer,
    /// The best peer of another group.
    BestPeerOf(&'static str),
    /// This contestant of the same group.
    Named(&'static str),
    /// The same contestant in another group.
    Group(&'static str),
}

/// A bar, at each point of a scenario.
#[derive(Clone, Copy, Debug)]
struct Bar {
    what: &'static str,
    limit: f64,
    entry: &'static str,
    against: Against,
    /// What the names of the groups begin with, and how they end.
    group: &'static str,
    points: &'static [&'static str],
}

const fn bar(
    what: &'static str,
    limit: f64,
    entry: &'static str,
    group: &'static str,
    points: &'static [&'static str],
) -> Bar {
    Bar { what, limit, entry, against: Against::BestPeer, group, points }
}

const fn bar_of(bar: Bar, against: Against) -> Bar {
    Bar { against, ..bar }
}

const PUSHER: &str = "aiter push";
const SOLE_PUSHER: &str = "aiter sole";
const IN_RUNS: &str = "aiter push (push_all, try_next_many)";
const SOLE_IN_RUNS: &str = "aiter sole (push_all, try_next_many)";
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

/// What has to hold.
const BARS: [Bar; 26] = [
    bar("`push`, one thread", 0.9, PUSHER, ONE_BY_ONE, BURSTS),
    bar("sole pusher, one thread", 0.5, SOLE_PUSHER, ONE_BY_ONE, BURSTS),
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
        "sole pusher, against the peers' own runs",
        0.25,
        SOLE_IN_RUNS,
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

/// What there is to say about a bar that is missed: its name, and a sentence.
pub(crate) const REASONS: [(&str, &str); 25] = [
    (
        "`push`, one thread",
        "two read-modify-writes that nobody can take away without making one producer wait for another: one \
         claims, one publishes. Kanal's push and pop take one and a store each, behind a lock whose holder may be \
         preempted. In bursts of one, each also waits for the stores before it; with all million queued, blocks \
         come from the allocator, and memory from the kernel",
    ),
    (
        "64-byte items, one thread",
        "as above, and the moves; with all million queued, half of it is the kernel, which zeroes new pages for \
         everybody",
    ),
    (
        "sole pusher, one thread",
        "one read-modify-write is left, which publishes and tells whether somebody sleeps: without it a wake-up \
         would be lost or readers would have to spin. In bursts of one it waits for the stores before it; in long \
         bursts a block is allocated or taken from those kept, and given back, for 57 items",
    ),
    (
        "`push_all` and `next_many`, one thread",
        "27 instructions and a sixth of a read-modify-write an item: most of it is to go through the caller's \
         iterator into a buffer, from there into the block, and out into the caller's vector; the iterator is user \
         code, and must not run between a claim and its publication",
    ),
    ("the same, against the peers' own runs", "as above"),
    ("sole pusher, against the peers' own runs", "as above, without the buffer"),
    (
        "a stream across two threads",
        "the second read-modify-write, on a line that the reader looks at: a sole pusher moves the same lines with \
         one, and is at what is asked for",
    ),
    (
        "several producers",
        "two cores: which two of the threads run beside each other, and for how long, is the scheduler's choice, \
         and the rounds differ by more than the contestants",
    ),
    (
        "shared consumers",
        "the same four read-modify-writes as the peer: a tie. With four takers on two cores the time follows their \
         sleeps",
    ),
    (
        "readers that all see everything",
        "each item is cloned by a call through a pointer, as a `Cursor<T>` of those who never fork does not ask \
         for `T: Clone`. Such a call that does nothing takes 1.1 ns here, more than the bar leaves with 64 \
         readers (0.9): one by one, this promise forbids it. In runs, where one call clones all of a block, it is \
         met",
    ),
    (
        "the same, in runs",
        "the items are pushed one by one, by two read-modify-writes each: with one reader that is nearly all of \
         it, with eight a third",
    ),
    (
        "readers on a thread of their own",
        "as on one thread: with many readers the producer is done early",
    ),
    (
        "these in runs",
        "0.8 ns to look, clone into the vector and read from there, out of a backlog that is larger than the first cache",
    ),
    (
        "join of streams that are ready",
        "the floor, which asks a `Vec` of the same streams in turn and can neither sleep nor lose one, is at the \
         bar by itself. What the join adds to it is less than half of what the peer adds: a look at who was \
         woken, and whose turn it is",
    ),
    (
        "join of streams that are woken one by one",
        "five read-modify-writes an item, a quarter of its time: two when it is woken, one when it is taken from \
         the stack, one when it falls asleep, one before the task does; with fewer a wake-up would be lost. With \
         10,000 streams the caches: MergeBounded has all streams, wakers and links in two blocks of memory, made \
         for a number that is fixed; here streams come and go, and each has a place of its own",
    ),
    (
        "`map_par`, calls that are done at once",
        "up to twice the window of calls may be done and not taken, so that they go on while the consumer works: \
         so each result goes into a queue and out of it, a third of the 124 instructions. The peer has no such \
         queue: it hands out what it has just polled. The rest is to build, poll and drop a call in its place, \
         with a waker of its own",
    ),
    (
        "`map_par`, calls that wait once",
        "the calls themselves, which the floor has, too, take 0.57 of the peer's time: the bar leaves a \
         nanosecond for places, wakers, turns and the queue of the results, which are 285 instructions here",
    ),
    (
        "forks of a stream, one thread",
        "a fork that keeps all items for ever, in one task, reaches the bar (the floor); to drop what all have \
         read, to move the last one out and to wake who sleeps is the rest. With two forks each second delivery \
         takes a turn at the source, two read-modify-writes",
    ),
    (
        "forks of a stream, two threads",
        "each item takes a turn at the source, whose gate goes from core to core",
    ),
    (
        "ping-pong across two threads, asleep",
        "a tie: it is the kernel that puts two threads to sleep and wakes them",
    ),
    (
        "ping-pong, spinning",
        "who polls in vain asks to be woken, and each push finds somebody asleep: seven read-modify-writes for \
         the two, on five cache lines (tail, block, item, the queue's front, the sleeper's node) that go from \
         core to core and back, as any number of cursors of three kinds may sleep, and a notifier may be \
         interrupted at any point without keeping anybody. The others have one waker beside the items. Where the \
         machine runs both threads on one core, all others take 110 ns and this takes 300 to 800",
    ),
    (
        "iterating over what is ready",
        "a loop round `pollster::block_on`, made for one stream, is a poll and a branch; the iterator also notes \
         that it has ended, and keeps its parker: a quarter of a nanosecond",
    ),
    (
        "iterating, across threads",
        "a tie: the same waits for the same cache lines, or the same sleeps in the kernel",
    ),
    (
        "`map_par_with`, a slow consumer, against its body alone",
        "with a window of 1 nothing hides what a timer is late by; the peers with tasks are as late",
    ),
    (
        "resident memory kept by a drained burst",
        "the block that the list goes on in is the newest, and glibc gives memory back from its end only; the list \
         itself keeps one block, 512 bytes (`ci/budget.sh` counts them)",
    ),
];

/// Whether a bar is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Reached.
    Met,
    /// Not reached.
    Missed,
    /// Its group did not run.
    NotRun,
}

impl Verdict {
    /// The word in the report.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "ok",
            Self::Missed => "MISSED",
            Self::NotRun => "not run",
        }
    }
}

/// A bar at one point, and what was measured.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// What it is about.
    pub(crate) what: String,
    /// Where it was measured.
    pub(crate) group: String,
    /// Which of ours.
    pub(crate) ours: String,
    /// Against whom.
    pub(crate) whom: String,
    /// What was measured, if its group ran.
    pub(crate) measured: Option<f64>,
    /// Between what the middle half of the rounds lies, of a ratio.
    pub(crate) spread: Option<(f64, f64)>,
    /// What may be measured at most.
    pub(crate) limit: f64,
    /// The unit of both, empty for a ratio.
    pub(crate) unit: &'static str,
}

impl Judged {
    /// Whether the bar is reached.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.measured {
            None => Verdict::NotRun,
            Some(measured) if measured <= self.limit => Verdict::Met,
            Some(_) => Verdict::Missed,
        }
    }

    /// What was measured, and its spread.
    pub(crate) fn measured(&self) -> String {
        let measured = self.measured.map_or_else(|| "-".into(), |value| format!("{value:.2}"));
        let spread = self
            .spread
            .map_or_else(String::new, |(low, high)| format!(" ({low:.2}\u{2013}{high:.2})"));
        format!("{measured}{spread}{}", self.unit)
    }

    /// Who against whom.
    pub(crate) fn contest(&self) -> String {
        if self.whom.is_empty() {
            self.ours.clone()
        } else {
            format!("{} / {}", self.ours, self.whom)
        }
    }
}

/// Every bar, judged.
pub(crate) fn bars(groups: &[GroupResult], resident: &[Resident]) -> Vec<Judged> {
    let mut judged: Vec<_> = BARS.iter().flat_map(|bar| judge(bar, groups)).collect();
    let line = resident.iter().find(|line| line.name == PUSHER);
    let bar = |what: &str, measured, limit, unit| Judged {
        what: what.into(),
        group: RESIDENT.into(),
        ours: PUSHER.into(),
        whom: String::new(),
        measured,
        spread: None,
        limit,
        unit,
    };
    let mib = |kib: i64| kib as f64 / 1024.0;
    let bytes = line.map(Resident::bytes_per_item);
    judged.push(bar("resident memory of a queued `u64`", bytes, 10.0, " bytes"));
    for (what, kept) in [
        ("resident memory kept by a drained burst", line.map(Resident::kept)),
        ("the same, a thousand items later", line.map(Resident::kept_later)),
    ] {
        judged.push(bar(what, kept.map(mib), mib(MAY_STAY), " MiB"));
    }
    judged
}

/// Every one of ours against the best peer of its group.
pub(crate) fn ahead(groups: &[GroupResult]) -> Vec<Judged> {
    let of = |group: &GroupResult| {
        let best = group.best_peer()?;
        let ours = group.entries.iter().filter(|entry| entry.role == Role::Ours);
        let judged = ours.map(|entry| Judged {
            what: group.name.clone(),
            group: group.name.clone(),
            ours: entry.name.clone(),
            whom: best.name.clone(),
            measured: Some(entry.ratio(best)),
            spread: entry.spread(best),
            limit: 1.0,
            unit: "",
        });
        Some(judged.collect::<Vec<_>>())
    };
    groups.iter().filter_map(of).flatten().collect()
}

fn judge(bar: &Bar, groups: &[GroupResult]) -> Vec<Judged> {
    let of = |name: &str| groups.iter().find(|group| group.name == name);
    let at = |point: &&str| {
        let group = of(&format!("{}{point}", bar.group));
        let ours = group.and_then(|group| group.entry(bar.entry));
        let (theirs, whom) = match bar.against {
            Against::BestPeer => {
                let best = group.and_then(GroupResult::best_peer);
                (best, best.map_or_else(|| "the best peer".into(), |best| best.name.clone()))
            }
            Against::BestPeerOf(name) => {
                let best = of(name).and_then(GroupResult::best_peer);
                let whom = best.map_or("the best peer", |best| &best.name);
                (best, format!("{whom}, one by one"))
            }
            Against::Named(name) => (group.and_then(|group| group.entry(name)), name.into()),
            Against::Group(name) => {
                let there = of(name).and_then(|group| group.entry(bar.entry));
                (there, format!("itself at {name}"))
            }
        };
        Judged {
            what: bar.what.into(),
            group: format!("{}{point}", bar.group),
            ours: bar.entry.into(),
            whom,
            measured: ours.zip(theirs).map(|(ours, theirs)| ours.ratio(theirs)),
            spread: ours.zip(theirs).and_then(|(ours, theirs)| ours.spread(theirs)),
            limit: bar.limit,
            unit: "",
        }
    };
    bar.points.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cores::Cores;
    use crate::harness::{EntryResult, Scale};
    use crate::scenarios;

    fn entry(name: &str, role: Role, nanos: f64) -> EntryResult {
        EntryResult { name: name.into(), role, nanos: vec![nanos], lost: None }
    }

    fn group(name: &str, entries: Vec<EntryResult>) -> GroupResult {
        GroupResult { name: name.into(), unit: "item".into(), place: None, entries }
    }

    #[test]
    fn a_ratio_is_taken_against_the_best_peer_of_the_group_and_at_the_limit_it_is_met() {
        let result = group(
            "s2/stream",
            vec![
                entry(PUSHER, Role::Ours, 10.0),
                entry("kanal", Role::Peer, 10.0),
                entry("flume", Role::Peer, 50.0),
                entry("VecDeque", Role::Floor, 1.0),
            ],
        );
        let judged =
            judge(&bar("", 1.0, PUSHER, "s2/stream", &[""]), core::slice::from_ref(&result));
        assert_eq!(judged[0].measured, Some(1.0));
        assert_eq!(judged[0].verdict(), Verdict::Met);
        assert_eq!(judged[0].contest(), "aiter push / kanal");
        let ahead = ahead(&[result]);
        assert_eq!(ahead.len(), 1);
        assert_eq!(ahead[0].measured, Some(1.0));
    }

    #[test]
    fn a_fork_is_held_against_itself() {
        let groups = [
            group("fork/backlog-0", vec![entry("aiter fork", Role::Ours, 20.0)]),
            group("fork/backlog-100k", vec![entry("aiter fork", Role::Ours, 50.0)]),
        ];
        let fork =
            bars(&groups, &[]).into_iter().find(|bar| bar.what.starts_with("a fork")).unwrap();
        assert_eq!(fork.measured, Some(2.5));
        assert_eq!(fork.verdict(), Verdict::Missed);
    }

    #[test]
    fn every_reason_belongs_to_a_bar() {
        let bars = bars(&[], &[]);
        for (what, _) in REASONS {
            assert!(bars.iter().any(|bar| bar.what == what), "{what}");
        }
    }

    #[test]
    fn a_bar_whose_group_did_not_run_is_neither_met_nor_missed() {
        assert!(bars(&[], &[]).iter().all(|bar| bar.verdict() == Verdict::NotRun));
    }

    #[test]
    fn every_bar_names_a_group_and_a_contestant_that_exist() {
        let groups = scenarios::groups(Scale::Check, Cores::pick());
        let entries = |name: &str| {
            let group = groups.iter().find(|group| group.name == name);
            group.unwrap_or_else(|| panic!("no group {name}")).entry_names().collect::<Vec<_>>()
        };
        for bar in &BARS {
            for point in bar.points {
                let group = format!("{}{point}", bar.group);
                assert!(entries(&group).contains(&bar.entry), "{} in {group}", bar.entry);
                match bar.against {
                    Against::BestPeer => {}
                    Against::Named(name) => assert!(entries(&group).contains(&name), "{name}"),
                    Against::BestPeerOf(other) | Against::Group(other) => {
                        assert!(!entries(other).is_empty());
                    }
                }
            }
        }
    }
}
