//! Streams that are joined with fair turns.

use std::sync::Arc;

use aiter::{AiterExt, Cursor, Pusher, adapters::JoinStreams, push_list};

use crate::{
    item::{Item, Token},
    reader::Reader,
    scene::Scene,
    view::{Control, Count, Kind, Lane},
    world::{Auto, World, first_held, held_lane},
};

/// Largest number of streams.
const MAX_INPUTS: usize = 6;

struct Input {
    name: String,
    /// `None` once the stream has ended.
    pusher: Option<Pusher<Item>>,
    pushed: Vec<Arc<Token>>,
}

struct JoinScene {
    streams: Pusher<Cursor<Item>>,
    inputs: Vec<Input>,
    reader: Reader<JoinStreams<Cursor<Cursor<Item>>>>,
    auto: Auto,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (streams, cursor) = push_list();
    world.program.line("let (streams, cursor) = push_list();");
    world.program.line("let {mut j} = cursor.join_streams();");
    let reader = Reader::new("J", cursor.join_streams()).running(2);
    let mut scene = JoinScene { streams, inputs: Vec::new(), reader, auto: Auto::new(true) };
    for items in [7, 2, 3] {
        scene.add(world);
        for _ in 0..items {
            scene.push(scene.inputs.len() - 1, world);
        }
    }
    Box::new(scene)
}

impl JoinScene {
    fn add(&mut self, world: &mut World) {
        let name = char::from(b'P' + self.inputs.len() as u8).to_string();
        let var = name.to_lowercase();
        let (pusher, cursor) = push_list();
        if self.streams.push(cursor).is_ok() {
            world.program.line(format!("let ({var}, cursor) = push_list();"));
            world.program.line("streams.push(cursor)?;");
            self.inputs.push(Input { name, pusher: Some(pusher), pushed: Vec::new() });
        }
    }

    fn push(&mut self, at: usize, world: &mut World) {
        let input = &mut self.inputs[at];
        let Some(pusher) = &input.pusher else { return };
        // A letter for each item, a colour for each stream.
        let letter = crate::world::letter(input.pushed.len() as u32);
        let (item, token) = world.item_as(letter, at as u8);
        match pusher.push(item) {
            Ok(()) => {
                world.program.push(&input.name.to_lowercase(), letter);
                world.event(Kind::Push, token.hue);
                input.pushed.push(token);
            }
            Err(error) => world.refuse(&token, error.to_string()),
        }
    }

    fn held(&self) -> usize {
        self.inputs.iter().map(Input::held).sum()
    }

    fn is_full(&self) -> bool {
        self.inputs.len() >= MAX_INPUTS || self.streams.is_stopped()
    }
}

impl Input {
    fn held(&self) -> usize {
        self.pushed.len() - first_held(&self.pushed)
    }
}

impl Scene for JoinScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        let at = self.inputs.iter().position(|input| input.name == name);
        match (verb, at) {
            ("auto", _) => self.auto.on = !self.auto.on,
            ("stream", _) if !self.is_full() => self.add(world),
            ("stop", _) => {
                self.streams.stop();
                world.program.line("streams.stop();");
                world.event(Kind::Stop, 0);
            }
            ("push", Some(at)) => self.push(at, world),
            ("push3", Some(at)) => (0..3).for_each(|_| self.push(at, world)),
            ("end", Some(at)) if self.inputs[at].pusher.is_some() => {
                self.inputs[at].pusher = None;
                world.program.line(format!("drop({});", name.to_lowercase()));
                world.event(Kind::Stop, at as u8);
            }
            _ if name == "J" => return self.reader.act(verb),
            _ => return false,
        }
        true
    }

    fn tick(&mut self, world: &mut World) {
        self.reader.tick(world);
    }

    fn feed(&mut self, world: &mut World) {
        if self.auto.is_due(world, self.held()) {
            // The first stream is the busiest.
            let at = world.rng.usize(0..2 * self.inputs.len());
            self.push(if at < self.inputs.len() { at } else { 0 }, world);
        }
    }

    fn run(&mut self, world: &mut World) -> bool {
        self.reader.drive(world)
    }

    fn counts(&self) -> Vec<Count> {
        vec![
            Count { name: "open streams", value: self.reader.stream.open() },
            Count { name: "unread", value: self.held() },
            Count { name: "joined", value: self.reader.got.len() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        let stopped = self.streams.is_stopped();
        vec![
            Control::new("auto", "auto", "push into a random stream about every two steps")
                .on(self.auto.on),
            Control::new("stream", "+ stream", "add a stream").off(self.is_full()),
            Control::new("stop", "no more streams", "end the stream of streams").off(stopped),
        ]
    }

    fn lanes(&self) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for (n, input) in self.inputs.iter().enumerate() {
            let name = &input.name;
            let lane = held_lane(&format!("stream-{n}"), "stream", &input.pushed, Vec::new());
            // Only the items that the join has not taken.
            let mut marbles = lane.marbles;
            marbles.retain(|marble| marble.held);
            let ended = input.pusher.is_none();
            lanes.push(Lane {
                form: crate::view::Form::Track,
                badge: name.clone(),
                note: format!("{} unread", input.held()),
                state: if ended { "ended" } else { "idle" },
                total: input.held(),
                marbles,
                controls: vec![
                    Control::new(format!("push {name}"), "push", format!("push into {name}"))
                        .off(ended),
                    Control::new(
                        format!("push3 {name}"),
                        "push 3",
                        format!("push three into {name}"),
                    )
                    .off(ended),
                    Control::new(format!("end {name}"), "end", format!("end the stream {name}"))
                        .off(ended),
                ],
                ..lane
            });
        }
        lanes.push(self.reader.lane("joined", String::new()));
        lanes
    }
}
