//! Two lossy lists with the same pushes: one drops the oldest items, one cuts a slow cursor off.

use std::sync::Arc;

use aiter::{LossyCursor, LossyPolicy, LossyPusher, bounded_lossy};

use crate::{
    item::{Item, Token},
    reader::Reader,
    scene::Scene,
    view::{Control, Count, Kind, Lane},
    world::{Auto, World, held_lane},
};

/// The number of items that a cursor may be behind.
const CAP: usize = 5;

struct Lossy {
    /// The name of the pusher in the program.
    name: &'static str,
    title: &'static str,
    pusher: LossyPusher<Item>,
    pushed: Vec<Arc<Token>>,
    readers: Vec<Reader<LossyCursor<Item>>>,
}

struct LossyScene {
    lists: [Lossy; 2],
    auto: Auto,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    world.program.import_only("aiter::{LossyPolicy, bounded_lossy}");
    let lists = [
        (
            "newest",
            "DropOldest: a cursor misses the oldest items",
            LossyPolicy::DropOldest,
            "A",
            "B",
        ),
        ("cutting", "Disconnect: a cursor is cut off", LossyPolicy::Disconnect, "C", "D"),
    ];
    let lists = lists.map(|(name, title, policy, fast, slow)| {
        let (a, b) = (fast.to_lowercase(), slow.to_lowercase());
        world.program.line(format!(
            "let ({name}, {{mut {a}}}) = bounded_lossy({CAP}, LossyPolicy::{policy:?});"
        ));
        world.program.line(format!("let {{mut {b}}} = {a}.fork();"));
        let (pusher, cursor) = bounded_lossy(CAP, policy);
        let slow = Reader::new(slow, cursor.fork()).running(6);
        let readers = vec![Reader::new(fast, cursor).running(1), slow];
        Lossy { name, title, pusher, pushed: Vec::new(), readers }
    });
    let mut scene = LossyScene { lists, auto: Auto::new(true) };
    for _ in 0..3 {
        scene.push(world);
    }
    Box::new(scene)
}

impl LossyScene {
    fn push(&mut self, world: &mut World) {
        let (letter, hue) = world.letter();
        for list in &mut self.lists {
            let (item, token) = world.item_as(letter, hue);
            let name = list.name;
            match list.pusher.push(item) {
                Ok(()) => {
                    world.program.line(format!("{name}.push({letter:?})?;"));
                    world.event(Kind::Push, hue);
                    list.pushed.push(token);
                }
                Err(error) => {
                    world.program.line(format!("assert!({name}.push({letter:?}).is_err());"));
                    world.refuse(&token, error.to_string());
                }
            }
        }
    }
}

impl Scene for LossyScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        match verb {
            "push" => self.push(world),
            "auto" => self.auto.on = !self.auto.on,
            _ => {
                let mut readers = self.lists.iter_mut().flat_map(|list| &mut list.readers);
                let reader = readers.find(|reader| reader.name == name);
                return reader.is_some_and(|reader| reader.act(verb));
            }
        }
        true
    }

    fn tick(&mut self, world: &mut World) {
        for reader in self.lists.iter_mut().flat_map(|list| &mut list.readers) {
            reader.tick(world);
        }
    }

    fn feed(&mut self, world: &mut World) {
        if self.auto.is_due(world, 0) {
            self.push(world);
        }
    }

    fn run(&mut self, world: &mut World) -> bool {
        let readers = self.lists.iter_mut().flat_map(|list| &mut list.readers);
        readers.fold(false, |ran, reader| ran | reader.drive(world))
    }

    fn counts(&self) -> Vec<Count> {
        let readers = self.lists.iter().flat_map(|list| &list.readers);
        vec![
            Count { name: "pushed", value: self.lists[0].pushed.len() },
            Count { name: "missed", value: readers.map(|reader| reader.stream.missed()).sum() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        vec![
            Control::new("push", "push", "push an item into both lists"),
            Control::new("auto", "auto", "push an item about every two steps").on(self.auto.on),
        ]
    }

    fn lanes(&self) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for list in &self.lists {
            let end = list.pushed.len();
            let live = list.readers.iter().filter(|reader| !reader.stream.is_lagged());
            let marks = live.map(|reader| reader.mark(end - reader.stream.len())).collect();
            lanes.push(held_lane(list.name, list.title, &list.pushed, marks));
            for reader in &list.readers {
                let stream = &reader.stream;
                let note = match stream.is_lagged() {
                    true => String::from("cut off"),
                    false => format!("lag {}, missed {}", stream.len(), stream.missed()),
                };
                let title = if reader.pace > 1 { "slow" } else { "fast" };
                lanes.push(reader.lane(title, note));
            }
        }
        lanes
    }
}
