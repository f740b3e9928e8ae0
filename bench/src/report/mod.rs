//! The report of a run: as text, as Markdown and as JSON.

mod json;
mod markdown;
mod text;
mod versions;

use core::fmt::Write as _;

use crate::bars;
use crate::cores::Cores;
use crate::harness::{GroupResult, Scale};
use crate::machine::{self, Condition};
use crate::scenarios::memory::Resident;

pub(crate) use text::{allocations_table, group, is_quiet, nanos};

/// The results of a run, and the machine that they belong to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// Counted rounds.
    pub(crate) rounds: u64,
    /// Date, machine and compiler.
    pub(crate) setting: Vec<String>,
    /// Further remarks.
    pub(crate) notes: Vec<String>,
    /// State of the machine before and after.
    pub(crate) conditions: Vec<Condition>,
    /// Number of notes that are already printed.
    pub(crate) printed: usize,
    /// The timed groups.
    pub(crate) groups: Vec<GroupResult>,
    /// Resident memory.
    pub(crate) resident: Vec<Resident>,
}

impl Report {
    /// Pins this thread to its core and records the machine and the versions.
    pub(crate) fn new(rounds: usize, scale: Scale, cores: Cores) -> Self {
        // Must come first: a pinned thread sees one core only.
        let setting = machine::setting();
        let mut notes = Vec::new();
        if scale == Scale::Check {
            notes.push("a check only: no numbers".into());
        }
        if !cores.pin_main() {
            notes.push("the threads could not be pinned to cores".into());
        }
        if !cores.are_two() {
            notes.push("one core only: with two threads, the scheduler is measured".into());
        }
        notes.extend(versions::of_peers());
        let conditions = vec![Condition::now(cores)];
        let printed = notes.len();
        Self { rounds: rounds as u64, setting, notes, printed, conditions, ..Self::default() }
    }

    /// Adds a note.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Records the state of the machine once more.
    pub(crate) fn record_condition(&mut self, cores: Cores) {
        self.conditions.push(Condition::now(cores));
    }

    /// Adds another run. If both have a group, its rounds are merged. If its contestants differ,
    /// the group of the other run replaces it.
    pub(crate) fn merge(&mut self, other: Self) {
        for group in other.groups {
            match self.groups.iter_mut().find(|known| known.name == group.name) {
                Some(known) => {
                    if !known.add(&group) {
                        *known = group;
                    }
                }
                None => self.groups.push(group),
            }
        }
        if !other.resident.is_empty() {
            self.resident = other.resident;
        }
        if !self.setting.is_empty() && self.setting != other.setting {
            self.note(format!("runs of different settings: also {}", self.setting.join(", ")));
        }
        self.setting = other.setting;
        self.conditions.extend(other.conditions);
        self.rounds += other.rounds;
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// Returns `true` if a contestant lost or repeated items.
    pub(crate) fn lost(&self) -> bool {
        self.groups.iter().flat_map(|group| &group.entries).any(|entry| entry.lost.is_some())
            || self.resident.iter().any(|line| !line.complete)
    }

    /// Returns the text that precedes all groups.
    pub(crate) fn begin(&self) -> String {
        let mut text = format!("{} rounds, medians; * is the best peer\n", self.rounds);
        for line in self.setting.iter().chain(&self.notes[..self.printed]) {
            let _ = writeln!(text, "{line}");
        }
        text + &self.conditions.last().map_or_else(String::new, |now| format!("before: {now}\n"))
    }

    /// Returns the text that follows all groups.
    pub(crate) fn end(&self) -> String {
        let mut end = String::new();
        if !self.resident.is_empty() {
            end += &text::resident_table(&self.resident);
        }
        end += &text::judged_table("bars", &bars::bars(&self.groups, &self.resident));
        end += &text::judged_table("no peer is ahead", &bars::ahead(&self.groups));
        for note in &self.notes[self.printed..] {
            let _ = writeln!(end, "\n{note}");
        }
        end + &self.conditions.last().map_or_else(String::new, |now| format!("\nafter: {now}\n"))
    }
}
