//! Atomics with an ordering that the environment can weaken, for `ci/weaken.sh`.
//!
//! `AITER_WEAKEN=FILE:LINE:COLUMN:ARGUMENT:ORDERING` names a call, the index of its ordering (0 or
//! 1), and the weaker ordering that replaces it. A fence that becomes `Relaxed` is skipped. With
//! `AITER_WEAKEN_TRACE=PATH`, the process appends each call to that file once, as
//! `FILE:LINE:COLUMN`.
//!
//! The wrappers have only the methods below and no `Deref`, so no ordering bypasses them.
//! `aiter-adapters` includes this file by its path.
#![allow(dead_code, reason = "the two crates use different parts")]

extern crate std;

use self::std::{
    collections::BTreeSet,
    env,
    fs::OpenOptions,
    io::Write,
    string::String,
    sync::{Mutex, OnceLock},
};
use core::{panic::Location, sync::atomic::Ordering};
#[cfg(loom)]
use loom::sync::atomic as inner;
#[cfg(not(loom))]
use portable_atomic as inner;

/// The mutant and the trace that the environment requests.
struct Plan {
    mutant: Option<Mutant>,
    trace: Option<Trace>,
}

/// A call, the index of one of its orderings, and the ordering that replaces it.
struct Mutant {
    file: String,
    line: u32,
    column: u32,
    argument: u32,
    ordering: Ordering,
}

/// The calls of this process, which are appended to a file.
struct Trace {
    path: String,
    seen: Mutex<BTreeSet<(&'static str, u32, u32)>>,
}

static PLAN: OnceLock<Plan> = OnceLock::new();

impl Plan {
    fn from_env() -> Self {
        let mutant = env::var("AITER_WEAKEN").ok().map(|text| {
            Mutant::parse(&text).unwrap_or_else(|| panic!("AITER_WEAKEN={text} is not a mutant"))
        });
        let trace = env::var("AITER_WEAKEN_TRACE")
            .ok()
            .map(|path| Trace { path, seen: Mutex::new(BTreeSet::new()) });
        Self { mutant, trace }
    }
}

impl Mutant {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(5, ':');
        let ordering = match parts.next()? {
            "Relaxed" => Ordering::Relaxed,
            "Acquire" => Ordering::Acquire,
            "Release" => Ordering::Release,
            "AcqRel" => Ordering::AcqRel,
            _ => return None,
        };
        let argument = parts.next()?.parse().ok()?;
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        Some(Self { file: parts.next()?.into(), line, column, argument, ordering })
    }
}

impl Trace {
    fn record(&self, at: &'static Location<'static>) {
        let place = (at.file(), at.line(), at.column());
        if self.seen.lock().expect("no holder of this lock panics").insert(place) {
            let file = OpenOptions::new().create(true).append(true).open(&self.path);
            let (name, line, column) = place;
            writeln!(file.expect("the trace file must open"), "{name}:{line}:{column}")
                .expect("the trace file must be writable");
        }
    }
}

/// Returns the mutant's ordering if the mutant names this call and `argument`, otherwise
/// `ordering`.
#[track_caller]
fn weaken(argument: u32, ordering: Ordering) -> Ordering {
    let (plan, at) = (PLAN.get_or_init(Plan::from_env), Location::caller());
    if let Some(trace) = &plan.trace {
        trace.record(at);
    }
    match &plan.mutant {
        Some(mutant)
            if mutant.line == at.line()
                && mutant.column == at.column()
                && mutant.argument == argument
                && mutant.file == at.file() =>
        {
            mutant.ordering
        }
        _ => ordering,
    }
}

#[track_caller]
pub(crate) fn fence(ordering: Ordering) {
    match weaken(0, ordering) {
        Ordering::Relaxed => {}
        ordering => inner::fence(ordering),
    }
}

macro_rules! weakened {
    ($name:ident $(<$item:ident>)?, $value:ty $(, $rmw:ident)*) => {
        #[derive(Debug)]
        pub(crate) struct $name $(<$item>)? (inner::$name $(<$item>)?);

        impl $(<$item>)? $name $(<$item>)? {
            #[cfg(loom)]
            #[track_caller]
            pub(crate) fn new(value: $value) -> Self {
                Self(inner::$name::new(value))
            }

            #[cfg(not(loom))]
            pub(crate) const fn new(value: $value) -> Self {
                Self(inner::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                self.0.load(weaken(0, ordering))
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, ordering: Ordering) {
                self.0.store(value, weaken(0, ordering));
            }

            #[track_caller]
            pub(crate) fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.0.compare_exchange(old, new, weaken(0, success), weaken(1, failure))
            }

            #[track_caller]
            pub(crate) fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.0.compare_exchange_weak(old, new, weaken(0, success), weaken(1, failure))
            }

            #[track_caller]
            pub(crate) fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.0.fetch_update(weaken(0, set), weaken(1, fetch), change)
            }

            $(
                #[track_caller]
                pub(crate) fn $rmw(&self, value: $value, ordering: Ordering) -> $value {
                    self.0.$rmw(value, weaken(0, ordering))
                }
            )*
        }
    };
}

weakened!(AtomicBool, bool, swap, fetch_and, fetch_or);
weakened!(AtomicPtr<T>, *mut T, swap);
weakened!(
    AtomicUsize,
    usize,
    swap,
    fetch_add,
    fetch_sub,
    fetch_and,
    fetch_or,
    fetch_xor,
    fetch_max,
    fetch_min
);
