//! Two ways to stop: the list for all its readers, or one stream at once.

use aiter::{AiterExt, Cursor, Stopper, adapters::Stoppable};

use crate::{
    item::Item,
    reader::Reader,
    scene::Scene,
    source::Source,
    view::{Control, Count, Kind, Lane},
    world::{World, list_lane},
};

enum Second {
    Stoppable(Reader<Stoppable<Cursor<Item>>>),
    /// The source of the stream that was stopped.
    Source(Reader<Cursor<Item>>),
}

struct StopScene {
    source: Source,
    stopper: Stopper,
    first: Reader<Cursor<Item>>,
    /// Always set, except while it is replaced.
    second: Option<Second>,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (source, cursor) = Source::new(true);
    world.program.line("let (pusher, {mut a}) = push_list();");
    world.program.line("let (stopper, {mut b}) = a.fork().stoppable();");
    let (stopper, stoppable) = cursor.fork().stoppable();
    let first = Reader::new("A", cursor).running(3);
    let second = Some(Second::Stoppable(Reader::new("B", stoppable).running(3)));
    let mut scene = StopScene { source, stopper, first, second };
    for _ in 0..8 {
        scene.source.push(world);
    }
    Box::new(scene)
}

impl StopScene {
    fn can_take_source(&self) -> bool {
        matches!(&self.second, Some(Second::Stoppable(reader)) if reader.has_ended())
    }
}

impl Scene for StopScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        match (verb, name) {
            ("cut", _) => {
                self.stopper.stop();
                world.program.line("stopper.stop();");
                world.event(Kind::Stop, 0);
                true
            }
            ("into_inner", _) if self.can_take_source() => {
                if let Some(Second::Stoppable(reader)) = self.second.take() {
                    world.program.line("let {mut b} = b.into_inner();");
                    let reader = reader.map(Stoppable::into_inner);
                    self.second = Some(Second::Source(reader));
                }
                true
            }
            (_, "A") => self.first.act(verb),
            (_, "B") => match &mut self.second {
                Some(Second::Stoppable(reader)) => reader.act(verb),
                Some(Second::Source(reader)) => reader.act(verb),
                None => false,
            },
            _ => self.source.act(verb, world),
        }
    }

    fn tick(&mut self, world: &mut World) {
        self.first.tick(world);
        match &mut self.second {
            Some(Second::Stoppable(reader)) => reader.tick(world),
            Some(Second::Source(reader)) => reader.tick(world),
            None => {}
        }
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed(self.source.pusher.retained(), world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        let ran = self.first.drive(world);
        ran | match &mut self.second {
            Some(Second::Stoppable(reader)) => reader.drive(world),
            Some(Second::Source(reader)) => reader.drive(world),
            None => false,
        }
    }

    fn counts(&self) -> Vec<Count> {
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "retained", value: self.source.pusher.retained() },
            Count { name: "cursors", value: self.source.pusher.cursor_count() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        let [push, auto, stop] = self.source.controls();
        let stop = Control { label: "stop the list", ..stop };
        let cut = Control::new("cut", "stop B", "end the stream of B, also with items left");
        vec![push, auto, stop, cut.off(self.stopper.is_stopped())]
    }

    fn lanes(&self) -> Vec<Lane> {
        let end = self.source.pushed.len();
        let first = &self.first;
        let mut marks = vec![first.mark(end - first.stream.len())];
        let own = first.lane("cursor", format!("lag {}", first.stream.len()));
        let mut lane = match &self.second {
            Some(Second::Stoppable(reader)) => {
                let lag = reader.stream.get_ref().len();
                marks.push(reader.mark(end - lag));
                reader.lane("stoppable", format!("lag {lag}"))
            }
            Some(Second::Source(reader)) => {
                let lag = reader.stream.len();
                marks.push(reader.mark(end - lag));
                reader.lane("its source", format!("lag {lag}"))
            }
            None => Lane::default(),
        };
        let hint = "B: take the source out and read the rest";
        let take = Control::new("into_inner", "into_inner", hint).off(!self.can_take_source());
        lane.controls.push(take);
        let retained = end - self.source.pusher.retained();
        vec![list_lane("the list", &self.source.pushed, retained, marks), own, lane]
    }
}
