//! Takers that share any stream: each item goes to one of them.

use aiter::{AiterExt, adapters::Sharable};

use crate::{
    reader::Reader,
    scene::Scene,
    source::{Source, Tap},
    view::{Control, Count, Lane, Mark},
    world::World,
};

/// Largest number of takers.
const MAX_TAKERS: usize = 8;

struct ShareScene {
    source: Source,
    takers: Vec<Reader<Sharable<Tap>>>,
    made: u8,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (mut source, cursor) = Source::new(true);
    world.program.line("let (pusher, cursor) = push_list();");
    world.program.line("let {mut a} = cursor.sharable();");
    let first = Reader::new("A", source.tap(cursor).sharable()).running(2);
    let mut scene = ShareScene { source, takers: vec![first], made: 1 };
    for pace in [4, 6] {
        scene.add(world);
        let taker = scene.takers.last_mut().expect("it was added");
        (taker.run, taker.pace) = (true, pace);
    }
    for _ in 0..6 {
        scene.source.push(world);
    }
    Box::new(scene)
}

impl ShareScene {
    fn add(&mut self, world: &mut World) {
        self.made += 1;
        let name = char::from(b'A' + self.made - 1).to_string();
        let (var, from) = (name.to_lowercase(), self.takers[0].variable());
        world.program.line(format!("let {{mut {var}}} = {from}.clone();"));
        self.takers.push(Reader::new(name, self.takers[0].stream.clone()));
    }

    fn is_full(&self) -> bool {
        self.takers.is_empty() || self.takers.len() >= MAX_TAKERS || self.made >= 26
    }
}

impl Scene for ShareScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        if verb == "taker" && !self.is_full() {
            self.add(world);
            return true;
        }
        if name.is_empty() {
            return self.source.act(verb, world);
        }
        let Some(at) = self.takers.iter().position(|taker| taker.name == name) else {
            return false;
        };
        if verb != "drop" {
            return self.takers[at].act(verb);
        }
        world.program.line(format!("drop({});", self.takers[at].variable()));
        self.takers.remove(at);
        true
    }

    fn tick(&mut self, world: &mut World) {
        self.takers.iter_mut().for_each(|taker| taker.tick(world));
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed_adapter(world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        self.takers.iter_mut().fold(false, |ran, taker| ran | taker.drive(world))
    }

    fn counts(&self) -> Vec<Count> {
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "pulled", value: self.source.pulled() },
            Count { name: "waiting", value: self.takers.iter().filter(|t| t.sleeps()).count() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        let [push, auto, stop] = self.source.controls();
        let hint = "add a taker";
        vec![push, auto, Control::new("taker", "+ taker", hint).off(self.is_full()), stop]
    }

    fn lanes(&self) -> Vec<Lane> {
        let sleeps = !self.takers.is_empty() && self.takers.iter().all(Reader::sleeps);
        let name = String::from("takers");
        let mark = Mark { name, at: self.source.pulled(), sleeps, wakes: 0 };
        let mut lanes = vec![self.source.lane("the source", vec![mark])];
        for taker in &self.takers {
            let note =
                if taker.run { format!("busy for {} steps", taker.pace) } else { String::new() };
            let mut lane = taker.lane("taker", note);
            let name = &taker.name;
            lane.controls.push(Control::new(
                format!("drop {name}"),
                "drop",
                format!("drop {name}"),
            ));
            lanes.push(lane);
        }
        lanes
    }
}
