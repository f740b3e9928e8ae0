//! The push list: push, fork, share, subscribe, drop, stop.

use aiter::{Cursor, SharedCursor};

use crate::{
    item::Item,
    reader::Reader,
    scene::Scene,
    source::Source,
    view::{Control, Count, Lane},
    world::{World, list_lane},
};

/// Largest number of cursors.
const MAX_CURSORS: usize = 20;
/// Largest number of takers of one shared cursor.
const MAX_TAKERS: usize = 4;

enum Row {
    Alone(Reader<Cursor<Item>>),
    Shared { name: String, made: usize, takers: Vec<Reader<SharedCursor<Item>>> },
}

struct ListScene {
    source: Source,
    rows: Vec<Row>,
    made: u8,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (source, cursor) = Source::new(true);
    world.program.line("let (pusher, {mut a}) = push_list();");
    let rows = vec![Row::Alone(Reader::new("A", cursor).running(1))];
    let mut scene = ListScene { source, rows, made: 1 };
    for _ in 0..5 {
        scene.source.push(world);
    }
    scene.ask_first(3);
    scene.run(world);
    scene.fork(0, world);
    for _ in 0..4 {
        scene.source.push(world);
    }
    scene.ask_first(3);
    scene.run(world);
    if let Some(Row::Alone(fork)) = scene.rows.get_mut(1) {
        (fork.run, fork.pace) = (true, 2);
    }
    Box::new(scene)
}

impl ListScene {
    fn ask_first(&mut self, n: usize) {
        if let Some(Row::Alone(reader)) = self.rows.first_mut() {
            (0..n).for_each(|_| reader.ask());
        }
    }

    fn new_name(&mut self) -> String {
        self.made += 1;
        char::from(b'A' + self.made - 1).into()
    }

    fn fork(&mut self, at: usize, world: &mut World) {
        let Some(Row::Alone(reader)) = self.rows.get(at) else { return };
        let (from, fork) = (reader.variable(), reader.stream.fork());
        let name = self.new_name();
        world.program.line(format!("let {{mut {0}}} = {from}.fork();", name.to_lowercase()));
        self.rows.insert(at + 1, Row::Alone(Reader::new(name, fork)));
    }

    /// Acts on a row. Returns `false` if the row has no such button.
    fn act_on(&mut self, at: usize, verb: &str, name: &str, world: &mut World) -> bool {
        let is_full = self.is_full();
        match (&mut self.rows[at], verb) {
            (Row::Alone(_), "fork") if !is_full => self.fork(at, world),
            (Row::Alone(_), "share") => {
                let Row::Alone(reader) = self.rows.remove(at) else { return false };
                let name = reader.name.clone();
                let var = reader.variable();
                world.program.line(format!("let {{mut {var}1}} = {var}.share();"));
                let mut taker = reader.map(Cursor::share);
                taker.name.push('1');
                self.rows.insert(at, Row::Shared { name, made: 1, takers: vec![taker] });
            }
            (Row::Alone(reader), "drop") => {
                world.program.line(format!("drop({});", reader.variable()));
                self.rows.remove(at);
            }
            (Row::Alone(reader), verb) => return reader.act(verb),
            (Row::Shared { name, made, takers }, "taker") if takers.len() < MAX_TAKERS => {
                *made += 1;
                let from = takers[0].variable();
                let taker = Reader::new(format!("{name}{made}"), takers[0].stream.clone());
                let var = taker.variable();
                world.program.line(format!("let {{mut {var}}} = {from}.clone();"));
                takers.push(taker);
            }
            (Row::Shared { takers, .. }, verb) => {
                let Some(taker) = takers.iter().position(|taker| taker.name == name) else {
                    return false;
                };
                if verb != "drop" {
                    return takers[taker].act(verb);
                }
                world.program.line(format!("drop({});", takers[taker].variable()));
                takers.remove(taker);
                if takers.is_empty() {
                    self.rows.remove(at);
                }
            }
        }
        true
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MAX_CURSORS || self.made >= 26
    }
}

impl Row {
    /// The reader or the takers have this name.
    fn is_named(&self, name: &str) -> bool {
        match self {
            Self::Alone(reader) => reader.name == name,
            Self::Shared { name: own, takers, .. } => {
                own == name || takers.iter().any(|taker| taker.name == name)
            }
        }
    }
}

impl Scene for ListScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        match verb {
            "push" | "auto" | "stop" => return self.source.act(verb, world),
            "subscribe" if !self.is_full() => {
                let cursor = self.source.pusher.subscribe();
                let name = self.new_name();
                let var = name.to_lowercase();
                world.program.line(format!("let {{mut {var}}} = pusher.subscribe();"));
                self.rows.push(Row::Alone(Reader::new(name, cursor)));
            }
            _ => {
                let row = self.rows.iter().position(|row| row.is_named(name));
                return row.is_some_and(|at| self.act_on(at, verb, name, world));
            }
        }
        true
    }

    fn tick(&mut self, world: &mut World) {
        for row in &mut self.rows {
            match row {
                Row::Alone(reader) => reader.tick(world),
                Row::Shared { takers, .. } => takers.iter_mut().for_each(|t| t.tick(world)),
            }
        }
    }

    fn feed(&mut self, world: &mut World) {
        self.source.feed(self.source.pusher.retained(), world);
    }

    fn run(&mut self, world: &mut World) -> bool {
        let mut ran = false;
        for row in &mut self.rows {
            match row {
                Row::Alone(reader) => ran |= reader.drive(world),
                Row::Shared { takers, .. } => {
                    for taker in takers {
                        ran |= taker.drive(world);
                    }
                }
            }
        }
        ran
    }

    fn counts(&self) -> Vec<Count> {
        let waiting = self.rows.iter().map(|row| match row {
            Row::Alone(reader) => usize::from(reader.sleeps()),
            Row::Shared { takers, .. } => takers.iter().filter(|t| t.sleeps()).count(),
        });
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "retained", value: self.source.pusher.retained() },
            Count { name: "cursors", value: self.source.pusher.cursor_count() },
            Count { name: "waiting", value: waiting.sum() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        let [push, auto, stop] = self.source.controls();
        vec![
            push,
            auto,
            Control::new("subscribe", "subscribe", "make a cursor at the end of the list")
                .off(self.is_full()),
            stop,
        ]
    }

    fn lanes(&self) -> Vec<Lane> {
        let end = self.source.pushed.len();
        let marks = self.rows.iter().filter_map(|row| match row {
            Row::Alone(reader) => Some(reader.mark(end - reader.stream.len())),
            Row::Shared { name, takers, .. } => {
                let taker = takers.first()?;
                let mut mark = taker.mark(end - taker.stream.len());
                mark.name.clone_from(name);
                mark.sleeps = takers.iter().all(Reader::sleeps);
                Some(mark)
            }
        });
        let first = end - self.source.pusher.retained();
        let mut lanes = vec![list_lane("the list", &self.source.pushed, first, marks.collect())];
        for row in &self.rows {
            match row {
                Row::Alone(reader) => {
                    let mut lane = reader.lane("cursor", format!("lag {}", reader.stream.len()));
                    let name = &reader.name;
                    lane.controls.extend([
                        Control::new(format!("fork {name}"), "fork", format!("fork {name}"))
                            .off(self.is_full()),
                        Control::new(
                            format!("share {name}"),
                            "share",
                            format!("share the position of {name} among takers"),
                        ),
                        Control::new(format!("drop {name}"), "drop", format!("drop {name}")),
                    ]);
                    lanes.push(lane);
                }
                Row::Shared { name, takers, .. } => {
                    for taker in takers {
                        let note = format!("lag {}", taker.stream.len());
                        let mut lane = taker.lane("taker", note);
                        let own = &taker.name;
                        lane.controls.extend([
                            Control::new(
                                format!("taker {name}"),
                                "+ taker",
                                format!("add a taker to {name}"),
                            )
                            .off(takers.len() >= MAX_TAKERS),
                            Control::new(format!("drop {own}"), "drop", format!("drop {own}")),
                        ]);
                        lanes.push(lane);
                    }
                }
            }
        }
        lanes
    }
}
