//! A slow source and a busy consumer: alone, and with items loaded ahead by a task.

use std::{cell::RefCell, rc::Rc};

use aiter::{
    AiterExt,
    adapters::{MapFilterAsync, PreloadWith},
};
use futures_core::Stream;

use crate::{
    clock::Task,
    item::Item,
    reader::{Log, Reader},
    scene::Scene,
    source::Source,
    view::{Control, Count, Lane},
    work::Work,
    world::World,
};

/// The number of items that are loaded ahead.
const AHEAD: usize = 3;
/// The steps that it takes to load an item.
const LOAD: u32 = 2;
/// The steps that the consumer is busy with an item.
const BUSY: u32 = 3;

type Alone = std::pin::Pin<Box<dyn Stream<Item = Item>>>;

struct PreloadScene {
    source: Source,
    alone: Reader<Alone>,
    alone_work: Work,
    ahead: Reader<PreloadWith<Item, ()>>,
    ahead_work: Work,
    tasks: Rc<RefCell<Vec<Task>>>,
}

/// Loads each item by a call that takes some steps.
fn load<S>(source: S, work: &Work) -> MapFilterAsync<S, impl FnMut(Item) -> Loads + use<S>, Loads>
where
    S: Stream<Item = Item>,
{
    let work = work.clone();
    source.map_filter_async(move |item| {
        let call = work.call(item, 1, LOAD);
        Box::pin(async move { Some(call.await) }) as Loads
    })
}

type Loads = std::pin::Pin<Box<dyn Future<Output = Option<Item>>>>;

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (mut source, cursor) = Source::new(true);
    world.program.line(format!("let pause = std::time::Duration::from_millis({LOAD});"));
    world.program.line("let load = move |letter| async move {");
    world.program.line("    smol::Timer::after(pause).await;");
    world.program.line("    Some(letter)");
    world.program.line("};");
    world.program.line("let (pusher, cursor) = push_list();");
    world.program.line(
        "let pages = cursor.fork().map_filter_async(load);\n\
         let {mut b} = pages.preload_with(3, smol::spawn);\n\
         let {mut a} = std::pin::pin!(cursor.map_filter_async(load));",
    );
    let (alone_work, ahead_work) = (Work::new(&world.clock), Work::new(&world.clock));
    let tasks = Rc::new(RefCell::new(Vec::new()));
    let spawned = tasks.clone();
    let fork = source.tap(cursor.fork());
    let cursor = source.tap(cursor);
    let ahead = load(fork, &ahead_work)
        .preload_with(AHEAD, move |task| spawned.borrow_mut().push(Task::new(task)));
    let alone: Alone = Box::pin(load(cursor, &alone_work));
    let mut alone = Reader::new("A", alone).running(BUSY);
    let mut ahead = Reader::new("B", ahead).running(BUSY);
    (alone.log, ahead.log) = (Log::Items, Log::Items);
    let mut scene = PreloadScene { source, alone, alone_work, ahead, ahead_work, tasks };
    for _ in 0..8 {
        scene.source.push(world);
    }
    Box::new(scene)
}

impl Scene for PreloadScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        match name {
            "A" => self.alone.act(verb),
            "B" => self.ahead.act(verb),
            _ => self.source.act(verb, world),
        }
    }

    fn tick(&mut self, world: &mut World) {
        self.alone.tick(world);
        self.ahead.tick(world);
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed(self.source.pusher.retained(), world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        let mut ran = self.alone.drive(world) | self.ahead.drive(world);
        for task in &mut *self.tasks.borrow_mut() {
            ran |= task.run();
        }
        ran
    }

    fn counts(&self) -> Vec<Count> {
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "A done", value: self.alone.got.len() },
            Count { name: "B done", value: self.ahead.got.len() },
            Count { name: "loaded ahead", value: self.ahead.stream.len() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        self.source.controls().into()
    }

    fn lanes(&self) -> Vec<Lane> {
        let title = format!("the source: {LOAD} steps to load, {BUSY} steps to handle");
        let mut lanes = vec![self.source.lane(&title, self.source.tap_marks(["B", "A"]))];
        let about = String::from("loads when asked");
        let mut work = self.alone_work.lane("work-A", about, &self.alone.got);
        work.badge = "A".into();
        lanes.extend([work, self.alone.lane("alone", String::new())]);
        let about = format!("{} loaded ahead", self.ahead.stream.len());
        let mut work = self.ahead_work.lane("work-B", about, &self.ahead.got);
        work.badge = "B".into();
        lanes.extend([work, self.ahead.lane("preload_with", String::new())]);
        lanes
    }
}
