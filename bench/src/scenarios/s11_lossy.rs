//! One reader keeps up, and others read nothing. They miss the oldest items, so the producer never
//! waits.

use cpu_time::ThreadTime;

use crate::contestants::{AiterDropOldest, AsyncBroadcastOverflow, Bounded, TokioBroadcast};
use crate::harness::{Group, Item, Role, Sample, Scale, Tally};

/// Numbers of items that a reader may be behind.
const CAPS: [usize; 3] = [1, 16, 1024];
/// Numbers of readers that read nothing.
const STUCK: [usize; 3] = [0, 1, 64];
/// Items of one timed run.
const ITEMS: u64 = 200_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale) -> Vec<Group> {
    let mut groups = Vec::new();
    for cap in CAPS {
        for stuck in STUCK {
            let run = Run { cap, stuck, items: scale.of(ITEMS, cap as u64) };
            let group = Group::new(format!("s11/lossy/cap-{cap}/stuck-{stuck}"), "item")
                .at("stuck readers", stuck as u64);
            let group = add::<AiterDropOldest>(group, Role::Aiter, run);
            let group = add::<TokioBroadcast>(group, Role::Peer, run);
            groups.push(add::<AsyncBroadcastOverflow>(group, Role::Peer, run));
        }
    }
    groups
}

/// Pushes `cap` items, then reads them with one reader, and so on.
#[derive(Clone, Copy)]
struct Run {
    cap: usize,
    stuck: usize,
    items: u64,
}

fn add<B: Bounded>(group: Group, role: Role, run: Run) -> Group {
    group.with(B::NAME, role, move || run.time::<B>())
}

impl Run {
    fn time<B: Bounded>(self) -> Sample {
        let Self { cap, stuck, items } = self;
        let (mut tx, mut receivers) = B::open(cap, stuck + 1);
        let step = |tx: &mut B::Tx, rx: &mut B::Rx, from: u64| {
            let mut tally = Tally::default();
            for item in from..from + cap as u64 {
                B::try_send(tx, u64::make(item));
            }
            for _ in 0..cap {
                let Some(item) = B::try_next(rx) else { break };
                tally.add(item.number());
            }
            tally
        };
        let reader = &mut receivers[stuck];
        for _ in 0..(2048 / cap) {
            step(&mut tx, reader, 0);
        }
        let mut got = Tally::default();
        let start = ThreadTime::now();
        for from in (0..items).step_by(cap) {
            got = got.and(step(&mut tx, reader, from));
        }
        let elapsed = start.elapsed();
        // Each reader that was stuck still finds the newest items.
        let mut expected = Tally::of(items, 1);
        for rx in &mut receivers[..stuck] {
            (items - cap as u64..items).for_each(|item| expected.add(item));
            while let Some(item) = B::try_next(rx) {
                got.add(item);
            }
        }
        Sample { elapsed, units: items, got, expected }
    }
}
