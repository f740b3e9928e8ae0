//! The same calls in parallel: as they finish, and in the source's order.

use std::pin::Pin;

use aiter::{AiterExt, adapters::MapPar};
use futures_core::Stream;

use crate::{
    item::Item,
    reader::{Log, Reader},
    scene::Scene,
    source::Source,
    view::{Control, Count, Lane},
    work::{STEPS, Work, steps},
    world::World,
};

/// The number of calls at a time.
const CALLS: usize = 3;

/// The queries of [`MapPar`], for a type that has no name.
trait Calls: Stream<Item = Item> {
    fn running(&self) -> usize;
    fn finished(&self) -> usize;
}

impl<S, F, Fut> Calls for MapPar<S, F, Fut>
where
    S: Stream<Item = Item>,
    F: FnMut(Item) -> Fut,
    Fut: Future<Output = Item>,
{
    fn running(&self) -> usize {
        self.running()
    }

    fn finished(&self) -> usize {
        self.finished()
    }
}

struct Pipeline {
    title: &'static str,
    work: Work,
    reader: Reader<Pin<Box<dyn Calls>>>,
}

struct MapParScene {
    source: Source,
    pipelines: [Pipeline; 2],
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (mut source, cursor) = Source::new(true);
    world.program.function(STEPS);
    world.program.line("let work = async |letter| {");
    world.program.line("    smol::Timer::after(steps(letter)).await;");
    world.program.line("    letter");
    world.program.line("};");
    world.program.line("let (pusher, cursor) = push_list();");
    world.program.line(format!("let {{mut b}} = cursor.fork().map_par({CALLS}, work).ordered();"));
    world.program.line(format!("let {{mut a}} = cursor.map_par({CALLS}, work);"));
    let fork = source.tap(cursor.fork());
    let cursor = source.tap(cursor);
    let ordered = Work::new(&world.clock);
    let unordered = Work::new(&world.clock);
    let function = |work: &Work| {
        let work = work.clone();
        move |item: Item| {
            let steps = steps(item.token().letter);
            work.call(item, 1, steps)
        }
    };
    let b: Pin<Box<dyn Calls>> = Box::pin(fork.map_par(CALLS, function(&ordered)).ordered());
    let a: Pin<Box<dyn Calls>> = Box::pin(cursor.map_par(CALLS, function(&unordered)));
    let mut a = Reader::new("A", a).running(1);
    let mut b = Reader::new("B", b).running(1);
    (a.log, b.log) = (Log::Prints, Log::Items);
    let pipelines = [
        Pipeline { title: "as they finish", work: unordered, reader: a },
        Pipeline { title: "ordered", work: ordered, reader: b },
    ];
    let mut scene = MapParScene { source, pipelines };
    for _ in 0..6 {
        scene.source.push(world);
    }
    Box::new(scene)
}

impl Scene for MapParScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        match self.pipelines.iter_mut().find(|pipeline| pipeline.reader.name == name) {
            Some(pipeline) => pipeline.reader.act(verb),
            None => self.source.act(verb, world),
        }
    }

    fn tick(&mut self, world: &mut World) {
        self.pipelines.iter_mut().for_each(|pipeline| pipeline.reader.tick(world));
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed(self.source.pusher.retained(), world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        self.pipelines.iter_mut().fold(false, |ran, pipeline| ran | pipeline.reader.drive(world))
    }

    fn counts(&self) -> Vec<Count> {
        let [a, b] = &self.pipelines;
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "A done", value: a.reader.got.len() },
            Count { name: "B done", value: b.reader.got.len() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        self.source.controls().into()
    }

    fn lanes(&self) -> Vec<Lane> {
        let mut lanes = vec![
            self.source
                .lane("the source, with a cursor for each", self.source.tap_marks(["B", "A"])),
        ];
        for Pipeline { title, work, reader } in &self.pipelines {
            let name = &reader.name;
            let (running, finished) = (reader.stream.running(), reader.stream.finished());
            let about = format!("{running} running, {finished} finished");
            let mut lane = work.lane(&format!("work-{name}"), about, &reader.got);
            lane.badge.clone_from(name);
            lanes.push(lane);
            lanes.push(reader.lane(title, String::new()));
        }
        lanes
    }
}
