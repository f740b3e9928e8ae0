//! Every reader reads every item.
//!
//! Either one thread pushes a burst, and then every reader reads it. Or one thread pushes while
//! another thread reads for all readers in turn, a burst each.

use std::thread;

use cpu_time::ThreadTime;

use crate::contestants::{
    AiterForks, AiterForksMany, AsyncBroadcast, Broadcast, BroadcastChannel, Chute, FloorReaders,
    TokioBroadcast,
};
use crate::cores::Cores;
use crate::harness::{Group, Sample, Scale, Tally};
use crate::start_line::StartLine;

/// Numbers of readers on the producer's thread.
const READERS: [usize; 6] = [1, 8, 16, 64, 1000, 10_000];
/// Numbers of readers on a thread of their own.
const AFAR: [usize; 4] = [1, 8, 64, 1000];
/// Items of one burst.
const BURST: u64 = 100;
/// Deliveries of one timed run.
const DELIVERIES: u64 = 400_000;
/// Least number of bursts if the producer has a thread of its own. With fewer, the producer would
/// be done before the readers begin.
const AFAR_BURSTS: u64 = 200;

/// The groups of this scenario.
pub(crate) fn groups(scale: Scale, cores: Cores) -> Vec<Group> {
    let most = match scale {
        Scale::Measure => usize::MAX,
        Scale::Check => 100,
    };
    let near = READERS.map(|count| {
        let readers = count.min(most);
        let bursts = scale.of(DELIVERIES / (BURST * readers as u64), 1);
        let group = Group::new(format!("s5/readers-{count}"), "delivered item")
            .at("readers", readers as u64);
        let group = add::<AiterForks>(group, readers, bursts);
        let group = add::<AiterForksMany>(group, readers, bursts);
        let group = add::<AsyncBroadcast>(group, readers, bursts);
        let group = add::<TokioBroadcast>(group, readers, bursts);
        let group = add::<Chute>(group, readers, bursts);
        add::<FloorReaders>(group, readers, bursts)
    });
    let afar = AFAR.map(|count| {
        let readers = count.min(most);
        let bursts = (DELIVERIES / (BURST * readers as u64)).max(AFAR_BURSTS);
        let bursts = scale.of(bursts, 1);
        let group = Group::new(format!("s5/two-threads/readers-{count}"), "delivered item")
            .at("readers", readers as u64);
        let group = add_afar::<AiterForks>(group, readers, bursts, cores);
        let group = add_afar::<AiterForksMany>(group, readers, bursts, cores);
        let group = add_afar::<AsyncBroadcast>(group, readers, bursts, cores);
        add_afar::<TokioBroadcast>(group, readers, bursts, cores)
    });
    near.into_iter().chain(afar).collect()
}

fn add<B: Broadcast>(group: Group, readers: usize, bursts: u64) -> Group {
    group.with(B::NAME, B::ROLE, move || {
        let mut list = B::open(readers, BURST as usize);
        let mut step = |from: u64, tally: &mut Tally| {
            list.push_each(from..from + BURST);
            for reader in 0..readers {
                *tally = tally.and(list.read(reader, BURST as usize));
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
            got = got.and(list.read(reader, usize::MAX));
        }
        let items = bursts * BURST;
        let expected = Tally::of(items, readers as u64);
        Sample { elapsed, units: items * readers as u64, got, expected }
    })
}

fn add_afar<B: BroadcastChannel>(group: Group, readers: usize, bursts: u64, cores: Cores) -> Group {
    group.with(B::NAME, B::ROLE, move || {
        let items = bursts * BURST;
        let (mut tx, mut receivers) = B::open(readers, items as usize);
        let line = StartLine::with_others(1);
        let (got, elapsed) = thread::scope(|scope| {
            scope.spawn(|| {
                cores.pin_second();
                line.wait();
                for item in 0..items {
                    B::send(&mut tx, core::hint::black_box(item));
                }
                drop(tx);
            });
            let start = line.start();
            let mut got = Tally::default();
            pollster::block_on(async {
                for _ in 0..bursts {
                    for rx in &mut receivers {
                        got = got.and(B::read(rx, BURST as usize).await);
                    }
                }
            });
            (got, start.elapsed())
        });
        let expected = Tally::of(items, readers as u64);
        Sample { elapsed, units: items * readers as u64, got, expected }
    })
}
