//! One thread pushes a burst, then every reader reads all of it.

use cpu_time::ThreadTime;

use crate::contestants::{
    AiterForks, AiterForksMany, AsyncBroadcast, Broadcast, Chute, FloorReaders, TokioBroadcast,
};
use crate::harness::{Group, Sample, Scale, Tally};

/// How many readers.
const READERS: [usize; 5] = [1, 8, 16, 64, 1000];
/// Items of one burst.
const BURST: u64 = 100;
/// Deliveries of one timed run.
const DELIVERIES: u64 = 400_000;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale) -> Vec<Group> {
    READERS
        .map(|readers| {
            let bursts = scale.of(DELIVERIES / (BURST * readers as u64), 1);
            let group = Group::new(format!("s5/readers-{readers}"), "delivered item");
            let group = add::<AiterForks>(group, readers, bursts);
            let group = add::<AiterForksMany>(group, readers, bursts);
            let group = add::<AsyncBroadcast>(group, readers, bursts);
            let group = add::<TokioBroadcast>(group, readers, bursts);
            let group = add::<Chute>(group, readers, bursts);
            add::<FloorReaders>(group, readers, bursts)
        })
        .into()
}

fn add<B: Broadcast>(group: Group, readers: usize, bursts: u64) -> Group {
    group.with(B::NAME, B::ROLE, move || {
        let mut list = B::open(readers, BURST as usize);
        let mut step = |from: u64, tally: &mut Tally| {
            list.push_each(from..from + BURST);
            for reader in 0..readers {
                list.read(reader, BURST as usize, tally);
            }
        };
        for _ in 0..2 {
            step(0, &mut Tally::default());
        }
        let mut got = Tally::default();
        let start = ThreadTime::now();
        for burst in 0..bursts {
            step(burst * BURST, &mut got);
        }
        let elapsed = start.elapsed();
        for reader in 0..readers {
            list.read(reader, usize::MAX, &mut got);
        }
        let items = bursts * BURST;
        let expected = Tally::of(items, readers as u64);
        Sample { elapsed, units: items * readers as u64, got, expected }
    })
}
