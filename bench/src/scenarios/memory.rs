//! Resident memory before, during and after a burst of ten million items, and calls of the
//! allocator.
//!
//! Resident memory is read in a process of its own for each contestant, because what an allocator
//! gives back depends on all earlier allocations.

use std::process::{Command, ExitCode};
use std::{env, fs, io};

use serde_json::{Value, json};

use crate::contestants::{
    Aiter, AiterUnique, AsyncChannel, Crossbeam, CrossfireMpsc, CrossfireSpsc, Floor, Flume,
    Futures, Kanal, Queue, Tokio,
};
use crate::harness::{Role, Scale, Tally};
use crate::scenarios::{BURSTS, warm_burst};

/// Name that `--filter` matches.
pub(crate) const NAME: &str = "memory/resident";
/// Flag of the process in which one contestant is measured.
pub(crate) const CHILD_FLAG: &str = "--resident";
/// Largest amount that may stay, in KiB.
pub(crate) const MAY_STAY: i64 = 2048;

const ITEMS: u64 = 10_000_000;
const KIB: f64 = 1024.0;

/// Resident memory of one contestant, in KiB.
#[derive(Clone, Debug)]
pub(crate) struct Resident {
    /// Name of the contestant.
    pub(crate) name: String,
    /// Part that it plays.
    pub(crate) role: Role,
    /// Number of queued items.
    pub(crate) items: u64,
    /// Before the burst, with the queue open and warm.
    pub(crate) before: i64,
    /// With all items queued.
    pub(crate) full: i64,
    /// With all items drained and the queue still open.
    pub(crate) after: i64,
    /// After a thousand more items.
    pub(crate) later: i64,
    /// With the queue dropped.
    pub(crate) closed: i64,
    /// `true` if every item arrived.
    pub(crate) complete: bool,
}

impl Resident {
    /// Returns bytes per queued item.
    pub(crate) fn bytes_per_item(&self) -> f64 {
        (self.full - self.before) as f64 * KIB / self.items as f64
    }

    /// Returns what is kept once all items are drained, in KiB.
    pub(crate) fn kept(&self) -> i64 {
        self.after - self.before
    }

    /// Returns what is kept after a thousand more items, in KiB.
    pub(crate) fn kept_later(&self) -> i64 {
        self.later - self.before
    }
}

struct Subject {
    name: &'static str,
    role: Role,
    resident: fn(u64) -> io::Result<Value>,
    allocations: fn(Count, u64) -> Allocations,
}

fn subject<Q: Queue<u64>>() -> Subject {
    Subject {
        name: Q::NAME,
        role: Q::ROLE,
        resident: resident::<Q>,
        allocations: allocations_of::<Q>,
    }
}

fn subjects() -> [Subject; 11] {
    [
        subject::<Aiter<u64>>(),
        subject::<AiterUnique<u64>>(),
        subject::<Kanal<u64>>(),
        subject::<CrossfireMpsc<u64>>(),
        subject::<CrossfireSpsc<u64>>(),
        subject::<Tokio<u64>>(),
        subject::<Futures<u64>>(),
        subject::<Flume<u64>>(),
        subject::<AsyncChannel<u64>>(),
        subject::<Crossbeam<u64>>(),
        subject::<Floor<u64>>(),
    ]
}

/// Returns the names of the contestants.
pub(crate) fn entry_names() -> impl Iterator<Item = &'static str> {
    subjects().into_iter().map(|subject| subject.name)
}

/// Measures every contestant, each in a process of its own.
///
/// # Errors
/// Fails if a process cannot be started or does not answer.
pub(crate) fn run(scale: Scale) -> io::Result<Vec<Resident>> {
    let items = scale.of(ITEMS, 1);
    subjects().into_iter().map(|subject| ask(&subject, items)).collect()
}

fn ask(subject: &Subject, items: u64) -> io::Result<Resident> {
    let child = Command::new(env::current_exe()?)
        .args([CHILD_FLAG, subject.name, "--items", &items.to_string()])
        .output()?;
    let answer: Value = serde_json::from_slice(&child.stdout).map_err(|error| {
        io::Error::other(format!(
            "{} gave no answer: {error}; {}",
            subject.name,
            String::from_utf8_lossy(&child.stderr)
        ))
    })?;
    let number = |key: &str| answer[key].as_i64().unwrap_or_default();
    Ok(Resident {
        name: subject.name.into(),
        role: subject.role,
        items,
        before: number("before"),
        full: number("full"),
        after: number("after"),
        later: number("later"),
        closed: number("closed"),
        complete: answer["complete"] == true,
    })
}

/// Measures one contestant in this process and prints what [`run`] reads.
pub(crate) fn child(name: &str, items: u64) -> ExitCode {
    let Some(subject) = subjects().into_iter().find(|subject| subject.name == name) else {
        eprintln!("no contestant is called {name}");
        return ExitCode::FAILURE;
    };
    match (subject.resident)(items) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("resident memory cannot be read: {error}");
            ExitCode::FAILURE
        }
    }
}

fn resident<Q: Queue<u64>>(items: u64) -> io::Result<Value> {
    let mut queue = Q::open();
    warm_burst(&mut queue, 1000);
    // The first read allocates, and the difference must not contain that.
    resident_kib()?;
    let before = resident_kib()?;
    queue.push_each(0..items);
    let full = resident_kib()?;
    let mut got = Tally::default();
    while let Some(item) = queue.try_next() {
        got.add(item);
    }
    let after = resident_kib()?;
    let complete = got == Tally::of(items, 1);
    warm_burst(&mut queue, 1000);
    let later = resident_kib()?;
    drop(queue);
    let closed = resident_kib()?;
    Ok(json!({
        "before": before,
        "full": full,
        "after": after,
        "later": later,
        "closed": closed,
        "complete": complete,
    }))
}

/// Returns the resident memory of this process.
fn resident_kib() -> io::Result<i64> {
    fs::read_to_string("/proc/self/status")?
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
        .ok_or_else(|| io::Error::other("no VmRSS in /proc/self/status"))
}

/// How a closure uses the allocator.
#[derive(Clone, Copy, Debug)]
pub struct HeapUse {
    /// Number of allocations.
    pub calls: u64,
    /// Bytes that are still allocated at the end.
    pub held: i64,
    /// Peak of the allocated bytes.
    pub peak: u64,
}

/// Runs a closure and returns its use of the allocator.
pub(crate) type Count = fn(&mut dyn FnMut()) -> HeapUse;

/// How one contestant uses the allocator.
#[derive(Clone, Debug)]
pub(crate) struct Allocations {
    /// Name of the contestant.
    pub(crate) name: &'static str,
    /// Part that it plays.
    pub(crate) role: Role,
    /// Calls for each length of burst, once warm.
    pub(crate) bursts: Vec<Calls>,
    /// Number of items of the long burst.
    pub(crate) items: u64,
    /// Use by the long burst, pushed and drained.
    pub(crate) long: HeapUse,
    /// `true` if every item arrived.
    pub(crate) complete: bool,
}

/// Calls of the allocator at one length of burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    /// Length.
    pub(crate) burst: u64,
    /// Number of items.
    pub(crate) items: u64,
    /// Calls if the items are pushed and taken one by one.
    pub(crate) one_by_one: u64,
    /// Calls if the items are pushed and taken in runs.
    pub(crate) in_runs: u64,
}

/// Counts the calls of every contestant.
pub(crate) fn allocations(count: Count, items: u64) -> Vec<Allocations> {
    subjects().into_iter().map(|subject| (subject.allocations)(count, items)).collect()
}

fn allocations_of<Q: Queue<u64>>(count: Count, items: u64) -> Allocations {
    let mut complete = true;
    let bursts = BURSTS
        .map(|burst| {
            let rounds = items / burst;
            let mut queue = Q::open();
            let mut buf = Vec::with_capacity(burst as usize);
            let mut one_by_one = || {
                for _ in 0..rounds {
                    complete &= warm_burst(&mut queue, burst) == Tally::of(burst, 1);
                }
            };
            one_by_one();
            let one_by_one = count(&mut one_by_one).calls;
            let mut in_runs = || {
                for _ in 0..rounds {
                    let mut tally = Tally::default();
                    queue.push_all(0..burst);
                    queue.take_many(&mut buf, burst as usize, |item| tally.add(item));
                    complete &= tally == Tally::of(burst, 1);
                }
            };
            in_runs();
            let in_runs = count(&mut in_runs).calls;
            Calls { burst, items: rounds * burst, one_by_one, in_runs }
        })
        .into();
    let mut queue = Q::open();
    warm_burst(&mut queue, 1000);
    let long = count(&mut || {
        complete &= warm_burst(&mut queue, items) == Tally::of(items, 1);
    });
    Allocations { name: Q::NAME, role: Q::ROLE, bursts, items, long, complete }
}
