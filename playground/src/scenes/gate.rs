//! A gate, which permits items one by one.

use aiter::{AiterExt, Gate, adapters::Gated};

use crate::{
    reader::Reader,
    scene::Scene,
    source::{Source, Tap},
    view::{Control, Count, Form, Kind, Lane, Mark},
    world::World,
};

struct GateScene {
    source: Source,
    gate: Gate,
    reader: Reader<Gated<Tap>>,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (mut source, cursor) = Source::new(true);
    let (gate, gated) = source.tap(cursor).gated();
    world.program.line("let (pusher, cursor) = push_list();");
    world.program.line("let (gate, {mut a}) = cursor.gated();");
    let mut scene = GateScene { source, gate, reader: Reader::new("A", gated).running(1) };
    for _ in 0..8 {
        scene.source.push(world);
    }
    scene.open(2, world);
    Box::new(scene)
}

impl GateScene {
    fn open(&mut self, permits: u64, world: &mut World) {
        if self.gate.push(permits).is_ok() {
            world.program.line(format!("gate.push({permits})?;"));
        }
    }
}

impl Scene for GateScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        match verb {
            "open1" => self.open(1, world),
            "open3" => self.open(3, world),
            "close" => {
                self.gate.stop();
                world.program.line("gate.stop();");
                world.event(Kind::Stop, 0);
            }
            _ if name.is_empty() => return self.source.act(verb, world),
            _ => return self.reader.act(verb),
        }
        true
    }

    fn tick(&mut self, world: &mut World) {
        self.reader.tick(world);
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed_adapter(world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        self.reader.drive(world)
    }

    fn counts(&self) -> Vec<Count> {
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "pulled", value: self.source.pulled() },
            Count { name: "permits", value: self.permits() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        let stopped = self.gate.is_stopped();
        let [push, auto, _] = self.source.controls();
        vec![
            push,
            auto,
            Control::new("open1", "permit 1", "let one more item pass").off(stopped),
            Control::new("open3", "permit 3", "let three more items pass").off(stopped),
            Control::new("close", "stop", "stop the gate: earlier permits still count")
                .off(stopped),
        ]
    }

    fn lanes(&self) -> Vec<Lane> {
        let name = String::from("gate");
        let gate = Mark { name, at: self.source.pulled(), sleeps: false, wakes: 0 };
        let permits = self.permits();
        let open = Lane {
            id: "permits".into(),
            form: Form::List,
            title: format!("permits: {permits}"),
            room: permits,
            ..Lane::default()
        };
        let list = self.source.lane("the source; without a permit nothing is pulled", vec![gate]);
        vec![list, open, self.reader.lane("gated", String::new())]
    }
}

impl GateScene {
    fn permits(&self) -> usize {
        usize::try_from(self.reader.stream.permits()).unwrap_or(usize::MAX)
    }
}
