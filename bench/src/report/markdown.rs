//! The tables of the README.

use core::fmt::Write as _;

use crate::bars::{self, Judged, Verdict};
use crate::harness::{EntryResult, GroupResult, Role};
use crate::report::{Report, nanos};
use crate::scenarios::machine;
use crate::scenarios::memory::Resident;

impl Report {
    /// Returns the tables of the README.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "{}. Medians of {} rounds; in brackets the quartiles of a ratio. Load of the machine \
             {}, a cache line between its cores and back {} ns.",
            self.setting.join("; "),
            self.rounds,
            range(self.conditions.iter().filter_map(|condition| condition.load)),
            range(self.conditions.iter().filter_map(|condition| condition.line)),
        );
        for note in &self.notes {
            let _ = write!(text, " {}.", capital(note));
        }
        text.push('\n');
        text += "\n### The bars\n\n";
        let bars = bars::bars(&self.groups, &self.resident);
        text += &bars_table(&bars);
        text += &reasons_list(&bars);
        text += &ahead_table(&bars::ahead(&self.groups));
        if let Some(machine) = self.groups.iter().find(|group| group.name == machine::NAME) {
            text += "\n### Costs of the machine\n\n";
            text += &machine_table(machine);
        }
        text += "\n### Everything\n\n";
        text += &results_table(&self.groups);
        if !self.resident.is_empty() {
            text += "\n### Resident memory\n\n";
            text += &resident_table(&self.resident);
        }
        text
    }
}

/// Formats the range of the values.
fn range(values: impl Iterator<Item = f64> + Clone) -> String {
    let least = values.clone().min_by(f64::total_cmp);
    let most = values.max_by(f64::total_cmp);
    match least.zip(most) {
        None => "unknown".into(),
        Some((least, most)) if format!("{least:.0}") == format!("{most:.0}") => {
            format!("{most:.0}")
        }
        Some((least, most)) => format!("{least:.0} to {most:.0}"),
    }
}

fn capital(line: &str) -> String {
    let mut letters = line.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Joins the values, or returns one of them if all are equal.
fn joined(values: Vec<String>) -> String {
    match values.split_first() {
        Some((first, others)) if others.iter().all(|other| other == first) => first.clone(),
        _ => values.join(" / "),
    }
}

/// Makes a row for each bar, with its points side by side.
fn bars_table(bars: &[Judged]) -> String {
    let mut text = String::from(
        "| bar | where | against | measured | at most | |\n|---|---|---|---|---|---|\n",
    );
    let mut left = bars.iter().filter(|bar| bar.verdict() != Verdict::NotRun).peekable();
    while let Some(bar) = left.next() {
        let mut row = vec![bar];
        while let Some(more) =
            left.next_if(|next| next.what == bar.what && next.contestant == bar.contestant)
        {
            row.push(more);
        }
        let of = |f: fn(&Judged) -> String| joined(row.iter().map(|bar| f(bar)).collect());
        let missed = row.iter().filter(|bar| bar.verdict() == Verdict::Missed).count();
        let verdict = match missed {
            0 => "ok".into(),
            _ if row.len() == 1 => "**missed**".into(),
            _ => format!("**missed** {missed} of {}", row.len()),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.2}{} | {verdict} |",
            bar.what,
            places(&row.iter().map(|bar| bar.group.as_str()).collect::<Vec<_>>()),
            of(|bar| bar.rival.clone()),
            of(Judged::measured),
            bar.limit,
            bar.unit,
        );
    }
    text
}

/// Joins names, with their common beginning once.
fn places(names: &[&str]) -> String {
    let first = names.first().copied().unwrap_or_default();
    let head = first.rsplit_once('-').map_or(first, |(head, _)| head);
    let tails: Option<Vec<_>> = names
        .iter()
        .map(|name| name.strip_prefix(head)?.strip_prefix('-').map(Into::into))
        .collect();
    match tails {
        Some(tails) if names.len() > 1 => format!("`{head}-` {}", joined(tails)),
        _ => joined(names.iter().map(|name| format!("`{name}`")).collect()),
    }
}

/// Makes a row for each group in which a peer is ahead.
fn ahead_table(ahead: &[Judged]) -> String {
    let behind = || ahead.iter().filter(|judged| judged.verdict() == Verdict::Missed);
    let mut text = format!(
        "\nContestants of this repository were compared with their best peer {} times. The peer \
         was ahead {} times{}\n",
        ahead.len(),
        behind().count(),
        if behind().count() > 0 { ":\n" } else { "." }
    );
    if behind().count() == 0 {
        return text;
    }
    text += "| where | aiter | against | ratio |\n|---|---|---|---|\n";
    let head = |judged: &Judged| {
        let group = judged.group.rsplit_once('-').map_or(&*judged.group, |(head, _)| head);
        (group.to_owned(), judged.contestant.clone())
    };
    let mut rows: Vec<Vec<&Judged>> = Vec::new();
    for judged in behind() {
        match rows.iter_mut().find(|row| head(row[0]) == head(judged)) {
            Some(row) => row.push(judged),
            None => rows.push(vec![judged]),
        }
    }
    for row in rows {
        let of = |f: fn(&Judged) -> String| joined(row.iter().map(|judged| f(judged)).collect());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            places(&row.iter().map(|judged| judged.group.as_str()).collect::<Vec<_>>()),
            row[0].contestant,
            of(|judged| judged.rival.clone()),
            of(Judged::measured),
        );
    }
    text
}

/// Lists the reasons of the bars that were missed.
fn reasons_list(bars: &[Judged]) -> String {
    let missed =
        |what: &str| bars.iter().any(|bar| bar.verdict() == Verdict::Missed && bar.what == what);
    let said = bars::REASONS.iter().filter(|(what, _)| missed(what));
    let lines: Vec<_> = said.map(|(what, why)| format!("- {what}: {why}\n")).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!("\nWhy bars are missed:\n\n{}", lines.concat())
}

/// Makes a row for each contestant of this repository in each curve, with its points side by side.
fn results_table(groups: &[GroupResult]) -> String {
    let mut text = String::from(
        "| where | aiter | ns | best peer | ns | ratio | floor, ns |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let mut left = groups.iter().peekable();
    while let Some(group) = left.next() {
        let mut curve = vec![group];
        while let Some(more) = left.next_if(|next| group.place.is_some() && same(group, next)) {
            curve.push(more);
        }
        let ours = group.entries.iter().filter(|entry| entry.role == Role::Aiter);
        for entry in ours {
            text += &results_row(&curve, &entry.name);
        }
    }
    text
}

fn same(one: &GroupResult, other: &GroupResult) -> bool {
    let head = |group: &GroupResult| group.name.rsplit_once('-').map(|(head, _)| head.to_owned());
    head(one) == head(other)
}

fn results_row(curve: &[&GroupResult], name: &str) -> String {
    let ours = |group: &GroupResult| group.entry(name).map(EntryResult::median);
    let best = |group: &GroupResult| group.best_peer().map(EntryResult::median);
    let floor = |group: &GroupResult| {
        group.entries.iter().find(|entry| entry.role == Role::Floor).map(EntryResult::median)
    };
    let each = |f: &dyn Fn(&GroupResult) -> Option<String>| {
        let values = curve.iter().map(|group| f(group).unwrap_or_else(|| "-".into()));
        values.collect::<Vec<_>>().join(" / ")
    };
    let peers = curve
        .iter()
        .map(|group| group.best_peer().map_or_else(|| "-".into(), |best| best.name.clone()));
    format!(
        "| {} | {name} | {} | {} | {} | {} | {} |\n",
        places(&curve.iter().map(|group| group.name.as_str()).collect::<Vec<_>>()),
        each(&|group| ours(group).map(nanos)),
        joined(peers.collect()),
        each(&|group| best(group).map(nanos)),
        each(&|group| Some(format!("{:.2}", group.entry(name)?.ratio(group.best_peer()?)))),
        if curve.iter().any(|group| floor(group).is_some()) {
            each(&|group| floor(group).map(nanos))
        } else {
            String::new()
        },
    )
}

fn machine_table(machine: &GroupResult) -> String {
    let mut text =
        String::from("| one thread, memory that no other thread uses | ns |\n|---|---|\n");
    for entry in &machine.entries {
        let _ = writeln!(text, "| {} | {} |", entry.name, nanos(entry.median()));
    }
    text
}

fn resident_table(resident: &[Resident]) -> String {
    let mib = |kib: i64| format!("{:.1}", kib as f64 / 1024.0);
    let mut text = format!(
        "{} `u64` pushed, then read; each contestant in a process of its own.\n\n\
         | | bytes an item | MiB kept when all is read | a thousand items later |\n\
         |---|---|---|---|\n",
        resident.first().map_or(0, |line| line.items)
    );
    for line in resident {
        let _ = writeln!(
            text,
            "| {} | {:.1} | {} | {} |",
            line.name,
            line.bytes_per_item(),
            mib(line.kept()),
            mib(line.kept_later())
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Place;

    fn group(name: &str, x: f64, ours: f64) -> GroupResult {
        let entry = |name: &str, role, nanos| EntryResult {
            name: name.into(),
            role,
            nanos: vec![nanos],
            lost: None,
        };
        GroupResult {
            name: name.into(),
            unit: "item".into(),
            place: Some(Place { axis: "producers".into(), x }),
            entries: vec![
                entry("aiter push", Role::Aiter, ours),
                entry("kanal", Role::Peer, 20.0),
                entry("VecDeque", Role::Floor, x),
            ],
        }
    }

    #[test]
    fn points_of_curve_share_row() {
        let mut report = Report { rounds: 9, ..Report::default() };
        report.groups.push(group("s3/producers-2", 2.0, 16.0));
        report.groups.push(group("s3/producers-4", 4.0, 25.0));
        let text = report.markdown();
        let bar = "| several producers | `s3/producers-` 2 / 4 | kanal | 0.80 / 1.25 | 0.80 \
                   | **missed** 1 of 2 |";
        assert!(text.contains(bar), "{text}");
        let row = "| `s3/producers-` 2 / 4 | aiter push | 16.00 / 25.00 | kanal | 20.00 / 20.00 \
                   | 0.80 / 1.25 | 2.00 / 4.00 |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("2 times. The peer was ahead 1 times:"), "{text}");
        assert!(text.contains("| `s3/producers-4` | aiter push | kanal | 1.25 |"), "{text}");
    }
}
