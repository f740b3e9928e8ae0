//! A bounded list: producers wait in line while the slowest cursor is full.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use aiter::{
    BoundedCursor, BoundedPusher, PushError, PushErrorKind,
    adapters::{OwnedPermit, ReserveOwned},
    bounded,
};

use crate::{
    clock::Wakes,
    item::{Item, Token},
    reader::Reader,
    scene::Scene,
    view::{Control, Count, Kind, Lane, Marble},
    world::{Auto, World, held_lane},
};

/// The capacity of the list.
const CAP: usize = 6;
/// Largest number of cursors.
const MAX_CURSORS: usize = 4;

type Pushing = Pin<Box<dyn Future<Output = Result<(), PushError<Item>>>>>;

/// What a producer does.
enum Hand {
    Empty,
    Pushes(Pushing, Arc<Token>),
    Reserves(Pin<Box<ReserveOwned<Item>>>),
    Permit(OwnedPermit<Item>),
}

struct Producer {
    name: &'static str,
    hand: Hand,
    /// The hand has not been polled yet.
    is_new: bool,
    wakes: Arc<Wakes>,
}

struct BoundedScene {
    pusher: BoundedPusher<Item>,
    pushed: Vec<Arc<Token>>,
    producers: Vec<Producer>,
    readers: Vec<Reader<BoundedCursor<Item>>>,
    made: u8,
    auto: Auto,
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (pusher, cursor) = bounded(CAP);
    world.program.line(format!("let (pusher, {{mut a}}) = bounded({CAP});"));
    let producer =
        |name| Producer { name, hand: Hand::Empty, is_new: false, wakes: Arc::default() };
    let mut scene = BoundedScene {
        pusher,
        pushed: Vec::new(),
        producers: ["P", "Q", "R"].map(producer).into(),
        readers: vec![Reader::new("A", cursor).running(2)],
        made: 1,
        auto: Auto::new(true),
    };
    for n in 0..8 {
        scene.push(n % 3, world);
        scene.run(world);
    }
    Box::new(scene)
}

impl BoundedScene {
    /// Starts a push of a producer, or uses its permit.
    fn push(&mut self, at: usize, world: &mut World) {
        let producer = &mut self.producers[at];
        let var = producer.name.to_lowercase();
        match std::mem::replace(&mut producer.hand, Hand::Empty) {
            Hand::Empty => {
                let (item, token) = world.item();
                let pusher = self.pusher.clone();
                let push = Box::pin(async move { pusher.push(item).await });
                producer.hand = Hand::Pushes(push, token);
                producer.is_new = true;
            }
            Hand::Permit(permit) => {
                let (item, token) = world.item();
                let letter = token.letter;
                match permit.push(item) {
                    Ok(()) => {
                        world.program.line(format!("{var}.push({letter:?})?; // by the permit"));
                        world.event(Kind::Push, token.hue);
                        self.pushed.push(token);
                    }
                    Err(error) => {
                        world.program.line(format!("assert!({var}.push({letter:?}).is_err());"));
                        world.refuse(&token, error.to_string());
                    }
                }
            }
            waits => producer.hand = waits,
        }
    }

    fn act_on(&mut self, at: usize, verb: &str, world: &mut World) -> bool {
        let producer = &mut self.producers[at];
        match (verb, &producer.hand) {
            ("push", _) => self.push(at, world),
            ("reserve", Hand::Empty) => {
                let pusher = self.pusher.clone();
                producer.hand = Hand::Reserves(Box::pin(pusher.reserve_owned()));
                producer.is_new = true;
            }
            ("cancel", Hand::Pushes(..) | Hand::Reserves(_) | Hand::Permit(_)) => {
                producer.hand = Hand::Empty;
                world.program.line(format!("drop({});", producer.name.to_lowercase()));
            }
            _ => return false,
        }
        true
    }

    /// Polls a producer that is new or woken. Returns `true` if it did.
    fn drive(&mut self, at: usize, world: &mut World) -> bool {
        let producer = &mut self.producers[at];
        let woken = producer.wakes.take();
        if !(woken || producer.is_new) {
            return false;
        }
        let was_new = std::mem::take(&mut producer.is_new);
        let waker = Waker::from(producer.wakes.clone());
        let cx = &mut Context::from_waker(&waker);
        let var = producer.name.to_lowercase();
        if !was_new {
            world.event(Kind::Wake, 0);
        }
        match &mut producer.hand {
            Hand::Pushes(push, token) => {
                let letter = token.letter;
                let start = format!("pusher.push({letter:?})");
                match push.as_mut().poll(cx) {
                    Poll::Pending => Self::waits(was_new, &var, &start, world),
                    Poll::Ready(result) => {
                        let future = if was_new { start } else { var };
                        let token = token.clone();
                        producer.hand = Hand::Empty;
                        match result {
                            Ok(()) => {
                                world.program.line(format!("{future}.await?;"));
                                world.event(Kind::Push, token.hue);
                                self.pushed.push(token);
                            }
                            Err(error) => {
                                world.program.line(format!("assert!({future}.await.is_err());"));
                                world.refuse(&token, error.to_string());
                            }
                        }
                    }
                }
            }
            Hand::Reserves(reserve) => {
                let start = String::from("pusher.clone().reserve_owned()");
                match reserve.as_mut().poll(cx) {
                    Poll::Pending => Self::waits(was_new, &var, &start, world),
                    Poll::Ready(result) => {
                        let future = if was_new { start } else { var.clone() };
                        world.program.line(match result {
                            Ok(_) => format!("let {var} = {future}.await?;"),
                            Err(_) => format!("assert!({future}.await.is_err());"),
                        });
                        producer.hand = match result {
                            Ok(permit) => Hand::Permit(permit),
                            Err(PushErrorKind::Stopped | PushErrorKind::NoCursor) => Hand::Empty,
                        };
                    }
                }
            }
            Hand::Empty | Hand::Permit(_) => return false,
        }
        true
    }

    fn waits(is_new: bool, var: &str, start: &str, world: &mut World) {
        if is_new {
            world.program.line(format!("let mut {var} = {start};"));
            world.event(Kind::Sleep, 0);
        }
        world.program.import("smol::future::poll_once");
        let line = format!("assert!(poll_once(&mut {var}).await.is_none()); // waits in line");
        world.program.line(line);
    }

    fn waiting(&self) -> usize {
        self.producers.iter().filter(|producer| producer.waits()).count()
    }
}

impl Producer {
    fn waits(&self) -> bool {
        matches!(self.hand, Hand::Pushes(..) | Hand::Reserves(_))
    }

    fn lane(&self, stopped: bool) -> Lane {
        let name = self.name;
        let is_empty = matches!(self.hand, Hand::Empty);
        let (note, marbles) = match &self.hand {
            Hand::Empty => ("", Vec::new()),
            Hand::Pushes(_, token) => ("in line", vec![Marble::new(token, 0)]),
            Hand::Reserves(_) => ("for a permit", Vec::new()),
            Hand::Permit(_) => ("holds a permit", Vec::new()),
        };
        let is_waiting = self.waits();
        Lane {
            id: format!("producer-{name}"),
            badge: name.into(),
            title: "producer".into(),
            note: note.into(),
            state: if is_waiting { "sleeps" } else { "idle" },
            wakes: self.wakes.count(),
            total: marbles.len(),
            marbles,
            controls: vec![
                Control::new(format!("push {name}"), "push", format!("{name}: push an item"))
                    .off(is_waiting),
                Control::new(
                    format!("reserve {name}"),
                    "reserve",
                    format!("{name}: wait for room, and push later"),
                )
                .off(!is_empty || stopped),
                Control::new(
                    format!("cancel {name}"),
                    "cancel",
                    format!("{name}: drop the push or the permit"),
                )
                .off(is_empty),
            ],
            ..Lane::default()
        }
    }
}

impl Scene for BoundedScene {
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool {
        if let Some(at) = self.producers.iter().position(|producer| producer.name == name) {
            return self.act_on(at, verb, world);
        }
        match verb {
            "auto" => self.auto.on = !self.auto.on,
            "stop" => {
                self.pusher.stop();
                self.auto.on = false;
                world.program.line("pusher.stop();");
                world.event(Kind::Stop, 0);
            }
            _ => {
                let Some(at) = self.readers.iter().position(|reader| reader.name == name) else {
                    return false;
                };
                let var = name.to_lowercase();
                match verb {
                    "fork" if self.readers.len() < MAX_CURSORS && self.made < 15 => {
                        self.made += 1;
                        let name = char::from(b'A' + self.made - 1).to_string();
                        let new = name.to_lowercase();
                        world.program.line(format!("let {{mut {new}}} = {var}.fork();"));
                        let fork = self.readers[at].stream.fork();
                        self.readers.insert(at + 1, Reader::new(name, fork));
                    }
                    "drop" => {
                        world.program.line(format!("drop({var});"));
                        self.readers.remove(at);
                    }
                    _ => return self.readers[at].act(verb),
                }
            }
        }
        true
    }

    fn tick(&mut self, world: &mut World) {
        self.readers.iter_mut().for_each(|reader| reader.tick(world));
    }

    fn feed(&mut self, world: &mut World) {
        let idle = |producer: &Producer| matches!(producer.hand, Hand::Empty);
        if self.auto.is_due(world, 0)
            && let Some(at) = self.producers.iter().position(idle)
        {
            self.push(at, world);
        }
    }

    fn run(&mut self, world: &mut World) -> bool {
        let mut ran = false;
        for at in 0..self.producers.len() {
            ran |= self.drive(at, world);
        }
        self.readers.iter_mut().fold(ran, |ran, reader| ran | reader.drive(world))
    }

    fn counts(&self) -> Vec<Count> {
        vec![
            Count { name: "pushed", value: self.pushed.len() },
            Count { name: "in use", value: self.pusher.len() },
            Count { name: "room", value: self.pusher.capacity() },
            Count { name: "in line", value: self.waiting() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        let stopped = self.pusher.is_stopped();
        vec![
            Control::new("auto", "auto", "an idle producer pushes about every two steps")
                .on(self.auto.on)
                .off(stopped),
            Control::new("stop", "stop", "stop the list").off(stopped),
        ]
    }

    fn lanes(&self) -> Vec<Lane> {
        let end = self.pushed.len();
        let stopped = self.pusher.is_stopped();
        let marks = self.readers.iter().map(|reader| reader.mark(end - reader.stream.len()));
        let title = format!("a list bounded to {CAP}; a dashed slot is room");
        let mut list = held_lane("list", &title, &self.pushed, marks.collect());
        list.room = self.pusher.capacity();
        let mut lanes = vec![list];
        lanes.extend(self.producers.iter().map(|producer| producer.lane(stopped)));
        for reader in &self.readers {
            let name = &reader.name;
            let mut lane = reader.lane("cursor", format!("lag {}", reader.stream.len()));
            lane.controls.extend([
                Control::new(format!("fork {name}"), "fork", format!("fork {name}"))
                    .off(self.readers.len() >= MAX_CURSORS || self.made >= 15),
                Control::new(format!("drop {name}"), "drop", format!("drop {name}")),
            ]);
            lanes.push(lane);
        }
        lanes
    }
}
