//! The ratios that the push list and the adapters have to reach, and whether they reach them.

mod bounded;
mod list;
mod reasons;

use crate::harness::{GroupResult, Role};
use crate::scenarios::memory::{MAY_STAY, NAME as RESIDENT, Resident};

use bounded::BOUNDED;
use list::{Against, BARS, Bar, PUSHER};
pub(crate) use reasons::REASONS;

/// Result of a bar.
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
    /// Returns the word in the report.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Met => "ok",
            Self::Missed => "MISSED",
            Self::NotRun => "not run",
        }
    }
}

/// A bar at one point, and the measured value.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Title.
    pub(crate) what: String,
    /// Group in which it was measured.
    pub(crate) group: String,
    /// Contestant from this repository.
    pub(crate) contestant: String,
    /// Contestant that it is compared with. Empty if there is none.
    pub(crate) rival: String,
    /// Measured value, if the group ran.
    pub(crate) measured: Option<f64>,
    /// Quartiles of a ratio over the rounds.
    pub(crate) spread: Option<(f64, f64)>,
    /// Largest value that meets the bar.
    pub(crate) limit: f64,
    /// Unit of both values. Empty for a ratio.
    pub(crate) unit: &'static str,
}

impl Judged {
    /// Returns whether the bar is reached.
    pub(crate) fn verdict(&self) -> Verdict {
        match self.measured {
            None => Verdict::NotRun,
            Some(measured) if measured <= self.limit => Verdict::Met,
            Some(_) => Verdict::Missed,
        }
    }

    /// Returns the measured value and its spread.
    pub(crate) fn measured(&self) -> String {
        let measured = self.measured.map_or_else(|| "-".into(), |value| format!("{value:.2}"));
        let spread = self
            .spread
            .map_or_else(String::new, |(low, high)| format!(" ({low:.2}\u{2013}{high:.2})"));
        format!("{measured}{spread}{}", self.unit)
    }

    /// Returns the names of the two contestants.
    pub(crate) fn contest(&self) -> String {
        if self.rival.is_empty() {
            self.contestant.clone()
        } else {
            format!("{} / {}", self.contestant, self.rival)
        }
    }
}

fn all() -> impl Iterator<Item = &'static Bar> {
    BARS.iter().chain(&BOUNDED)
}

/// Judges every bar.
pub(crate) fn bars(groups: &[GroupResult], resident: &[Resident]) -> Vec<Judged> {
    let mut judged: Vec<_> = all().flat_map(|bar| judge(bar, groups)).collect();
    let line = resident.iter().find(|line| line.name == PUSHER);
    let bar = |what: &str, measured, limit, unit| Judged {
        what: what.into(),
        group: RESIDENT.into(),
        contestant: PUSHER.into(),
        rival: String::new(),
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

/// Compares each contestant from this repository with the best peer of its group.
pub(crate) fn ahead(groups: &[GroupResult]) -> Vec<Judged> {
    let of = |group: &GroupResult| {
        let best = group.best_peer()?;
        let ours = group.entries.iter().filter(|entry| entry.role == Role::Aiter);
        let judged = ours.map(|entry| Judged {
            what: group.name.clone(),
            group: group.name.clone(),
            contestant: entry.name.clone(),
            rival: best.name.clone(),
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
        let (theirs, rival) = match bar.against {
            Against::BestPeer => {
                let best = group.and_then(GroupResult::best_peer);
                (best, best.map_or_else(|| "the best peer".into(), |best| best.name.clone()))
            }
            Against::BestPeerOf(name) => {
                let best = of(name).and_then(GroupResult::best_peer);
                let rival = best.map_or("the best peer", |best| &best.name);
                (best, format!("{rival}, one by one"))
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
            contestant: bar.entry.into(),
            rival,
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
    use super::list::bar;
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
    fn bar_at_its_limit_is_met() {
        let result = group(
            "s2/stream",
            vec![
                entry(PUSHER, Role::Aiter, 10.0),
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
    fn fork_is_compared_with_itself() {
        let groups = [
            group("fork/backlog-0", vec![entry("aiter fork", Role::Aiter, 20.0)]),
            group("fork/backlog-100k", vec![entry("aiter fork", Role::Aiter, 50.0)]),
        ];
        let fork =
            bars(&groups, &[]).into_iter().find(|bar| bar.what.starts_with("a fork")).unwrap();
        assert_eq!(fork.measured, Some(2.5));
        assert_eq!(fork.verdict(), Verdict::Missed);
    }

    #[test]
    fn reasons_belong_to_bars() {
        let bars = bars(&[], &[]);
        for (what, _) in REASONS {
            assert!(bars.iter().any(|bar| bar.what == what), "{what}");
        }
    }

    #[test]
    fn bar_without_group_is_not_run() {
        assert!(bars(&[], &[]).iter().all(|bar| bar.verdict() == Verdict::NotRun));
    }

    #[test]
    fn bars_name_groups_and_contestants() {
        let groups = scenarios::groups(Scale::Check, Cores::pick());
        let entries = |name: &str| {
            let group = groups.iter().find(|group| group.name == name);
            group.unwrap_or_else(|| panic!("no group {name}")).entry_names().collect::<Vec<_>>()
        };
        for bar in all() {
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
