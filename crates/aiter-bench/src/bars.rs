//! The ratios that the push list and the adapters have to reach, and whether they did.

use crate::harness::GroupResult;
use crate::scenarios::memory::{MAY_STAY, NAME as RESIDENT, Resident};

/// What a measured value is divided by.
#[derive(Clone, Copy, Debug)]
enum Against {
    /// The best peer of the same group.
    BestPeer,
    /// The best peer of another group.
    BestPeerOf(&'static str),
    /// That contestant of the same group.
    Peer(&'static str),
    /// The same contestant in another group.
    Group(&'static str),
}

/// One bar.
#[derive(Clone, Copy, Debug)]
struct Bar {
    what: &'static str,
    group: &'static str,
    entry: &'static str,
    against: Against,
    limit: f64,
}

const fn bar(what: &'static str, limit: f64, entry: &'static str, group: &'static str) -> Bar {
    Bar { what, group, entry, against: Against::BestPeer, limit }
}

const fn bar_of(bar: Bar, against: Against) -> Bar {
    Bar { against, ..bar }
}

const PUSH: &str = "push, one thread";
const SOLE: &str = "sole pusher, one thread";
const RUNS: &str = "push_all and next_many, one thread";
const PUSHER: &str = "aiter push";
const SOLE_PUSHER: &str = "aiter sole";
const IN_RUNS: &str = "aiter push (push_all, try_next_many)";
const SOLE_IN_RUNS: &str = "aiter sole (push_all, try_next_many)";
const FORKS: &str = "aiter push, try_next";
const JOIN: &str = "aiter join_streams";
const FORKER: &str = "aiter forker";
const JOIN_READY: &str = "join of streams that are ready";
const JOIN_WOKEN: &str = "join of streams that are woken one by one";
const BLOCKING: &str = "aiter_to_iter, park_thread";
const FORKED: &str = "forker, one thread, each item delivered";

/// What has to hold.
const BARS: [Bar; 33] = [
    bar(PUSH, 1.05, PUSHER, "s1/one-by-one/u64/burst-1"),
    bar(PUSH, 1.05, PUSHER, "s1/one-by-one/u64/burst-32"),
    bar(PUSH, 1.05, PUSHER, "s1/one-by-one/u64/burst-1000"),
    bar(PUSH, 1.05, PUSHER, "s1/one-by-one/u64/all"),
    bar(SOLE, 0.75, SOLE_PUSHER, "s1/one-by-one/u64/burst-1"),
    bar(SOLE, 0.75, SOLE_PUSHER, "s1/one-by-one/u64/burst-32"),
    bar(SOLE, 0.75, SOLE_PUSHER, "s1/one-by-one/u64/burst-1000"),
    bar(SOLE, 0.75, SOLE_PUSHER, "s1/one-by-one/u64/all"),
    bar_of(
        bar(RUNS, 0.4, IN_RUNS, "s1/runs/u64/burst-32"),
        Against::BestPeerOf("s1/one-by-one/u64/burst-32"),
    ),
    bar_of(
        bar(RUNS, 0.4, IN_RUNS, "s1/runs/u64/burst-1000"),
        Against::BestPeerOf("s1/one-by-one/u64/burst-1000"),
    ),
    bar(RUNS, 0.4, IN_RUNS, "s1/runs/u64/burst-32"),
    bar(RUNS, 0.4, IN_RUNS, "s1/runs/u64/burst-1000"),
    bar(RUNS, 0.4, SOLE_IN_RUNS, "s1/runs/u64/burst-32"),
    bar(RUNS, 0.4, SOLE_IN_RUNS, "s1/runs/u64/burst-1000"),
    bar("stream across two threads", 1.0, PUSHER, "s2/stream"),
    bar("16 forks, each item delivered", 0.5, FORKS, "s5/readers-16"),
    bar_of(
        bar("fork at a backlog of 100k, against none", 2.0, "aiter fork", "fork/backlog-100k"),
        Against::Group("fork/backlog-0"),
    ),
    bar(JOIN_READY, 0.5, JOIN, "s6/ready-10"),
    bar(JOIN_READY, 0.5, JOIN, "s6/ready-100"),
    bar(JOIN_READY, 0.5, JOIN, "s6/ready-1000"),
    bar(JOIN_READY, 0.5, JOIN, "s6/ready-10000"),
    bar(JOIN_WOKEN, 1.0, JOIN, "s6/woken-10"),
    bar(JOIN_WOKEN, 1.0, JOIN, "s6/woken-100"),
    bar(JOIN_WOKEN, 1.0, JOIN, "s6/woken-1000"),
    bar(JOIN_WOKEN, 1.0, JOIN, "s6/woken-10000"),
    bar(FORKED, 0.7, FORKER, "s9/forks-1"),
    bar(FORKED, 0.7, FORKER, "s9/forks-2"),
    bar(FORKED, 0.7, FORKER, "s9/forks-8"),
    bar(FORKED, 0.7, FORKER, "s9/forks-64"),
    bar("forker, two threads, each item delivered", 0.5, FORKER, "s9/two-threads"),
    bar_of(
        bar("iterating over what is ready", 1.1, BLOCKING, "s8/ready"),
        Against::Peer("futures-lite"),
    ),
    bar_of(bar("the same behind a dyn", 1.1, BLOCKING, "s8/dyn"), Against::Peer("futures-lite")),
    bar("iterating, asleep before every item", 1.0, BLOCKING, "s8/asleep"),
];

/// What comes next.
const GOALS: [Bar; 10] = [
    bar("64-byte items, one thread", 0.9, PUSHER, "s1/one-by-one/64-byte/burst-1"),
    bar("64-byte items, one thread", 0.9, PUSHER, "s1/one-by-one/64-byte/burst-32"),
    bar("64-byte items, one thread", 0.9, PUSHER, "s1/one-by-one/64-byte/burst-1000"),
    bar("64-byte items, one thread", 0.9, PUSHER, "s1/one-by-one/64-byte/all"),
    bar("ping-pong across two threads", 1.0, PUSHER, "s2/ping-pong"),
    bar("1 reader, each item delivered", 0.4, FORKS, "s5/readers-1"),
    bar("8 forks, each item delivered", 0.4, FORKS, "s5/readers-8"),
    bar("16 forks, each item delivered", 0.4, FORKS, "s5/readers-16"),
    bar("64 forks, each item delivered", 0.4, FORKS, "s5/readers-64"),
    bar("1000 forks, each item delivered", 0.4, FORKS, "s5/readers-1000"),
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

/// A bar and what was measured.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// What it is about.
    pub(crate) what: &'static str,
    /// Where it was measured.
    pub(crate) group: String,
    /// Which of ours, and against whom.
    pub(crate) contest: String,
    /// What was measured, if its group ran.
    pub(crate) measured: Option<f64>,
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
}

/// Every bar, judged.
pub(crate) fn bars(groups: &[GroupResult], resident: &[Resident]) -> Vec<Judged> {
    let mut judged: Vec<_> = BARS.iter().map(|bar| judge(bar, groups)).collect();
    for name in [PUSHER, SOLE_PUSHER] {
        let line = resident.iter().find(|line| line.name == name);
        let bar = |what, kept: Option<i64>| Judged {
            what,
            group: RESIDENT.into(),
            contest: name.into(),
            measured: kept.map(|kib| kib as f64 / 1024.0),
            limit: MAY_STAY as f64 / 1024.0,
            unit: " MiB",
        };
        judged.push(bar("resident memory kept by a drained burst", line.map(Resident::kept)));
        judged.push(bar("the same, a thousand items later", line.map(Resident::kept_later)));
    }
    judged
}

/// Every goal beyond the bars, judged.
pub(crate) fn goals(groups: &[GroupResult]) -> Vec<Judged> {
    GOALS.iter().map(|bar| judge(bar, groups)).collect()
}

fn judge(bar: &Bar, groups: &[GroupResult]) -> Judged {
    let of = |name: &str| groups.iter().find(|group| group.name == name);
    let ours = of(bar.group).and_then(|group| group.entry(bar.entry));
    let (theirs, whom) = match bar.against {
        Against::BestPeer => {
            let best = of(bar.group).and_then(GroupResult::best_peer);
            (best, best.map_or_else(|| "the best peer".into(), |best| best.name.clone()))
        }
        Against::BestPeerOf(name) => {
            let best = of(name).and_then(GroupResult::best_peer);
            let whom = best.map_or("the best peer", |best| &best.name);
            (best, format!("{whom}, one by one"))
        }
        Against::Peer(name) => (of(bar.group).and_then(|group| group.entry(name)), name.into()),
        Against::Group(name) => {
            (of(name).and_then(|group| group.entry(bar.entry)), format!("itself at {name}"))
        }
    };
    Judged {
        what: bar.what,
        group: bar.group.into(),
        contest: format!("{} / {whom}", bar.entry),
        measured: ours.zip(theirs).map(|(ours, theirs)| ours.median() / theirs.median()),
        limit: bar.limit,
        unit: "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cores::Cores;
    use crate::harness::{EntryResult, Role, Scale};
    use crate::scenarios;

    fn entry(name: &str, role: Role, nanos: f64) -> EntryResult {
        EntryResult { name: name.into(), role, nanos: vec![nanos], lost: None }
    }

    fn group(name: &str, entries: Vec<EntryResult>) -> GroupResult {
        GroupResult { name: name.into(), unit: "item", entries }
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
        let judged = judge(&bar("", 1.0, PUSHER, "s2/stream"), &[result]);
        assert_eq!(judged.measured, Some(1.0));
        assert_eq!(judged.verdict(), Verdict::Met);
        assert_eq!(judged.contest, "aiter push / kanal");
    }

    #[test]
    fn a_fork_is_held_against_itself() {
        let groups = [
            group("fork/backlog-0", vec![entry("aiter fork", Role::Ours, 20.0)]),
            group("fork/backlog-100k", vec![entry("aiter fork", Role::Ours, 50.0)]),
        ];
        let fork = bars(&groups, &[]).into_iter().find(|bar| bar.what.starts_with("fork")).unwrap();
        assert_eq!(fork.measured, Some(2.5));
        assert_eq!(fork.verdict(), Verdict::Missed);
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
        for bar in BARS.iter().chain(&GOALS) {
            assert!(entries(bar.group).contains(&bar.entry), "{} in {}", bar.entry, bar.group);
            if let Against::Peer(peer) = bar.against {
                assert!(entries(bar.group).contains(&peer), "{peer} in {}", bar.group);
            }
            if let Against::BestPeerOf(other) | Against::Group(other) = bar.against {
                assert!(!entries(other).is_empty());
            }
        }
    }
}
