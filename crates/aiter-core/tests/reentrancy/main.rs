//! Random operations on all handles of core, from one thread, with operations and panics inside
//! every call of user code: `T::clone`, `T::drop`, the four functions of a waker, iterators,
//! preflights and sources. A model decides which results are allowed.
//!
//! `AITER_FUZZ_SEEDS=100000` runs that number of seeds, like `ci/fuzz.sh full`, and
//! `AITER_FUZZ_SEEDS=500..600` a range. `AITER_FUZZ_SEED=7` runs seed 7 and traces its operations.
#![cfg(not(any(loom, shuttle)))]

extern crate alloc;

mod base;
mod cells;
mod checks;
mod cursor_ops;
mod cursors;
mod item;
mod oracle;
mod poll_locks;
mod pool;
mod pushes;
mod random;
mod ready;
mod takers;
mod waker;
mod world;

use alloc::{rc::Rc, string::String, vec::Vec};
use core::{fmt::Debug, ops::Range, str::FromStr};

use base::Base;
use world::Pools;

fn run_seed(seed: u64, traces: bool) -> Vec<String> {
    let base = Base::begin(seed, traces);
    // With a pad of 0 bytes, a block holds more than 50 items. Larger pads leave 6 or 2.
    match base.random.below(4) {
        0 => run_world::<5_000>(&base),
        1 => run_world::<12_000>(&base),
        2 => run_world::<200>(&base),
        _ => run_world::<0>(&base),
    }
    base.take_failures()
}

fn run_world<const PAD: usize>(base: &Rc<Base>) {
    let pools = Rc::new(Pools::<PAD>::new(base));
    base.set_world(Some(pools.clone()));
    for _ in 0..base.random.below(base.longest()) {
        base.run(|| base::World::step(&*pools, None));
        pools.check_all();
        if base.has_failed() {
            break;
        }
    }
    pools.finish();
    base.set_world(None);
    drop(pools);
    let leaks = base.items.alive();
    base.check(leaks.is_empty(), format_args!("items never dropped: {leaks:?}"));
    let wakers = base.wakers.alive();
    base.check(wakers.is_empty(), format_args!("wakers never dropped: {wakers:?}"));
}

fn variable<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error:?}")))
}

/// Returns the seeds to run.
fn seeds() -> Range<u64> {
    let default = if cfg!(miri) { 20 } else { 1000 };
    let Ok(text) = std::env::var("AITER_FUZZ_SEEDS") else { return 0..default };
    let number = |text: &str| text.parse().expect("AITER_FUZZ_SEEDS is a number, or two with ..");
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

#[test]
fn seeds_run_without_fault() {
    let (seeds, traces) = match variable("AITER_FUZZ_SEED") {
        Some(seed) => (seed..seed + 1, true),
        None => (seeds(), false),
    };
    let mut failed = 0;
    for seed in seeds.clone() {
        let failures = run_seed(seed, traces);
        if !failures.is_empty() {
            failed += 1;
            std::eprintln!("AITER_FUZZ_SEED={seed}: {}", failures.join("\n    "));
        }
        assert!(failed < 20, "20 seeds have failed");
    }
    std::println!("{} seeds, {failed} of them failed", seeds.end - seeds.start);
    assert_eq!(failed, 0, "seeds have failed");
}
