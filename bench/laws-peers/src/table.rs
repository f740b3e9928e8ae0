use alloc::fmt;

use stream_laws::{BrokenLaw, Law, Report};

use crate::peer::{Peer, Readers};

/// The results of each peer: broken laws, their smallest cases and notes.
pub(crate) struct Table {
    rows: Vec<(Peer, Report)>,
}

impl Table {
    pub(crate) fn of(peers: Vec<Peer>) -> Self {
        let run = |peer: Peer| {
            let report = peer.laws.run();
            (peer, report)
        };
        Self { rows: peers.into_iter().map(run).collect() }
    }

    /// Returns the notes on broken laws, each once. Their positions are their numbers.
    fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        for (peer, report) in &self.rows {
            for broken in report.broken() {
                notes.extend(note(peer, broken));
            }
        }
        let mut seen = Vec::new();
        notes.retain(|note| {
            let new = !seen.contains(note);
            seen.extend(new.then_some(*note));
            new
        });
        notes
    }
}

/// Returns `true` if the law is about several readers.
fn is_for_readers(law: Law) -> bool {
    matches!(law, Law::L8 | Law::L11)
}

fn note(peer: &Peer, broken: &BrokenLaw) -> Option<&'static str> {
    peer.notes.iter().find(|(law, _)| *law == broken.law).map(|(_, note)| *note)
}

/// Returns the laws that are checked for every adapter. Each law has a column.
fn columns() -> impl Iterator<Item = Law> {
    Law::ALL.into_iter().filter(|law| !matches!(law, Law::Fair | Law::ReadAhead))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = self.notes();
        let number = |peer, broken| {
            let note = note(peer, broken)?;
            notes.iter().position(|known| *known == note).map(|n| n + 1)
        };
        f.write_str("| adapter |")?;
        columns().try_for_each(|law| write!(f, " {law} |"))?;
        writeln!(f, "\n|---|{}", "---|".repeat(columns().count()))?;
        let mut origin = "";
        for (peer, report) in self.rows.iter().filter(|(_, report)| !report.broken().is_empty()) {
            if peer.origin != origin {
                origin = peer.origin;
                writeln!(f, "| **{origin}** |{}", " |".repeat(columns().count()))?;
            }
            write!(f, "| `{}` |", peer.name)?;
            for law in columns() {
                let broken = report.broken().iter().find(|broken| broken.law == law);
                match broken {
                    Some(broken) => match number(peer, broken) {
                        Some(number) => write!(f, " no ({number}) |")?,
                        None => f.write_str(" no |")?,
                    },
                    None if is_for_readers(law) && peer.readers == Readers::One => {
                        f.write_str(" |")?;
                    }
                    None => f.write_str(" ok |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f, "\nNo law broken:\n")?;
        let mut origins: Vec<_> = self.rows.iter().map(|(peer, _)| peer.origin).collect();
        origins.dedup();
        for origin in origins {
            let whole = self
                .rows
                .iter()
                .filter(|(peer, report)| peer.origin == origin && report.broken().is_empty());
            let names: Vec<_> = whole.map(|(peer, _)| format!("`{}`", peer.name)).collect();
            if !names.is_empty() {
                writeln!(f, "- {origin}: {}", names.join(", "))?;
            }
        }
        let cases = self.rows.iter().map(|(_, report)| report.cases()).max().unwrap_or(0);
        writeln!(f, "\n{cases} cases each. The notes:\n")?;
        for (n, note) in notes.iter().enumerate() {
            writeln!(f, "{}. {note}", n + 1)?;
        }
        f.write_str("\n<details>\n<summary>The smallest case found for each no</summary>\n\n")?;
        for (peer, report) in &self.rows {
            for BrokenLaw { law, case, message, .. } in report.broken() {
                writeln!(f, "- {} `{}`, {law}: {case}: {message}", peer.origin, peer.name)?;
            }
        }
        f.write_str("\n</details>\n")
    }
}
