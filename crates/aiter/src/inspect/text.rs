//! A snapshot as a text table.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

use crate::inspect::snapshot::{ListRow, Snapshot, StreamRow};

/// Two tables with aligned columns: lists, then cursors and streams. A table without rows is left
/// out. A dash is a number that is not known or does not apply.
///
/// # Examples
/// ```
/// use aiter::{inspect::Registry, push_list};
///
/// let (registry, (pusher, cursor)) = (Registry::new(), push_list::<u32>());
/// let _pusher = registry.list("jobs", pusher);
/// assert_eq!(
///     registry.snapshot().to_string(),
///     "\
/// list  pushed  refused  retained  used  pushers  cursors  waiting  oldest  state
/// jobs       0        0         0     -        1        1        0       -  open
/// "
/// );
/// # drop(cursor);
/// ```
impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists: Vec<_> = self.lists.iter().filter(|row| row.live > 0).map(list_cells).collect();
        let streams: Vec<_> =
            self.streams.iter().filter(|row| row.live > 0).map(stream_cells).collect();
        write_table(f, &LIST_HEADER, &lists)?;
        if !lists.is_empty() && !streams.is_empty() {
            writeln!(f)?;
        }
        write_table(f, &STREAM_HEADER, &streams)
    }
}

const LIST_HEADER: [&str; 10] = [
    "list", "pushed", "refused", "retained", "used", "pushers", "cursors", "waiting", "oldest",
    "state",
];

fn list_cells(row: &ListRow) -> [String; 10] {
    let used = match (row.used, row.capacity) {
        (None, None) => "-".to_string(),
        (used, capacity) => format!("{}/{}", or_dash(used), or_dash(capacity)),
    };
    let state = match row.stopped {
        0 => "open".to_string(),
        all if all == row.live => "stopped".to_string(),
        some => format!("{some} of {} stopped", row.live),
    };
    [
        clean(&row.name),
        row.pushed.to_string(),
        row.refused.to_string(),
        row.retained.to_string(),
        used,
        row.pushers.to_string(),
        row.cursors.to_string(),
        row.waiting.to_string(),
        time(row.oldest),
        state,
    ]
}

const STREAM_HEADER: [&str; 10] =
    ["stream", "taken", "missed", "polls", "lag", "depth", "waiting", "oldest", "idle", "list"];

fn stream_cells(row: &StreamRow) -> [String; 10] {
    let lists: Vec<_> = row.lists.iter().map(|name| clean(name)).collect();
    [
        clean(&row.name),
        row.taken.to_string(),
        row.missed.to_string(),
        row.polls.to_string(),
        or_dash(row.lag),
        row.depth.to_string(),
        format!("{}/{}", row.waiting, row.live),
        time(row.oldest),
        time(row.idle),
        if lists.is_empty() { "-".to_string() } else { lists.join(",") },
    ]
}

/// Writes the columns: the first and the last to the left, the others to the right.
fn write_table<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    header: &[&str; N],
    rows: &[[String; N]],
) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].len()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = core::array::from_fn(width);
    let header = header.map(String::from);
    for row in core::iter::once(&header).chain(rows) {
        write!(f, "{:1$}", row[0], widths[0])?;
        for (cell, width) in row.iter().zip(widths).take(N - 1).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f, "  {}", row[N - 1])?;
    }
    Ok(())
}

/// Returns a name on one line.
pub(super) fn clean(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn or_dash(number: Option<usize>) -> String {
    number.map_or_else(|| "-".to_string(), |number| number.to_string())
}

/// Returns a duration with few digits.
pub(super) fn time(duration: Option<Duration>) -> String {
    match duration {
        None => "-".to_string(),
        Some(time) if time < Duration::from_secs(1) => format!("{}ms", time.as_millis()),
        Some(time) if time < Duration::from_secs(100) => {
            format!("{}.{}s", time.as_secs(), time.subsec_millis() / 100)
        }
        Some(time) => format!("{}s", time.as_secs()),
    }
}
