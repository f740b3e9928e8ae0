//! A plot of each scenario.

mod bars;
mod canvas;
mod chart;
mod curves;

use std::path::Path;
use std::{fs, io};

use crate::harness::{EntryResult, GroupResult, Role};
use crate::report::Report;
use crate::scenarios::memory::Resident;

use canvas::{Line, Mark, Panel, Shape};

/// The scenarios and the titles of their plots.
const TITLES: [(&str, &str); 14] = [
    ("machine", "Costs of the machine's own operations"),
    ("s1", "S1: one thread pushes and takes"),
    ("s2", "S2: one thread pushes, another awaits"),
    ("s3", "S3: several threads push, one awaits"),
    ("s4", "S4: two threads push, several await, each item goes to one"),
    ("s5", "S5: every reader sees every item"),
    ("fork", "A reader is forked, and the fork dropped"),
    ("s6", "S6: many streams joined into one, in one task"),
    ("s7", "S7: an async function over a stream, several calls at a time"),
    ("s8", "S8: a stream read by a thread that blocks"),
    ("s9", "S9: forks of a stream"),
    ("s10", "S10: many items queued"),
    ("s11", "S11: limited room, every reader sees every item"),
    ("memory", "Resident memory of ten million u64"),
];

/// Writes a plot of each scenario of the report into the directory.
///
/// # Errors
/// Fails if a file cannot be written.
pub(crate) fn write(dir: &Path, report: &Report) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    for (scenario, title) in TITLES {
        let groups = report.groups.iter().filter(|group| group.scenario() == scenario);
        let mut panels = panels(&groups.collect::<Vec<_>>());
        if scenario == "memory" && !report.resident.is_empty() {
            panels = memory(&report.resident);
        }
        if !panels.is_empty() {
            let svg = chart::draw(title, &panels).map_err(io::Error::other)?;
            fs::write(dir.join(scenario).with_extension("svg"), svg)?;
        }
    }
    Ok(())
}

/// Makes a panel for each curve, and for each group that is not on a curve.
fn panels(groups: &[&GroupResult]) -> Vec<Panel> {
    let mut panels: Vec<Panel> = Vec::new();
    for group in groups {
        let curve = curve_of(group);
        let points: Vec<_> = groups.iter().filter(|other| curve_of(other) == curve).collect();
        let title = format!("{curve} (ns per {})", group.unit);
        if panels.iter().any(|panel| panel.title == title) {
            continue;
        }
        let shape = match &group.place {
            Some(place) if points.len() > 1 => {
                Shape::Curves { axis: place.axis.clone(), lines: lines(&points) }
            }
            _ => Shape::Bars(group.entries.iter().map(bar).collect()),
        };
        panels.push(Panel { title, shape });
    }
    panels
}

/// Returns the name of the curve: that of the group up to the last dash, or all of it if it is on
/// no curve.
fn curve_of(group: &GroupResult) -> &str {
    let head = group.name.rsplit_once('-').map(|(head, _)| head);
    head.filter(|_| group.place.is_some()).unwrap_or(&group.name)
}

fn lines(points: &[&&GroupResult]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for group in points {
        let Some(place) = &group.place else { continue };
        for entry in &group.entries {
            let mark = mark(entry);
            match lines.iter_mut().find(|line| line.name == entry.name) {
                Some(line) => line.marks.push((place.x, mark)),
                None => lines.push(Line {
                    name: entry.name.clone(),
                    role: entry.role,
                    marks: vec![(place.x, mark)],
                }),
            }
        }
    }
    lines
}

fn mark(entry: &EntryResult) -> Mark {
    Mark { median: entry.median(), min: entry.min(), max: entry.max() }
}

fn bar(entry: &EntryResult) -> (String, Role, Mark) {
    (entry.name.clone(), entry.role, mark(entry))
}

fn memory(resident: &[Resident]) -> Vec<Panel> {
    let panel = |title: &str, of: fn(&Resident) -> f64| Panel {
        title: title.into(),
        shape: Shape::Bars(
            resident
                .iter()
                .map(|line| {
                    let value = of(line).max(0.0);
                    let mark = Mark { median: value, min: value, max: value };
                    (line.name.clone(), line.role, mark)
                })
                .collect(),
        ),
    };
    vec![
        panel("memory/resident: bytes per queued item", Resident::bytes_per_item),
        panel("memory/resident: MiB kept when all is read", |line| line.kept() as f64 / 1024.0),
        panel("memory/resident: MiB kept a thousand items later", |line| {
            line.kept_later() as f64 / 1024.0
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Place;

    fn group(name: &str, x: Option<f64>) -> GroupResult {
        let entry = |name: &str, role, nanos| EntryResult {
            name: name.into(),
            role,
            nanos: vec![nanos],
            lost: None,
        };
        GroupResult {
            name: name.into(),
            unit: "item".into(),
            place: x.map(|x| Place { axis: "producers".into(), x }),
            entries: vec![entry("aiter push", Role::Aiter, 10.0), entry("kanal", Role::Peer, 20.0)],
        }
    }

    #[test]
    fn points_make_curve_and_group_makes_bars() {
        let groups = [
            group("s3/producers-2", Some(2.0)),
            group("s3/producers-4", Some(4.0)),
            group("s3/two-threads", None),
        ];
        let panels = panels(&groups.iter().collect::<Vec<_>>());
        assert_eq!(panels.len(), 2);
        let Shape::Curves { axis, lines } = &panels[0].shape else { panic!("no curve") };
        assert_eq!((axis.as_str(), lines.len()), ("producers", 2));
        assert_eq!(lines[0].marks.iter().map(|(x, _)| *x).collect::<Vec<_>>(), [2.0, 4.0]);
        assert_eq!(panels[1].title, "s3/two-threads (ns per item)");
        assert!(matches!(&panels[1].shape, Shape::Bars(bars) if bars.len() == 2));
        let svg = chart::draw("S3", &panels).unwrap();
        assert!(svg.contains("aiter push") && svg.contains("producers"));
    }

    #[test]
    fn scenarios_have_plots() {
        use crate::cores::Cores;
        use crate::harness::Scale;
        for group in crate::scenarios::groups(Scale::Check, Cores::pick()) {
            let scenario = group.name.split('/').next().unwrap();
            assert!(TITLES.iter().any(|(name, _)| *name == scenario), "{scenario}");
        }
    }

    #[test]
    fn readme_shows_all_plots() {
        let readme = include_str!("../../README.md");
        for (scenario, _) in TITLES {
            assert!(readme.contains(&format!("](plots/{scenario}.svg)")), "{scenario}");
        }
    }
}
