//! Active and passive forks of any stream.

use aiter::{
    AiterExt,
    adapters::{ForkStream, PassiveFork},
};

use crate::{
    reader::Reader,
    scene::Scene,
    source::{Source, Tap},
    view::{Control, Count, Lane},
    world::World,
};

/// Largest number of forks.
const MAX_FORKS: usize = 8;

enum Row {
    Active(Reader<ForkStream<Tap>>),
    Passive(Reader<PassiveFork<Tap>>),
}

struct ForkerScene {
    source: Source,
    rows: Vec<Row>,
    made: u8,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (mut source, cursor) = Source::new(true);
    world.program.line("let (pusher, cursor) = push_list();");
    world.program.line("let {mut a} = cursor.forker();");
    let first = Reader::new("A", source.tap(cursor).forker()).running(3);
    let mut scene = ForkerScene { source, rows: vec![Row::Active(first)], made: 1 };
    scene.add("A", "passive", world);
    if let Some(Row::Passive(fork)) = scene.rows.get_mut(1) {
        fork.run = true;
    }
    scene.add("A", "fork", world);
    for _ in 0..6 {
        scene.source.push(world);
    }
    Box::new(scene)
}

impl ForkerScene {
    /// Adds a fork of a row, behind it.
    fn add(&mut self, of: &str, verb: &str, world: &mut World) -> bool {
        let Some(at) = self.find(of) else { return false };
        if self.is_full() {
            return false;
        }
        self.made += 1;
        let name = char::from(b'A' + self.made - 1).to_string();
        let (var, from) = (name.to_lowercase(), of.to_lowercase());
        let (row, method) = match (&self.rows[at], verb) {
            (Row::Active(reader), "fork") => {
                (Row::Active(Reader::new(name, reader.stream.fork())), "fork")
            }
            (Row::Passive(reader), "fork") => {
                (Row::Active(Reader::new(name, reader.stream.fork_active())), "fork_active")
            }
            (Row::Active(reader), _) => {
                (Row::Passive(Reader::new(name, reader.stream.fork_passive())), "fork_passive")
            }
            (Row::Passive(reader), _) => {
                (Row::Passive(Reader::new(name, reader.stream.fork_passive())), "fork_passive")
            }
        };
        world.program.line(format!("let {{mut {var}}} = {from}.{method}();"));
        self.rows.insert(at + 1, row);
        true
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.rows.iter().position(|row| match row {
            Row::Active(reader) => reader.name == name,
            Row::Passive(reader) => reader.name == name,
        })
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MAX_FORKS || self.made >= 26
    }
}

impl Scene for ForkerScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        if name.is_empty() {
            return self.source.act(verb, world);
        }
        let Some(at) = self.find(name) else { return false };
        let var = name.to_lowercase();
        match verb {
            "fork" | "passive" => return self.add(name, verb, world),
            "drop" => {
                world.program.line(format!("drop({var});"));
                self.rows.remove(at);
            }
            "activate" => match self.rows.remove(at) {
                Row::Passive(reader) => {
                    world.program.line(format!("let {{mut {var}}} = {var}.activate();"));
                    self.rows.insert(at, Row::Active(reader.map(PassiveFork::activate)));
                }
                row @ Row::Active(_) => {
                    self.rows.insert(at, row);
                    return false;
                }
            },
            _ => {
                return match &mut self.rows[at] {
                    Row::Active(reader) => reader.act(verb),
                    Row::Passive(reader) => reader.act(verb),
                };
            }
        }
        true
    }

    fn tick(&mut self, world: &mut World) {
        for row in &mut self.rows {
            match row {
                Row::Active(reader) => reader.tick(world),
                Row::Passive(reader) => reader.tick(world),
            }
        }
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed_adapter(world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        self.rows.iter_mut().fold(false, |ran, row| {
            ran | match row {
                Row::Active(reader) => reader.drive(world),
                Row::Passive(reader) => reader.drive(world),
            }
        })
    }

    fn counts(&self) -> Vec<Count> {
        let pulled = self.source.pulled();
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "pulled", value: pulled },
            Count { name: "forks", value: self.rows.len() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        self.source.controls().into()
    }

    fn lanes(&self) -> Vec<Lane> {
        let pulled = self.source.pulled();
        let mut marks = Vec::new();
        let mut lanes = Vec::new();
        for row in &self.rows {
            let (mut lane, name) = match row {
                Row::Active(reader) => {
                    let lag = reader.stream.lag();
                    marks.push(reader.mark(pulled - lag));
                    (reader.lane("active", format!("lag {lag}")), &reader.name)
                }
                Row::Passive(reader) => {
                    let lag = reader.stream.lag();
                    marks.push(reader.mark(pulled - lag));
                    (reader.lane("passive", format!("lag {lag}")), &reader.name)
                }
            };
            lane.controls.extend([
                Control::new(format!("fork {name}"), "fork", format!("an active fork of {name}"))
                    .off(self.is_full()),
                Control::new(
                    format!("passive {name}"),
                    "passive",
                    format!("a passive fork of {name}, which pulls nothing"),
                )
                .off(self.is_full()),
            ]);
            if let Row::Passive(_) = row {
                let hint = format!("{name} may pull from the source, too");
                lane.controls.push(Control::new(format!("activate {name}"), "activate", hint));
            }
            lane.controls.push(Control::new(
                format!("drop {name}"),
                "drop",
                format!("drop {name}"),
            ));
            lanes.push(lane);
        }
        let title = format!("the source; {pulled} items pulled");
        lanes.insert(0, self.source.lane(&title, marks));
        lanes
    }
}
